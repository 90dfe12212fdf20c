//! `edgectl logs`: what modules printed.

use serde_json::Value;

use super::Context;
use super::called::Called;
use super::input::parse_seconds;
use crate::failure::Outcome;
use crate::simulator::control::{Connection, ModuleName, Request};

/// Show what the modules of the running simulation printed
///
/// A line is `MODULE | text`, or `MODULE . text` for what edgectl noted about the module, such as a request to the
/// workload API. With `--json`, one record a line: `{"type":"log", "time", "device", "module", "stream", "line"}`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  edgectl logs filter --tail 20\n  edgectl logs -f --since 5m")]
pub struct Logs {
    /// Modules, as `MODULE` or `DEVICE/MODULE` [default: all]
    #[arg(value_name = "MODULE")]
    modules: Vec<ModuleName>,
    /// Wait for new lines and show them
    #[arg(short, long)]
    follow: bool,
    /// Only the last N lines of each module
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
    /// Only what is not older than this, such as `30s` or `5m`
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    since: Option<f64>,
}

pub(super) fn run(cx: &Context, args: &Logs) -> Outcome {
    let request =
        Request::Logs { modules: args.modules.clone(), follow: args.follow, tail: args.tail, since: args.since };
    cx.block_on(async {
        let mut connection = Connection::open(cx.project()).await?;
        connection.request(&request).await?;
        let (called, mut width) = (Called::in_simulation(cx), 0);
        while let Some(line) = connection.next().await? {
            match cx.ui().is_json() {
                true => cx.ui().record(&line)?,
                false => {
                    cx.ui().result(render_line(&called.name(&line["device"], &line["module"]), &line, &mut width))?
                }
            }
        }
        Ok(())
    })
}

/// Renders `module | line`, or `module . line` for what edgectl noted; the column grows with the longest name so far.
fn render_line(module: &str, record: &Value, width: &mut usize) -> String {
    let text = record["line"].as_str().unwrap_or_default();
    *width = module.chars().count().max(*width);
    let mark = if record["stream"] == "edgectl" { '.' } else { '|' };
    format!("{module:<width$} {mark} {text}", width = *width)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_aligned_as_they_come() {
        let mut width = 0;
        let line = json!({ "line": "hello" });
        let rendered = ["a", "filter", "b"].map(|module| render_line(module, &line, &mut width));
        assert_eq!(rendered, ["a | hello", "filter | hello", "b      | hello"]);
    }

    #[test]
    fn a_note_of_edgectl_is_marked_with_a_dot() {
        let note = json!({ "stream": "edgectl", "line": "sign (workload API)" });
        assert_eq!(render_line("a", &note, &mut 0), "a . sign (workload API)");
    }
}
