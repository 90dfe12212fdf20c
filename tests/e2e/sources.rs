//! The templates whose SDK cannot be had here: their sources are read by the real compilers, with the SDKs' shapes of
//! tests/sdk/shapes behind them, or by the languages' grammars; and what needs no SDK is built and run. The engine reads
//! every Dockerfile.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    let told = "dropped a message that is not JSON\n".repeat(4) + "ignored the threshold: expected a number";
    check(&mut Command::new(folder.join("filter_test")), &told);
}

#[test]
fn the_sources_of_a_c_module_fit_the_sdk() {
    if part("EDGECTL_TEST_CJSON").is_none() {
        return;
    }
    let site = Site::scaffolded();
    let folder = made(&site, "c");
    let shapes = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/shapes/c");
    let strict = ["-fsyntax-only", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", shapes];
    let defined = ["-DUSE_EDGE_MODULES", "-D_POSIX_C_SOURCE=200809L"];
    check(Command::new("gcc").args(strict).args(defined).args(["main.c"]).current_dir(&folder), "");
}

#[test]
fn the_sources_of_a_java_module_fit_the_sdk_and_its_tests_pass() {
    let Some(jars) = part("EDGECTL_TEST_JARS") else { return };
    let site = Site::scaffolded();
    let folder = made(&site, "java");
    let classes = folder.join("classes");
    let jars = format!("{}:{jars}", classes.display());
    let shapes = java_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/shapes/java")));
    // Shapes are not serialized, and Debian's archives name some that they do without.
    let strict = ["--release", "17", "-Xlint:all,-serial,-path", "-Werror", "-classpath", &jars, "-d"];
    let mut javac = Command::new("javac");
    javac.args(strict).arg(&classes).args(java_files(&folder.join("src"))).args(shapes);
    check(&mut javac, "");
    let console = "org.junit.platform.console.ConsoleLauncher";
    let classes = classes.display().to_string();
    let scan = ["-classpath", &jars, console, "--scan-classpath", &classes, "--fail-if-no-tests", "--details=summary"];
    let run = Command::new("java").args(scan).output().expect("java starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

/// Every Java source below a folder.
fn java_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match entry.is_dir() {
            true => found.extend(java_files(&entry)),
            false if entry.extension().is_some_and(|ending| ending == "java") => found.push(entry),
            false => {}
        }
    }
    found
}

#[test]
fn the_engine_reads_every_dockerfile() {
    if part("EDGECTL_TEST_ENGINE").is_none() {
        return;
    }
    for template in ["c", "csharp", "go", "java", "node", "python", "rust", "typescript"] {
        let site = Site::scaffolded();
        let folder = made(&site, template);
        let files = site.folder.list().into_iter().filter(|path| path.contains("/Dockerfile."));
        let read = files.inspect(|path| check_dockerfile(&folder, &site.folder.read(path))).count();
        assert_eq!(read, 4, "{template}");
    }
}

/// Builds nothing but a stage in front: the engine reads all of the file before it begins.
#[track_caller]
fn check_dockerfile(folder: &Path, text: &str) {
    let mut docker = Command::new("docker");
    docker.args(["build", "--quiet", "--target", "edgectl-read", "--file", "-", "."]).env("DOCKER_BUILDKIT", "0");
    let pipes = docker.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut build = pipes.current_dir(folder).spawn().expect("docker starts");
    let mut input = build.stdin.take().expect("it is piped");
    write!(input, "FROM scratch AS edgectl-read\nLABEL edgectl.test=read\n{text}").expect("docker reads");
    drop(input);
    let output = build.wait_with_output().expect("docker ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{text}");
    let image = String::from_utf8_lossy(&output.stdout);
    // Others may have made the same image meanwhile, or removed it.
    let _ = Command::new("docker").args(["rmi", image.trim()]).output();
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
