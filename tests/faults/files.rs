//! Files that are wrong: shown with file, line, column and caret, exit code 1, and nothing is written.

use crate::support::site::{Site, template};

/// What is said of [`UNKNOWN_ROUTE`] in a deployment with the module `filter` alone.
pub(crate) const UNKNOWN_MODULE: &str = "\
error: `deployment.template.json` has a mistake
  caused by: line 25, column 42: the deployment has no module `filtr`
  --> deployment.template.json:25:42
   |
25 |           \"all\": \"FROM /messages/modules/filtr/* INTO $upstream\"
   |                                          ^^^^^
hint: did you mean `filter`?
";
pub(crate) const UNKNOWN_ROUTE: &str = "FROM /messages/modules/filtr/* INTO $upstream";
const GOOD: &str = "FROM /messages/* INTO $upstream";

/// Runs `simulate` and `deploy` on a folder that holds a mistake: both say the same and leave the folder as it was.
#[track_caller]
fn check(site: &Site, stderr: &str) {
    let before = site.folder.list();
    site.simulate("--runtime process").check(1, "", stderr);
    site.run("deploy --allow container-name").check(1, "", stderr);
    assert_eq!(site.folder.list(), before, "nothing was written");
}

#[test]
fn malformed_json_is_shown() {
    let text = template(&["m"], GOOD).replace("\"agent:1\" } }", "\"agent:1\" }");
    let site = Site::new().file("deployment.template.json", &text);
    let stderr = "\
error: cannot read `deployment.template.json`
  caused by: line 1, column 1: this `{` is never closed
 --> deployment.template.json:1:1
  |
1 | {
  | ^
hint: correct `deployment.template.json` there and try again
";
    check(&site, stderr);
    let site = Site::new().file("deployment.template.json", "{\n  \"modulesContent\": {\n    \"a\": tru\n");
    let stderr = "\
error: cannot read `deployment.template.json`
  caused by: line 3, column 10: expected a value, found `tru`
 --> deployment.template.json:3:10
  |
3 |     \"a\": tru
  |          ^^^
hint: put double quotes around `tru`
";
    check(&site, stderr);
}

#[test]
fn malformed_yaml_is_shown() {
    let site = Site::new().file("deployment.template.yaml", "modulesContent:\n  $edgeAgent: {a: b\n  $edgeHub: c\n");
    let stderr = "\
error: cannot read `deployment.template.yaml`
  caused by: line 3, column 11: did not find expected `,` or `}`
 --> deployment.template.yaml:3:11
  |
3 |   $edgeHub: c
  |           ^
hint: correct `deployment.template.yaml` there and try again
";
    check(&site, stderr);
}

#[test]
fn a_malformed_env_file_is_shown() {
    let site = Site::new().file("deployment.template.json", &template(&["m"], GOOD)).file(".env", "A=1\nB='2\n");
    let stderr = "\
error: cannot read `.env`
  caused by: line 2, column 3: this quote is never closed
 --> .env:2:3
  |
2 | B=**
  |   ^
hint: add ' at the end of the value
";
    check(&site, stderr);
    let site = site.file(".env", "A=1\nnot a line\n");
    let stderr = "\
error: cannot read `.env`
  caused by: line 2, column 5: expected `=` after `not`
 --> .env:2:5
  |
2 | not ******
  |     ^
hint: write one NAME=value a line; a comment begins with `#`
";
    check(&site, stderr);
}

#[test]
fn an_unknown_variable_in_braces_is_shown_until_it_is_set() {
    let text = template(&["m"], GOOD).replace("localhost:1", "${REGISTRY}");
    let site = Site::new().file("deployment.template.json", &text);
    let stderr = "\
error: `deployment.template.json` has a mistake
  caused by: line 16, column 37: no variable `REGISTRY`
  --> deployment.template.json:16:37
   |
16 |             \"settings\": { \"image\": \"${REGISTRY}/m:1.0\" }
   |                                     ^^^^^^^^^^^
hint: define `REGISTRY` in `.env`, or pass `--set REGISTRY=VALUE`
";
    check(&site, stderr);
    let simulation = site.start_ready("--external m --set REGISTRY=r");
    assert_eq!(site.json("ps")[0]["image"], "r/m:1.0");
    simulation.interrupt();
    assert_eq!(site.json("deploy --set REGISTRY=r")["modules"][0]["image"], "r/m:1.0");
}

#[test]
fn an_unknown_variable_is_shown() {
    let text = template(&["m"], GOOD).replace("localhost:1", "$REGISTRY");
    let site = Site::new().file("deployment.template.json", &text).file(".env", "REGISTRI=r\n");
    let warning = "\
warning[undefined-name]: no variable `REGISTRY`, so `$REGISTRY` stays as it is
  --> deployment.template.json:16:37
   |
16 |             \"settings\": { \"image\": \"$REGISTRY/m:1.0\" }
   |                                     ^^^^^^^^^
";
    let hint = "hint: did you mean `REGISTRI`?\n";
    site.simulate("--external m --duration 0s --quiet").check(0, "", warning);
    let started = site.begins("solution");
    site.simulate("--external m --duration 0s").check(0, "", &format!("{warning}{hint}{started}"));
    site.run("deploy --check --allow container-name").check(
        0,
        "",
        &format!("{warning}{hint}     Checked `deployment.template.json` (1 module, 1 route; 1 warning)\n"),
    );
}

#[test]
fn an_unknown_module_in_a_route_is_shown() {
    let text = template(&["filter"], UNKNOWN_ROUTE);
    check(&Site::new().file("deployment.template.json", &text), UNKNOWN_MODULE);
}

#[test]
fn a_route_from_a_module_of_a_deployment_without_any_is_shown() {
    let stderr = "\
error: `deployment.template.json` has a mistake
  caused by: line 22, column 42: the deployment has no module `ghost`
  --> deployment.template.json:22:42
   |
22 |           \"all\": \"FROM /messages/modules/ghost/* INTO $upstream\"
   |                                          ^^^^^
hint: add the module `ghost`, or take the route out
";
    let text = template(&[], "FROM /messages/modules/ghost/* INTO $upstream");
    check(&Site::new().file("deployment.template.json", &text), stderr);
}

#[test]
fn a_malformed_route_is_shown() {
    let text = template(&["filter"], "FROM /messages/* WHERE a = INTO $upstream");
    let stderr = "\
error: `deployment.template.json` has a mistake
  caused by: line 25, column 46: expected a value, found `INTO`
  --> deployment.template.json:25:46
   |
25 |           \"all\": \"FROM /messages/* WHERE a = INTO $upstream\"
   |                                              ^^^^
hint: write `FROM <source> [WHERE <condition>] INTO <sink>`
";
    check(&Site::new().file("deployment.template.json", &text), stderr);
}

#[test]
fn a_malformed_module_file_is_shown() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], GOOD))
        .file("modules/m/module.json", "{\n  \"image\": {\n    \"repository\": \"m\" \"tag\": {}\n  }\n}\n");
    let stderr = "\
error: cannot read `modules/m/module.json`
  caused by: line 3, column 22: expected `,`
 --> modules/m/module.json:3:22
  |
3 |     \"repository\": \"m\" \"tag\": {}
  |                      ^
hint: correct `modules/m/module.json` there and try again
";
    check(&site, stderr);
}

#[test]
fn a_malformed_settings_file_is_shown() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], GOOD))
        .file("edgectl.yaml", "modules:\n  m:\n    command: [sh, -c, \"exit 3\"\n");
    let stderr = "\
error: cannot read `edgectl.yaml`
  caused by: line 3, column 31: did not find expected `,` or `]`
 --> edgectl.yaml:3:31
  |
3 |     command: [sh, -c, \"exit 3\"
  |                               ^
hint: correct `edgectl.yaml` there and try again
";
    site.simulate("").check(1, "", stderr);
}

#[test]
fn an_unknown_key_in_the_settings_is_shown() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["m"], GOOD))
        .file("edgectl.yaml", "modules:\n  m:\n    runtim: process\n");
    let stderr = "\
error: cannot read `edgectl.yaml`
  caused by: line 3, column 5: `runtim` is not known here
 --> edgectl.yaml:3:5
  |
3 |     runtim: process
  |     ^^^^^^
hint: did you mean `runtime`?
";
    site.simulate("").check(1, "", stderr);
}

#[test]
fn settings_of_an_unknown_module_are_told() {
    let site = Site::new()
        .file("deployment.template.json", &template(&["filter"], GOOD))
        .file("edgectl.yaml", "modules:\n  fliter:\n    skip: true\n");
    let warning = "\
warning: `edgectl.yaml` is about a module `fliter`, which the deployment does not have
hint: did you mean `filter`?
";
    let stderr = format!("{warning}{}", site.begins("solution"));
    site.simulate("--external filter --duration 0s").check(0, "", &stderr);
    let stderr = format!("{warning}error: the deployment has no module `nobody`\nhint: only `filter` is known there\n");
    site.simulate("--only nobody").check(1, "", &stderr);
}

#[test]
fn a_mistake_is_a_document_under_json() {
    let text = template(&["filter"], UNKNOWN_ROUTE);
    let site = Site::new().file("deployment.template.json", &text);
    let stderr = "{\"error\":{\"message\":\"`deployment.template.json` has a mistake\",\"causes\":[\"line 25, column \
        42: the deployment has no module `filtr`\"],\"hints\":[\"did you mean `filter`?\"]}}\n";
    site.simulate("--json").check(1, "", stderr);
}

#[test]
fn a_folder_without_a_solution_says_so() {
    let stderr = "\
error: the folder `solution` holds no deployment template
  caused by: looked for `deployment.template.json` and the same as `.yaml`
hint: change to the solution's folder, name it with `-C`, or start one with `edgectl new solution NAME`
hint: or see one at work with `edgectl simulate --demo`
";
    Site::new().simulate("").check(1, "", stderr);
    let stderr = "\
error: cannot open the folder `nowhere`
  caused by: No such file or directory (os error 2)
hint: name the solution's folder with `-C`, or change to it
";
    Site::new().run("simulate -C nowhere").check(1, "", stderr);
}
