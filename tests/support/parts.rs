//! The real parts that `tests/run` brings, told by variables; `tests/install/parts.sh` lists them.

/// Returns what the variable of a part says; `None`, which it tells, when the part is not here.
///
/// Under `tests/run --install` a missing part is a failure.
pub(crate) fn part(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    let all = std::env::var("EDGECTL_TEST_PARTS").is_ok_and(|parts| parts == "all");
    assert!(value.is_some() || !all, "`{name}` is not set though all parts should be here");
    if value.is_none() {
        say_left_out(name);
    }
    value
}

#[allow(clippy::print_stderr, reason = "the test runner shows it with the test's name")]
fn say_left_out(name: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    eprintln!("left out: {test}: `{name}` is not set; `tests/run --install` brings that part");
}
