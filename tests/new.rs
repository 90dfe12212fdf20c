//! `edgectl new`: what it says, what it writes, and that a mistake writes nothing.

mod support;

use serde_json::json;
use support::Folder;

/// Makes the solution `s` in a new folder.
fn solution() -> Folder {
    let folder = Folder::new();
    folder.run("-q new solution s").check(0, "", "");
    folder
}

/// Checks that a command ends with the status and the words, and changes nothing on disk.
#[track_caller]
fn check_refused(folder: &Folder, arguments: &str, status: i32, stderr: &str) {
    let before = snapshot(folder);
    folder.run(arguments).check(status, "", stderr);
    assert_eq!(snapshot(folder), before);
}

fn snapshot(folder: &Folder) -> Vec<(String, Option<String>)> {
    let text = |path: &String| (!path.ends_with('/')).then(|| folder.read(path));
    folder.list().into_iter().map(|path| (path.clone(), text(&path))).collect()
}

#[test]
fn a_solution_is_told_with_the_next_step() {
    let stderr = "     Created the solution `s`\nhint: `cd s`, then add a module with `edgectl new module filter`\n";
    Folder::new().run("new solution s").check(0, "", stderr);
}

#[test]
fn a_solution_as_json_lists_its_files() {
    let expected = json!({
        "name": "s",
        "template": "solution",
        "files": ["s/.env", "s/.gitignore", "s/README.md", "s/deployment.template.json", "s/modules/.gitkeep",
            "s/deployment.debug.template.json"],
        "edited": [],
        "paste": [],
        "written": true,
    });
    assert_eq!(Folder::new().run("new solution s --json").json(), expected);
}

#[test]
fn a_module_is_told_with_the_template_that_it_was_wired_into() {
    let stderr = "     Created `modules/filter` from the template `python`\n       \
        Wired `filter` into `deployment.template.json`\n       \
        Wired `filter` into `deployment.debug.template.json`\n       Wired `filter` into `.vscode/launch.json`\nhint: run the solution with `edgectl simulate`\n";
    solution().run("-C s new module filter -t python").check(0, "", stderr);
}

#[test]
fn a_module_gets_an_entry_and_a_route() {
    let folder = solution();
    folder.run("-q -C s new module filter -t node").check(0, "", "");
    let template: serde_json::Value =
        serde_json::from_str(&folder.read("s/deployment.template.json")).expect("the template is JSON");
    let content = &template["modulesContent"];
    assert_eq!(
        content["$edgeAgent"]["properties.desired"]["modules"]["filter"]["settings"]["image"],
        "${MODULES.filter}"
    );
    assert_eq!(
        content["$edgeHub"]["properties.desired"]["routes"],
        json!({"filterToIoTHub": "FROM /messages/modules/filter/outputs/* INTO $upstream"})
    );
}

#[test]
fn a_yaml_solution_takes_modules_too() {
    let folder = Folder::new();
    folder.run("-q new solution s --format yaml").check(0, "", "");
    let stderr = "       Wired `sensor` into `deployment.template.yaml`\n       Wired `sensor` into `deployment.debug.template.yaml`\nhint: run the solution with `edgectl simulate`\n";
    folder.run("-C s new module sensor --image r.example/sensor:1.0").check(0, "", stderr);
    let text = folder.read("s/deployment.template.yaml");
    assert_eq!(text.lines().filter(|line| line.trim() == "image: r.example/sensor:1.0").count(), 1);
}

#[test]
fn what_cannot_be_edited_is_printed_to_be_pasted() {
    let folder = Folder::new();
    folder.run("-q new solution s --format yaml").check(0, "", "");
    std::fs::remove_file(folder.path("s/deployment.debug.template.yaml")).expect("it is there");
    let commented = format!("# mine\n{}", folder.read("s/deployment.template.yaml"));
    let folder = folder.file("s/deployment.template.yaml", &commented);
    let stdout = "modulesContent:\n  $edgeAgent:\n    properties.desired:\n      modules:\n        sensor:\n          \
        version: '1.0'\n          type: docker\n          status: running\n          restartPolicy: always\n          \
        settings:\n            image: r.example/sensor:1.0\n            createOptions: {}\n  $edgeHub:\n    \
        properties.desired:\n      routes:\n        \
        sensorToIoTHub: FROM /messages/modules/sensor/outputs/* INTO $upstream\n";
    let warning = "warning: `deployment.template.yaml` is not edited, for its comments or layout would be lost; add this \
        to it\n";
    let stderr = format!(
        "{warning}error: `sensor` is not in `deployment.template.yaml` yet\n  caused by: a YAML file is edited only if \
         no comment and no layout of it is lost\nhint: add what is printed above to `deployment.template.yaml`, then run \
         `edgectl simulate`\n"
    );
    let command = "-C s new module sensor --image r.example/sensor:1.0";
    folder.run(command).check(1, stdout, &stderr);
    assert_eq!(folder.read("s/deployment.template.yaml"), commented);
    folder.run(&format!("{command} --dry-run")).check(0, stdout, warning);
}

#[test]
fn the_source_of_a_module_that_is_left_to_be_pasted_is_whole() {
    let folder = Folder::new();
    folder.run("-q new solution s --format yaml").check(0, "", "");
    folder.write("s/deployment.template.yaml", &format!("# mine\n{}", folder.read("s/deployment.template.yaml")));
    let run = folder.run("-C s new module filter -t node --json");
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((run.status, &document["paste"][0]["file"]), (Some(1), &json!("deployment.template.yaml")));
    assert!(folder.list().contains(&"s/modules/filter/module.json".to_owned()), "{:?}", folder.list());
    let debug = folder.read("s/deployment.debug.template.yaml");
    assert!(debug.contains("image: ${MODULES.filter.debug}"), "what can be edited is: {debug}");
}

#[test]
fn a_private_registry_has_its_login_in_variables() {
    let folder = Folder::new();
    let stderr = "     Created the solution `s`\nhint: put the user and the password of the registry into `s/.env`\n\
        hint: `cd s`, then add a module with `edgectl new module filter`\n";
    folder.run("new solution s --registry example.azurecr.io").check(0, "", stderr);
    let warning = "warning[registry-login]: the username is empty with which devices log in to this registry";
    let empty = folder.run("-C s deploy --check");
    assert_eq!((empty.stderr.lines().next(), empty.status), (Some(warning), Some(0)));
    let env = folder.read("s/.env").replace("USERNAME=", "USERNAME=u").replace("PASSWORD=", "PASSWORD=s3cret");
    folder.write("s/.env", &env);
    folder.run("-q -C s deploy --check").check(0, "", "");
    let manifest = folder.run("-q -C s deploy --with-secrets --out -").json();
    let at = "/modulesContent/$edgeAgent/properties.desired/runtime/settings/registryCredentials";
    let login = json!({ "example": { "address": "example.azurecr.io", "username": "u", "password": "s3cret" } });
    assert_eq!(manifest.pointer(at), Some(&login));
    let debug = folder.run("-q -C s deploy --with-secrets --file deployment.debug.template.json --out -").json();
    assert_eq!(debug.pointer(at), Some(&login));
}

#[test]
fn a_registry_on_this_machine_needs_no_login() {
    for (format, registry) in [("json", "127.0.0.1:5001"), ("yaml", "localhost")] {
        let folder = Folder::new();
        folder.run(&format!("-q new solution s --format {format} --registry {registry}")).check(0, "", "");
        assert!(folder.read("s/.env").contains(&format!("SERVER={registry}\n")));
        folder.run("-q -C s deploy --check").check(0, "", "");
        let manifest = folder.run("-q -C s deploy --out -").stdout;
        assert!(manifest.contains("\"registryCredentials\": {}"), "{manifest}");
    }
    let stderr = "error: `--registry https://r.io` names no registry\n  caused by: expected a host without scheme and \
        path\nhint: pass a host, and its port if it has one, such as `example.azurecr.io`\n";
    check_refused(&Folder::new(), "new solution s --registry https://r.io", 2, stderr);
}

#[test]
fn a_dry_run_lists_and_writes_nothing() {
    let folder = solution();
    let before = snapshot(&folder);
    let stdout = "create modules/filter/.dockerignore\ncreate modules/filter/.gitignore\n\
        create modules/filter/Dockerfile.amd64\ncreate modules/filter/Dockerfile.amd64.debug\n\
        create modules/filter/Dockerfile.arm64v8\ncreate modules/filter/Dockerfile.arm64v8.debug\n\
        create modules/filter/README.md\ncreate modules/filter/filter.py\ncreate modules/filter/main.py\n\
        create modules/filter/module.json\ncreate modules/filter/requirements.txt\n\
        create modules/filter/test_filter.py\ncreate .vscode/launch.json\n\
        edit   deployment.template.json\nedit   deployment.debug.template.json\n";
    folder.run("-C s new module filter -t python --dry-run").check(0, stdout, "");
    assert_eq!(snapshot(&folder), before);
    let document = folder.run("-C s new module temp --image a/b:1 --dry-run --json").json();
    let expected = json!({
        "name": "temp", "template": "image", "files": [], "paste": [], "written": false,
        "edited": ["deployment.template.json", "deployment.debug.template.json"],
    });
    assert_eq!(document, expected);
    assert_eq!(snapshot(&folder), before);
}

#[test]
fn the_templates_are_listed_with_their_parameters() {
    let stdout = "\
c          C           Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set base_image=debian:trixie-slim
                       --set arm32v7=no
csharp     C#          Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set build_image=mcr.microsoft.com/dotnet/sdk:10.0
                       --set base_image=mcr.microsoft.com/dotnet/runtime:10.0
                       --set arm32v7=no
go         Go          Static program, with a client of its own, that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set build_image=golang:1-trixie
                       --set arm32v7=no
image      -           An existing image, without source
                       --image REF (needed)
java       Java        Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set build_image=maven:3-eclipse-temurin-21
                       --set base_image=eclipse-temurin:21-jre
node       JavaScript  Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set base_image=node:24-trixie-slim
python     Python      Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set base_image=python:3.13-slim-trixie
                       --set arm32v7=no
rust       Rust        Static program, with a client of its own, that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set build_image=rust:1-slim-trixie
                       --set arm32v7=no
typescript TypeScript  Azure SDK module that forwards telemetry above a threshold
                       --set repository=$CONTAINER_REGISTRY_SERVER/name
                       --set base_image=node:24-trixie-slim
";
    let stderr = "hint: add a module with `edgectl new module NAME --template TEMPLATE`\n";
    Folder::new().run("new list").check(0, stdout, stderr);
    let document = Folder::new().run("new list --json").json();
    let expected = json!({
        "name": "image", "language": null, "summary": "An existing image, without source",
        "parameters": [
            {"name": "image", "expects": "an image such as `localhost:5000/filter:1.0`", "default": null},
        ],
    });
    assert_eq!(document[3], expected);
}

#[test]
fn an_existing_target_is_left_alone() {
    let folder = solution();
    let stderr = "error: `s` already exists\nhint: choose another name, or remove it first\n";
    check_refused(&folder, "new solution s", 1, stderr);
    let folder = folder.file("s/modules/filter/mine", "");
    let stderr = "error: `modules/filter` already exists\nhint: choose another name, or remove it first\n";
    check_refused(&folder, "-C s new module filter -t python", 1, stderr);
}

#[test]
fn a_module_that_is_wired_already_is_refused() {
    let folder = solution();
    folder.run("-q -C s new module sensor --image a/b:1").check(0, "", "");
    let stderr = "error: cannot add `sensor` to `deployment.template.json`
  caused by: line 42, column 11: `sensor` is there already
  --> deployment.template.json:42:11
   |
42 |           \"sensor\": {
   |           ^^^^^^^^
hint: choose another name
";
    check_refused(&folder, "-C s new module sensor -t python", 1, stderr);
}

#[test]
fn a_module_that_routes_cannot_tell_from_another_is_refused() {
    let folder = solution();
    folder.run("-q -C s new module sensor --image a:1").check(0, "", "");
    let run = folder.run("-C s new module Sensor -t python");
    let told = "`sensor` is there already, which differs from `Sensor` in capitals only";
    assert_eq!((run.status, run.stderr.matches(told).count()), (Some(1), 1), "{}", run.stderr);
    assert!(!folder.list().contains(&"s/modules/Sensor/".to_owned()));
}

#[test]
fn a_name_that_cannot_be_is_refused() {
    let folder = solution();
    let stderr = "error: `../x` cannot be the name of a solution
  caused by: a name is made of letters, digits, `_`, `-` and `.`, with a letter or digit at both ends, at most 128 in all
hint: choose a name such as `factory`, and another place for its folder with `-C`
";
    check_refused(&folder, "new solution ../x", 1, stderr);
    let stderr = "error: `7up` cannot be the name of a module
  caused by: a name is a letter, followed by letters, digits, `_` and `-`, 2 to 128 in all
hint: choose a name such as `m7up`
";
    check_refused(&folder, "-C s new module 7up -t python", 1, stderr);
}

#[test]
fn an_unknown_template_or_parameter_is_told_with_the_nearest() {
    let folder = solution();
    let stderr = "error: there is no template `pyton`\nhint: did you mean `python`?\n";
    check_refused(&folder, "-C s new module filter -t pyton", 1, stderr);
    let stderr = "error: the template `python` has no parameter `base-image`\nhint: did you mean `base_image`?\n";
    check_refused(&folder, "-C s new module filter -t python --set base-image=a", 1, stderr);
    let stderr = "error: `base_image` is `a b`, where an image such as `localhost:5000/filter:1.0` is expected\n\
        hint: pass another `--set base_image=VALUE`\n";
    let before = snapshot(&folder);
    let arguments = ["-C", "s", "new", "module", "filter", "-t", "python", "--set", "base_image=a b"];
    folder.run_args(&arguments).check(1, "", stderr);
    assert_eq!(snapshot(&folder), before);
}

#[test]
fn a_question_that_nobody_can_answer_names_the_flag() {
    let folder = solution();
    let stderr = "error: `Template` needs an answer, and stdin is not a terminal\n\
        hint: pass `--template NAME`, one of those that `edgectl new list` shows\n";
    check_refused(&folder, "-C s new module filter", 2, stderr);
    let stderr = "error: `Template` needs an answer, and `--yes` is none\n\
        hint: pass `--template NAME`, one of those that `edgectl new list` shows\n";
    check_refused(&folder, "--yes -C s new module filter", 2, stderr);
    let stderr = "error: `Image` needs an answer, and stdin is not a terminal\nhint: pass `--image REF`\n";
    check_refused(&folder, "-C s new module filter -t image", 2, stderr);
}

#[test]
fn an_image_and_a_template_that_builds_one_exclude_each_other() {
    let stderr = "error: `--image` is an existing image, and the template `node` builds one of its own\n\
        hint: leave out `--image` or `--template`\n";
    check_refused(&solution(), "-C s new module filter -t node --image a/b:1", 2, stderr);
}

#[test]
fn a_folder_without_a_deployment_template_is_no_solution() {
    let folder = Folder::new();
    let run = folder.run("new module filter -t python");
    let stderr = "error: the folder `solution` holds no deployment template\n  caused by: looked for \
        `deployment.template.json` and the same as `.yaml`\nhint: change to the solution's folder, name it with `-C`, \
        or start one with `edgectl new solution NAME`\n";
    run.check(1, "", stderr);
    assert_eq!(folder.list(), [""; 0]);
}

#[test]
fn a_failure_as_json_is_one_document() {
    let stderr = "{\"error\":{\"message\":\"there is no template `pyton`\",\"causes\":[],\"hints\":[\"did you mean `python`?\"]}}\n";
    check_refused(&solution(), "-C s new module filter -t pyton --json", 1, stderr);
}

/// A template of somebody's own beside the solution.
fn with_template(manifest: &str) -> Folder {
    solution()
        .file("own/template.yaml", manifest)
        .file("own/files/unit.json.hbs", "{\"unit\": \"{{unit}}\"}\n")
        .file("own/files/{{name}}.txt", "{{unit}}\n")
}

const OWN: &str = "for: module\nsummary: ours\nparameters:\n  unit: { prompt: Unit, pattern: '[A-Z]', default: C }\n";

#[test]
fn a_template_of_ones_own_is_taken_from_a_folder() {
    let folder = with_template(OWN);
    folder.run("-q -C s --yes new module filter --from own --set unit=F").check(0, "", "");
    assert_eq!(folder.read("s/modules/filter/unit.json"), "{\"unit\": \"F\"}\n");
    assert_eq!(folder.read("s/modules/filter/filter.txt"), "{{unit}}\n");
    let stderr = "error: `unit` is `km`, where a text that matches `[A-Z]` is expected\n\
        hint: pass another `--set unit=VALUE`\n";
    check_refused(&folder, "-C s new module other --from own --set unit=km", 1, stderr);
}

#[test]
fn a_template_of_ones_own_is_taken_from_a_repository() {
    let folder = with_template(OWN);
    let git = |arguments: &str| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments.split_whitespace());
        assert!(command.current_dir(folder.path("own")).status().expect("git is there").success(), "{arguments}");
    };
    git("init -q -b main");
    git("add .");
    git("commit -q -m first");
    git("tag v1");
    let hook = folder.path("own/.git/hooks/post-checkout");
    std::fs::write(&hook, "#!/bin/sh\ntouch ran\n").expect("written");
    folder.write("own/template.yaml", "for: module\nsummary: changed\n");
    git("commit -q -a -m second");
    let place = format!("file://{}#v1", folder.path("own").display());
    folder.run(&format!("-q -C s --yes new module filter --from {place}")).check(0, "", "");
    assert_eq!(folder.read("s/modules/filter/unit.json"), "{\"unit\": \"C\"}\n");
}

#[test]
fn a_template_that_leads_out_or_is_none_is_refused() {
    let folder = with_template(OWN).file("own/files/{{unit}}/x", "").file("empty/x", "");
    let stderr = "error: `empty` holds no template\n  caused by: looked for `template.yaml`\n\
        hint: name a folder with `template.yaml` and `files/`, or a git repository that has one\n";
    check_refused(&folder, "-C s new module filter --from empty", 1, stderr);
    let stderr = "error: there is no folder `nowhere`\n\
        hint: name a folder, or a git repository such as `https://example.com/templates.git#main`\n";
    check_refused(&folder, "-C s new module filter --from nowhere", 1, stderr);
    folder.write("own/template.yaml", "for: module\nsummary: ours\nparameters:\n  unit: { default: .. }\n");
    let stderr = "error: the file `{{unit}}/x` of the template `own` would be written to `../x`, which leads out of the \
        folder\nhint: correct the template\n";
    check_refused(&folder, "-C s new module filter --from own", 1, stderr);
    std::os::unix::fs::symlink("/etc/passwd", folder.path("own/files/secret")).expect("linked");
    let run = folder.run("-C s new module filter --from own");
    let stderr = "error: `secret` of the template `own` is a symbolic link\nhint: put a copy in its place\n";
    run.check(1, "", stderr);
}

#[test]
fn a_pipeline_that_is_there_is_replaced_on_consent_only() {
    let folder = solution().file("s/azure-pipelines.yml", "mine: 1\n");
    let stderr = "error: consent is needed, and stdin is not a terminal\n  \
        caused by: the question is: Replace `azure-pipelines.yml`?\nhint: pass `--yes`\n";
    check_refused(&folder, "-C s new ci azure", 2, stderr);
    folder.run("-C s --yes -q new ci azure").check(0, "", "");
    assert_ne!(folder.read("s/azure-pipelines.yml"), "mine: 1\n");
}

#[test]
fn a_launch_configuration_of_the_users_keeps_its_comments() {
    let mine = "{\n  // ours\n  \"configurations\": [\n    { \"name\": \"all\" } // of them\n  ]\n}\n";
    let folder = solution().file("s/.vscode/launch.json", mine);
    folder.run("-q -C s new module filter -t python").check(0, "", "");
    let text = folder.read("s/.vscode/launch.json");
    let begin = "{\n  // ours\n  \"configurations\": [\n    { \"name\": \"all\" }, // of them\n    {\n      \"name\": \
        \"filter: attach to the container (Python)\",\n";
    assert_eq!(&text[..begin.len()], begin);
}
