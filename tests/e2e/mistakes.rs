//! Files that are wrong: `simulate` says where, and runs nothing.

use crate::simulation::address;
use crate::solution::Solution;

#[track_caller]
fn check(file: &str, text: &str, stderr: &str) {
    let solution = Solution::new();
    solution.write(file, text);
    solution.run(&format!("simulate --runtime process --address {}", address())).check(1, "", stderr);
    assert!(!solution.path(".edgectl").exists());
}

/// Puts a module and a route in the place of the empty lists of a new solution.
#[track_caller]
fn check_deployment(module: &str, route: &str, stderr: &str) {
    let template = std::fs::read_to_string(Solution::new().path("deployment.template.json")).expect("`new` wrote it");
    let text = template.replace(r#""modules": {}"#, module).replace(r#""routes": {}"#, route);
    check("deployment.template.json", &text, stderr);
}

#[test]
fn json_that_ends_early_is_shown_with_its_place() {
    let stderr = "\
error: cannot read `deployment.template.json`
  caused by: line 3, column 10: expected a value, found `tru`
 --> deployment.template.json:3:10
  |
3 |     \"a\": tru
  |          ^^^
hint: put double quotes around `tru`
";
    check("deployment.template.json", "{\n  \"modulesContent\": {\n    \"a\": tru\n", stderr);
}

#[test]
fn yaml_that_is_not_closed_is_shown_with_its_place() {
    let stderr = "\
error: cannot read `edgectl.yaml`
  caused by: line 1, column 12: did not find expected `,` or `]`
 --> edgectl.yaml:1:12
  |
1 | modules: [1
  |            ^
hint: correct `edgectl.yaml` there and try again
";
    check("edgectl.yaml", "modules: [1\n", stderr);
}

#[test]
fn a_line_of_dotenv_without_a_value_is_shown_with_its_place() {
    let stderr = "\
error: cannot read `.env`
  caused by: line 2, column 5: expected `=` after `not`
 --> .env:2:5
  |
2 | not a line
  |     ^
hint: write one NAME=value a line; a comment begins with `#`
";
    check(".env", "A=1\nnot a line\n", stderr);
}

#[test]
fn a_route_from_a_module_that_is_not_there_is_shown_with_its_place() {
    let stderr = "\
error: `deployment.template.json` has a mistake
  caused by: line 47, column 48: the deployment has no module `ghost`
  --> deployment.template.json:47:48
   |
47 |         \"routes\": {\"r\":\"FROM /messages/modules/ghost/* INTO $upstream\"},
   |                                                ^^^^^
hint: add the module `ghost`, or take the route out
";
    check_deployment(r#""modules": {}"#, r#""routes": {"r":"FROM /messages/modules/ghost/* INTO $upstream"}"#, stderr);
}
