//! Pipelines of CI services: what they call, and that their scripts run.

use std::path::Path;
use std::process::Command;

use edgectl::yaml;
use serde_json::Value;

use crate::solution;
use crate::support::Folder;

#[test]
fn a_pipeline_is_yaml_and_calls_commands_that_exist() {
    for (service, path) in [("github", "s/.github/workflows/edgectl.yml"), ("azure", "s/azure-pipelines.yml")] {
        let folder = solution();
        folder.run(&format!("-q -C s new ci {service} --set branch=release/1")).check(0, "", "");
        let text = folder.read(path);
        yaml::parse(path, &text).unwrap_or_else(|error| panic!("{}", error.message));
        assert_eq!(text.lines().filter(|line| line.trim().ends_with("[release/1]")).count(), 1, "{text}");
        let calls: Vec<&str> =
            text.lines().filter_map(|line| line.split_once("edgectl ").map(|(_, call)| call)).collect();
        let commands = ["deploy", "build", "--yes simulate", "ps", "logs", "stop"];
        let known = |call: &&str| commands.iter().any(|command| call.starts_with(command));
        assert!(calls.iter().filter(|call| known(call)).count() >= 8, "{calls:?}");
    }
}

/// Every script of a pipeline, in its order.
fn scripts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(scripts).collect(),
        Value::Object(members) => {
            let own = |(key, member): (&String, &Value)| match (key.as_str(), member.as_str()) {
                ("run" | "script", Some(script)) => vec![script.to_owned()],
                _ => scripts(member),
            };
            members.iter().flat_map(own).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn the_scripts_of_a_pipeline_work_in_a_solution_of_other_tools() {
    let solution = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/manifest/same/vscode-solution/solution");
    for (service, path) in [("github", ".github/workflows/edgectl.yml"), ("azure", "azure-pipelines.yml")] {
        let folder = Folder::copy_of(solution.clone());
        folder
            .run(&format!("-q new ci {service} --set repository=https://git.example.com/edgectl.git"))
            .check(0, "", "");
        let pipeline = yaml::parse(path, &folder.read(path)).unwrap_or_else(|error| panic!("{error}"));
        let scripts = scripts(&pipeline);
        assert!(scripts.iter().any(|script| script.contains("cargo install --locked --git ")), "{scripts:?}");
        for script in &scripts {
            // What needs no engine and no hub is run as it stands.
            let is_run = script.contains("edgectl deploy") && !script.contains("build") && !script.contains("--apply");
            let program = Path::new(env!("CARGO_BIN_EXE_edgectl")).parent().expect("a folder");
            let mut shell = Command::new("bash");
            shell.args(if is_run { ["-e", "-c"] } else { ["-n", "-c"] }).arg(script).current_dir(folder.path(""));
            shell
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
                .env("PLATFORMS", "amd64 arm64v8");
            let output = shell.env("CONTAINER_REGISTRY_SERVER", "localhost:5000").output().expect("bash is there");
            assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        }
        if service == "github" {
            assert!(folder.list().contains(&"manifests/arm64v8.json".to_owned()), "{:?}", folder.list());
        }
    }
}

#[test]
fn a_pipeline_releases_what_all_modules_can_be_built_for() {
    let folder = solution();
    folder.run("-q -C s new module left -t python --set arm32v7=yes").check(0, "", "");
    folder.run("-q -C s new module right -t node").check(0, "", "");
    folder.write("s/.env", &format!("{}LEVEL=1\nLEVELS=2\n", folder.read("s/.env")));
    let template = folder.read("s/deployment.template.json").replace("\"1.0\"", "\"$LEVEL\"");
    folder.write("s/deployment.template.json", &template);
    let stderr = "       Wrote `.github/workflows/edgectl.yml`\nhint: its first lines name the variables and secrets that it \
        needs\nhint: the solution takes `LEVEL` from `.env`, which the pipeline doesn't have: define them there\n";
    folder.run("-C s new ci github").check(0, "", stderr);
    let text = folder.read("s/.github/workflows/edgectl.yml");
    assert!(text.contains("\n  PLATFORMS: amd64 arm64v8\n"), "{text}");
    assert!(text.contains("  EDGECTL_REPOSITORY: ${{ vars.EDGECTL_REPOSITORY }}\n"), "{text}");
}
