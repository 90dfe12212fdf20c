//! The program: hands the command line to [`edgectl::cli`] and leaves with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    edgectl::cli::main()
}
