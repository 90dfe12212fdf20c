//! The templates whose SDK cannot be had here: their sources are read with the languages' grammars, and what needs
//! no SDK is built and run.

use std::path::PathBuf;
use std::process::Command;

use crate::support::parts::part;
use crate::support::site::Site;

/// Makes a module of a template and returns its folder.
fn made(site: &Site, template: &str) -> PathBuf {
    site.done(&["new", "module", "filter", "--template", template, "--yes"]);
    site.folder.path("modules/filter")
}

#[track_caller]
fn check(command: &mut Command, expected: &str) {
    let output = command.output().expect("the program starts");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {told}");
    assert_eq!(told.trim_end(), expected, "{command:?}");
}

#[track_caller]
fn check_syntax(template: &str, files: &[&str]) {
    let Some(python) = part("EDGECTL_TEST_PYTHON") else { return };
    let site = Site::scaffolded();
    let folder = made(&site, template);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/syntax.py");
    let paths = files.iter().map(|file| folder.join(file));
    check(Command::new(python).arg(script).args(paths), &format!("{} files read", files.len()));
}

#[test]
fn the_sources_of_a_csharp_module_parse() {
    let files = ["Filter.cs", "Module.cs", "Module.csproj", "Program.cs", "tests/FilterTest.cs", "tests/Tests.csproj"];
    check_syntax("csharp", &files);
}

#[test]
fn the_sources_of_a_java_module_parse() {
    let source = |name: &str| format!("src/main/java/module/{name}.java");
    let [filter, main, socket] = ["Filter", "Main", "WorkloadSocket"].map(source);
    check_syntax("java", &[&filter, &main, &socket, "src/test/java/module/FilterTest.java", "pom.xml"]);
}

#[test]
fn the_filter_of_a_c_module_is_built_without_a_warning_and_passes_its_tests() {
    if part("EDGECTL_TEST_CJSON").is_none() {
        return;
    }
    let site = Site::scaffolded();
    let folder = made(&site, "c");
    let strict = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "filter.c", "filter_test.c"];
    check(Command::new("gcc").args(strict).args(["-lcjson", "-o", "filter_test"]).current_dir(&folder), "");
    let told = "dropped a message that is not JSON\nignored the threshold: expected a number";
    check(&mut Command::new(folder.join("filter_test")), told);
}

#[test]
fn the_tests_of_a_go_module_pass() {
    let Some(go) = part("EDGECTL_TEST_GO") else { return };
    let site = Site::scaffolded();
    let folder = made(&site, "go");
    check(Command::new(format!("{go}/gofmt")).args(["-l", "."]).current_dir(&folder), "");
    let cache = std::env::temp_dir().join("edgectl-go-cache");
    check(Command::new(format!("{go}/go")).args(["vet", "./..."]).env("GOCACHE", &cache).current_dir(&folder), "");
    let run =
        Command::new(format!("{go}/go")).args(["test", "./..."]).env("GOCACHE", &cache).current_dir(&folder).output();
    let run = run.expect("go starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[test]
fn the_tests_of_a_python_module_pass() {
    let Some(python) = part("EDGECTL_TEST_PYTHON") else { return };
    let site = Site::scaffolded();
    let folder = made(&site, "python");
    let run = Command::new(python).args(["-m", "unittest", "-q"]).current_dir(&folder).output().expect("Python starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn the_tests_of_a_node_module_pass() {
    let Some(node) = part("EDGECTL_TEST_NODE") else { return };
    let site = Site::scaffolded();
    let folder = made(&site, "node");
    let run = Command::new(node).arg("--test").current_dir(&folder).output().expect("Node starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
