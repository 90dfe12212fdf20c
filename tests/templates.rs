//! Every template, in every variant: which files it makes, and that each of them can be read.

#[path = "templates/pipelines.rs"]
mod pipelines;
mod support;

use support::Folder;

const SOLUTION: [&str; 4] = [".env", ".gitignore", "README.md", "modules/"];

fn solution() -> Folder {
    let folder = Folder::new();
    folder.run("-q new solution s").check(0, "", "");
    folder
}

/// Returns the files of a module, below its folder.
fn files_of(folder: &Folder, module: &str) -> Vec<String> {
    let inside = format!("s/modules/{module}/");
    let files = folder.list().into_iter().filter(|path| !path.ends_with('/'));
    files.filter_map(|path| path.strip_prefix(&inside).map(str::to_owned)).collect()
}

/// Checks that nothing is left to render and that what claims to be JSON is.
#[track_caller]
fn check_texts(folder: &Folder) {
    for path in folder.list().into_iter().filter(|path| !path.ends_with('/')) {
        let text = folder.read(&path);
        assert!(!text.contains("{{"), "{path} holds `{{{{`");
        assert!(text.is_empty() || text.ends_with('\n'), "{path} ends without a line end");
        if path.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

#[track_caller]
fn check_solution(arguments: &str, template: &str) {
    let folder = Folder::new();
    folder.run(&format!("-q new solution s {arguments}")).check(0, "", "");
    let mut expected: Vec<_> =
        SOLUTION.iter().chain(&[template, "modules/.gitkeep"]).map(|f| format!("s/{f}")).collect();
    let debug = template.replace("deployment.", "deployment.debug.");
    assert_eq!(folder.read(&format!("s/{debug}")), folder.read(&format!("s/{template}")));
    expected.extend([format!("s/{debug}"), "s/".to_owned()]);
    expected.sort();
    assert_eq!(folder.list(), expected);
    check_texts(&folder);
}

#[track_caller]
fn check_module(arguments: &str, expected: &[&str]) -> Folder {
    let folder = solution();
    folder.run(&format!("-q -C s --yes new module My_Filter {arguments}")).check(0, "", "");
    assert_eq!(files_of(&folder, "My_Filter"), expected);
    check_texts(&folder);
    check_manifests(&folder);
    folder
}

/// Checks that both deployment templates give a manifest about which there is nothing to say.
#[track_caller]
fn check_manifests(folder: &Folder) {
    for template in ["deployment.template.json", "deployment.debug.template.json"] {
        let run = folder.run(&format!("-C s deploy --check --file {template}"));
        let told = format!("     Checked `{template}` (1 module, 1 route)\n");
        run.check(0, "", &told);
    }
}

fn module_json(folder: &Folder) -> serde_json::Value {
    serde_json::from_str(&folder.read("s/modules/My_Filter/module.json")).expect("checked before")
}

#[test]
fn a_solution_is_json_by_default() {
    check_solution("", "deployment.template.json");
    check_solution("--format json", "deployment.template.json");
}

#[test]
fn a_solution_can_be_yaml() {
    check_solution("--format yaml", "deployment.template.yaml");
}

#[test]
fn python() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "filter.py",
        "main.py",
        "module.json",
        "requirements.txt",
        "test_filter.py",
    ];
    let folder = check_module("-t python", &files);
    let module = module_json(&folder);
    assert_eq!(module["image"]["repository"], "$CONTAINER_REGISTRY_SERVER/my_filter");
    assert_eq!(module["run"]["command"], serde_json::json!([".venv/bin/python", "-u", "main.py"]));
    let dockerfile = folder.read("s/modules/My_Filter/Dockerfile.amd64");
    assert_eq!(dockerfile.lines().next(), Some("ARG BASE_IMAGE=python:3.13-slim-trixie"));
    assert_eq!(dockerfile, folder.read("s/modules/My_Filter/Dockerfile.arm64v8"));
}

#[test]
fn node() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "filter.js",
        "filter.test.js",
        "main.js",
        "module.json",
        "package.json",
        "transport.js",
    ];
    let folder = check_module("--template node --set base_image=$BASE:1 --set repository=r.example/a", &files);
    assert_eq!(module_json(&folder)["image"]["repository"], "r.example/a");
    assert_eq!(folder.read("s/modules/My_Filter/Dockerfile.arm64v8").lines().next(), Some("ARG BASE_IMAGE=$BASE:1"));
    let package: serde_json::Value =
        serde_json::from_str(&folder.read("s/modules/My_Filter/package.json")).expect("checked before");
    assert_eq!(package["name"], "edge-my_filter");
}

#[test]
fn rust() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "module.json",
        "src/edge/backoff.rs",
        "src/edge/client.rs",
        "src/edge/credentials.rs",
        "src/edge/link.rs",
        "src/edge/message.rs",
        "src/edge/mod.rs",
        "src/edge/mqtt.rs",
        "src/edge/session.rs",
        "src/edge/settings.rs",
        "src/edge/tls.rs",
        "src/edge/topics.rs",
        "src/edge/workload.rs",
        "src/filter.rs",
        "src/main.rs",
    ];
    let folder = check_module("-t rust --set build_image=rust:1.90-slim", &files);
    assert_eq!(module_json(&folder)["run"]["command"], serde_json::json!(["target/release/edge-my_filter"]));
    let manifest = folder.read("s/modules/My_Filter/Cargo.toml");
    assert_eq!(manifest.lines().nth(1), Some("name = \"edge-my_filter\""));
    let lock = folder.read("s/modules/My_Filter/Cargo.lock");
    let packages: Vec<_> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(packages.contains(&"\"edge-my_filter\""));
    // Cargo refuses `--locked` if the packages stand in another order.
    assert!(packages.is_sorted(), "{packages:?}");
}

#[test]
fn typescript() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "module.json",
        "package.json",
        "src/filter.test.ts",
        "src/filter.ts",
        "src/main.ts",
        "src/transport.ts",
        "tsconfig.json",
    ];
    let folder = check_module("-t typescript", &files);
    assert_eq!(module_json(&folder)["run"]["command"], serde_json::json!(["node", "dist/main.js"]));
}

#[test]
fn go() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "edge/client.go",
        "edge/credentials.go",
        "edge/edge_test.go",
        "edge/message.go",
        "edge/mqtt.go",
        "edge/session.go",
        "edge/settings.go",
        "edge/topics.go",
        "edge/workload.go",
        "filter.go",
        "filter_test.go",
        "go.mod",
        "main.go",
        "module.json",
    ];
    let folder = check_module("-t go", &files);
    assert_eq!(folder.read("s/modules/My_Filter/go.mod").lines().next(), Some("module edge-my_filter"));
    let main = folder.read("s/modules/My_Filter/main.go");
    assert_eq!(main.lines().filter(|line| line.trim() == "\"edge-my_filter/edge\"").count(), 1);
}

#[test]
fn java() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "module.json",
        "pom.xml",
        "src/main/java/module/Filter.java",
        "src/main/java/module/Main.java",
        "src/main/java/module/WorkloadSocket.java",
        "src/test/java/module/FilterTest.java",
    ];
    let folder = check_module("-t java", &files);
    assert_eq!(module_json(&folder)["run"]["command"], serde_json::json!(["java", "-jar", "target/module.jar"]));
}

#[test]
fn csharp() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "Filter.cs",
        "Module.cs",
        "Module.csproj",
        "Program.cs",
        "README.md",
        "module.json",
        "tests/FilterTest.cs",
        "tests/Tests.csproj",
    ];
    let folder = check_module("-t csharp", &files);
    let base = "ARG BASE_IMAGE=mcr.microsoft.com/dotnet/runtime:10.0";
    assert_eq!(folder.read("s/modules/My_Filter/Dockerfile.amd64").lines().nth(1), Some(base));
}

#[test]
fn c() {
    let files = [
        ".dockerignore",
        ".gitignore",
        "CMakeLists.txt",
        "Dockerfile.amd64",
        "Dockerfile.amd64.debug",
        "Dockerfile.arm64v8",
        "Dockerfile.arm64v8.debug",
        "README.md",
        "filter.c",
        "filter.h",
        "filter_test.c",
        "main.c",
        "module.json",
    ];
    check_module("-t c", &files);
}

#[test]
fn a_platform_on_request_is_listed_and_has_its_files() {
    let folder = solution();
    folder.run("-q -C s --yes new module My_Filter -t python --set arm32v7=yes").check(0, "", "");
    let platforms = module_json(&folder)["image"]["tag"]["platforms"].clone();
    let listed: Vec<_> = platforms.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(listed, ["amd64", "amd64.debug", "arm32v7", "arm32v7.debug", "arm64v8", "arm64v8.debug"]);
    assert!(files_of(&folder, "My_Filter").contains(&"Dockerfile.arm32v7.debug".to_owned()));
    check_texts(&folder);
}

#[test]
fn two_debuggers_get_ports_of_their_own() {
    let folder = solution();
    for module in ["left", "right"] {
        folder.run(&format!("-q -C s new module {module} -t node")).check(0, "", "");
    }
    let debug: serde_json::Value =
        serde_json::from_str(&folder.read("s/deployment.debug.template.json")).expect("it is JSON");
    let launch: serde_json::Value = serde_json::from_str(&folder.read("s/.vscode/launch.json")).expect("it is JSON");
    for (index, module) in ["left", "right"].iter().enumerate() {
        let port = 9229 + index;
        let settings = format!("/modulesContent/$edgeAgent/properties.desired/modules/{module}/settings");
        let settings = debug.pointer(&settings).expect("it is wired");
        assert_eq!(settings["image"], format!("${{MODULES.{module}.debug}}"));
        let bound = serde_json::json!({"9229/tcp": [{"HostPort": port.to_string()}]});
        assert_eq!(settings["createOptions"]["HostConfig"]["PortBindings"], bound);
        assert_eq!(launch["configurations"][index]["port"], port);
        assert_eq!(launch["configurations"][index]["localRoot"], format!("${{workspaceFolder}}/modules/{module}"));
    }
}

#[test]
fn image() {
    let folder = check_module("--image r.example/sensor:1.0", &[]);
    let template: serde_json::Value =
        serde_json::from_str(&folder.read("s/deployment.template.json")).expect("checked before");
    let modules = "/modulesContent/$edgeAgent/properties.desired/modules";
    assert_eq!(template.pointer(&format!("{modules}/My_Filter/settings/image")), Some(&"r.example/sensor:1.0".into()));
}
