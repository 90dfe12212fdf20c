//! `edgectl deploy`, run as users run it. The cases and where their answers come from: tests/data/manifest/README.md.

#[path = "deploy/iotedgedev.rs"]
mod iotedgedev;
#[path = "deploy/pin.rs"]
mod pin;
#[path = "deploy/proxy.rs"]
mod proxy;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Folder, Run};

const CASES: &str = "tests/data/manifest";

#[test]
fn manifests_are_what_iotedgedev_makes_of_the_same_solution() {
    check_manifests("same");
}

#[test]
fn what_iotedgedev_breaks_or_leaves_standing_is_mended() {
    check_manifests("mended");
}

#[test]
fn what_is_refused_is_shown_at_its_place_and_nothing_is_written() {
    for case in cases("refused") {
        let folder = Folder::copy_of(case.join("solution"));
        let run = deploy(&folder, &case);
        let expected = fs::read_to_string(case.join("stderr")).unwrap_or_default();
        assert!(
            run.stderr == expected && run.stdout.is_empty() && run.status == Some(1),
            "{}: status {:?}\n===== got\n{}===== expected\n{expected}",
            case.display(),
            run.status,
            run.stderr
        );
        assert!(!folder.list().contains(&"config/".to_owned()), "{} wrote something", case.display());
    }
}

fn check_manifests(group: &str) {
    for case in cases(group) {
        let folder = Folder::copy_of(case.join("solution"));
        let run = deploy(&folder, &case);
        assert_eq!(run.status, Some(0), "{}: {}", case.display(), run.stderr);
        let expected = only_file(&case.join("expected"));
        let name = expected.file_name().expect("a file").to_string_lossy().into_owned();
        let written = folder.list().into_iter().find(|path| path.ends_with(&format!("/{name}")));
        let written = written.unwrap_or_else(|| panic!("{}: no {name} in {:?}", case.display(), folder.list()));
        let got = json(&folder.read(&written));
        let expected = json(&fs::read_to_string(expected).expect("it can be read"));
        assert!(got == expected, "{}\n===== got\n{got:#}\n===== expected\n{expected:#}", case.display());
    }
}

fn deploy(folder: &Folder, case: &Path) -> Run {
    // Real solutions have the runtime of their day.
    folder.run(&format!("deploy --with-secrets --allow runtime-ended {}", arguments(case)))
}

fn arguments(case: &Path) -> String {
    fs::read_to_string(case.join("arguments")).unwrap_or_default()
}

fn cases(group: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join(group);
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder).expect("cases").map(|case| case.expect("a case").path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case in {group}");
    cases
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.next().expect("one file").expect("it can be listed").path()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_layer_is_checked_and_written_but_not_run_alone() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join("same/layered-template/solution");
    let folder = Folder::copy_of(case);
    folder.run("deploy --check").check(0, "", "     Checked `deployment.template.json` (layer: 1 module, 1 route)\n");
    folder.run("deploy").check(
        0,
        "",
        "       Wrote `config/deployment.amd64.json` (layer: 1 module, 1 route)\n\
         hint: nothing is deployed yet; run `edgectl deploy --apply --layered --target-condition EXPR --id NAME \
         --priority N --file config/deployment.amd64.json`\n",
    );
    let refused = "error: cannot run `deployment.template.json` alone\n  \
        caused by: line 6, column 9: this is a layer over another deployment, not a whole one\n \
        --> deployment.template.json:6:9\n  |\n6 |         \"properties.desired.modules.filter\": {\n  \
        |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
        hint: put it over its base: `edgectl deploy --merge BASE deployment.template.json --out WHOLE.json`\n";
    for command in ["simulate", "deploy --apply --hub simulation"] {
        folder.run(command).check(1, "", refused);
    }
}

#[test]
fn comments_and_trailing_commas_are_noted() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join("mended/comments-and-commas/solution");
    let run = Folder::copy_of(case).run("deploy");
    let note = "hint: `deployment.template.json` has comments or trailing commas, the first in line 53: edgectl reads them, \
        iotedgedev doesn't";
    let noted = run.stderr.lines().find(|line| line.contains(" has comments "));
    assert_eq!((noted, run.status), (Some(note), Some(0)));
    let folder = Folder::new().file("finished.json", &format!("// made by hand\n{}", solution_manifest()));
    let run = folder.run("deploy --file finished.json");
    let told = "warning: `finished.json` has comments or trailing commas, the first in line 1: edgectl reads them, `az` \
        doesn't\nhint: write a plain copy with `--out FILE`\n";
    assert!(run.stderr.starts_with(told) && run.status == Some(0), "{}", run.stderr);
}

#[test]
fn create_options_can_be_kept_in_one_piece_up_to_the_limit_of_a_twin() {
    let case = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join(name).join("solution");
    let written = Folder::copy_of(case("same/create-options-of-eight-pieces")).run("deploy --no-chunks --out -").json();
    let settings = &written["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"]["filter"]["settings"];
    let keys: Vec<&String> = settings.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["image", "createOptions"]);
    assert_eq!(settings["createOptions"].as_str().map(str::len), Some(4096));
    let refused = Folder::copy_of(case("mended/create-options-of-more-than-eight-pieces")).run("deploy --no-chunks");
    let cause = "  caused by: line 61, column 15: createOptions have 6239 bytes, in one piece at most 4096 fit";
    assert_eq!((refused.stderr.lines().nth(1), refused.status), (Some(cause), Some(1)));
}

fn solution_manifest() -> String {
    solution().run("deploy --out -").stdout
}

const MANIFEST: &str = "config/deployment.amd64.json";

fn solution() -> Folder {
    let folder =
        Folder::copy_of(Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join("same/vscode-solution/solution"));
    let template = folder.read("deployment.template.json");
    let today = template.replace("-agent:1.5", "-agent:1.6").replace("-hub:1.5", "-hub:1.6");
    folder.file("deployment.template.json", &today.replace("temperature-sensor:1.0", "temperature-sensor:1.6"))
}

#[test]
fn what_was_written_and_what_comes_next_is_told() {
    let folder = solution();
    folder.run("deploy").check(
        0,
        "",
        "       Wrote `config/deployment.amd64.json` (2 modules, 2 routes)\n\
         hint: nothing is deployed yet; run `edgectl deploy --apply --device solution --file \
         config/deployment.amd64.json`\n",
    );
    assert!(folder.read(MANIFEST).ends_with("}\n"));
}

#[test]
fn json_names_the_manifest_and_its_modules() {
    let document = solution().run("deploy --json --platform linux/arm64 --tag rc1").json();
    let expected = json(
        r#"{"path": "config/deployment.arm64v8.json", "platform": "arm64v8", "deployed": false, "modules": [
            {"name": "SimulatedTemperatureSensor",
             "image": "mcr.microsoft.com/azureiotedge-simulated-temperature-sensor:1.6"},
            {"name": "filter", "image": "localhost:5000/filter:0.1.0-rc1-arm64v8"}]}"#,
    );
    assert_eq!(document, expected);
}

#[test]
fn a_check_writes_nothing() {
    let folder = solution();
    folder.run("deploy --check").check(0, "", "     Checked `deployment.template.json` (2 modules, 2 routes)\n");
    assert!(!folder.list().contains(&"config/".to_owned()));
}

#[test]
fn a_check_in_json_lists_findings_and_still_ends_with_1() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join("refused/unknown-module-in-from/solution");
    let run = Folder::copy_of(case).run("deploy --check --json --allow runtime-ended");
    let expected = json(
        r#"{"findings": [{"code": "unknown-module", "severity": "error", "file": "deployment.template.json",
            "line": 71, "column": 40, "message": "the deployment has no module `fliter`",
            "fix": "did you mean `filter`?"}]}"#,
    );
    assert_eq!((json(&run.stdout), run.status), (expected, Some(1)));
    let message = json(&run.stderr)["error"]["message"].clone();
    assert_eq!(message, "`deployment.template.json` has 1 error");
}

#[test]
fn a_dollar_that_names_nothing_is_a_warning_at_its_place() {
    let folder = solution().file(".env", "CONTAINER_REGISTRY_SERVER=x\n");
    let template = folder.read("deployment.template.json").replace("\"version\": \"1.0\"", "\"version\": \"$VERSON\"");
    let folder = folder.file("deployment.template.json", &template.replacen("$VERSON", "1.0", 1));
    folder.run("deploy --check --set VERSION=1").check(
        0,
        "",
        "warning[undefined-name]: no variable `VERSON`, so `$VERSON` stays as it is\n  --> deployment.template.json:65:25\n   |\n\
         65 |             \"version\": \"$VERSON\",\n   |                         ^^^^^^^\nhint: did you mean `VERSION`?\n     \
         Checked `deployment.template.json` (2 modules, 2 routes; 1 warning)\n",
    );
}

#[test]
fn a_flag_comes_before_the_environment_before_the_file() {
    let image = |run: Run| run.json()["modules"][1]["image"].clone();
    let folder = solution().variable("CONTAINER_REGISTRY_SERVER", "environment.io");
    assert_eq!(image(folder.run("deploy --json")), "environment.io/filter:0.1.0-amd64");
    let run = folder.run("deploy --json --set CONTAINER_REGISTRY_SERVER=flag.io");
    assert_eq!(image(run), "flag.io/filter:0.1.0-amd64");
}

#[test]
fn the_manifest_goes_to_stdout_if_asked() {
    let folder = solution();
    let written = folder.run("deploy --out -");
    folder.run("deploy --quiet --out other/manifest.json").check(0, "", "");
    assert_eq!(json(&written.stdout), json(&folder.read("other/manifest.json")));
    assert!(!folder.list().contains(&"config/".to_owned()));
}

#[test]
fn a_finished_manifest_is_checked_and_left_as_it_is() {
    let folder = solution();
    folder.run("deploy --quiet").check(0, "", "");
    let finished = folder.read(MANIFEST).replace("\"loggingOptions\": \"\"", "\"loggingOptions\": \"$HOME ${X}\"");
    let folder = folder.file("finished.json", &finished);
    folder.run("deploy --file finished.json").check(
        0,
        "",
        "     Checked `finished.json` (2 modules, 2 routes)\nhint: nothing is deployed yet; run `edgectl \
         deploy --apply --device solution --file finished.json`\n",
    );
    assert_eq!(folder.read("finished.json"), finished);
}

#[test]
fn a_path_is_told_as_it_is_reached_from_the_current_folder() {
    let folder = solution();
    let run = folder.run("-C modules/.. deploy --json");
    assert_eq!(run.json()["path"], "modules/../config/deployment.amd64.json");
}

#[test]
fn a_folder_that_cannot_be_written_is_the_machines_failure_and_leaves_nothing() {
    let folder = solution().file("config", "in the way");
    let before = folder.list();
    folder.run("deploy").check(
        3,
        "",
        "error: cannot write `config/deployment.amd64.json`\n  caused by: File exists (os error 17)\nhint: move \
         away what is in its way\n",
    );
    assert_eq!(folder.list(), before);
}

#[test]
fn a_manifest_that_was_there_is_replaced_as_a_whole_or_not_at_all() {
    let folder = solution().file(MANIFEST, "old\n");
    let template = folder.read("deployment.template.json");
    let folder = folder.file("deployment.template.json", &template.replace("INTO", "INTOO"));
    assert_eq!(folder.run("deploy").status, Some(1));
    assert_eq!(folder.read(MANIFEST), "old\n");
    let folder = folder.file("deployment.template.json", &template);
    assert_eq!(folder.run("deploy").status, Some(0));
    assert!(json(&folder.read(MANIFEST))["modulesContent"]["$edgeHub"].is_object());
}

#[cfg(unix)]
#[test]
fn a_manifest_with_a_password_is_the_owners_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES).join("same/registries/solution");
    let folder = Folder::copy_of(case);
    assert_eq!(folder.run("deploy --with-secrets").status, Some(0));
    let mode = fs::metadata(folder.path(MANIFEST)).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_variable_without_a_value_is_a_usage_error() {
    let run = solution().run("deploy --set A");
    assert_eq!(run.status, Some(2));
    assert_eq!(
        run.stderr.lines().next(),
        Some("error: invalid value 'A' for '--set <NAME=VALUE>': expected NAME=VALUE")
    );
}
