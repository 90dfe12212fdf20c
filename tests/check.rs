//! What `edgectl deploy --check` finds. Each case is a solution below tests/data/manifest/findings; a comment
//! `expect: CODE…` at the end of a line says what is to be found there, and `expected.json` in which words.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edgectl::environment::Environment;
use edgectl::manifest::{CODES, Finding, Severity};
use edgectl::solution::{Solution, Wanted};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::Folder;

const CASES: &str = "tests/data/manifest/findings";
/// 2026-11-22, on which every case was written.
const TODAY: Duration = Duration::from_secs(1_795_305_600);

#[test]
fn every_case_has_exactly_its_findings() {
    for case in cases() {
        let found = findings(&case.join("solution"));
        let places: BTreeSet<(usize, String)> = found.iter().map(|f| (f.at.line, f.code.to_owned())).collect();
        if let Some(expected) = marked(&case) {
            assert_eq!(places, expected, "{}", case.display());
        }
        let found = json!({ "findings": found.iter().map(Finding::to_record).collect::<Vec<_>>() });
        let expected = fs::read_to_string(case.join("expected.json")).unwrap_or_default();
        let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
        assert!(found == expected, "{}\n===== got\n{found:#}\n===== expected\n{expected:#}", case.display());
    }
}

#[test]
fn every_kind_of_finding_has_a_case() {
    let found: BTreeSet<&str> =
        cases().iter().flat_map(|case| findings(&case.join("solution"))).map(|f| f.code).collect();
    // A layer where a whole deployment is wanted is told by those who want one: tests/deploy.rs.
    let expected: BTreeSet<&str> = CODES.iter().map(|code| code.name).filter(|name| *name != "layer").collect();
    assert_eq!(found, expected);
}

#[test]
fn a_code_always_means_the_same_severity() {
    for finding in cases().iter().flat_map(|case| findings(&case.join("solution"))) {
        let code = CODES.iter().find(|code| code.name == finding.code).expect("every code is in the table");
        assert_eq!(finding.severity, code.severity, "{}", finding.code);
    }
}

#[test]
fn the_readme_lists_every_code() {
    let readme = fs::read_to_string(package().join("README.md")).expect("it can be read");
    let row = |code: &edgectl::manifest::Code| {
        let severity = if code.severity == Severity::Error { "error" } else { "warning" };
        format!("| `{}` | {severity} | {} |\n", code.name, code.what)
    };
    let table: String = CODES.iter().map(row).collect();
    assert!(readme.contains(&table), "the table of findings in README.md should be:\n{table}");
}

#[test]
fn no_secret_is_ever_shown() {
    for case in ["environment", "yaml"] {
        let folder = Folder::copy_of(package().join(CASES).join(case).join("solution"));
        let run = folder.run("deploy --check");
        for secret in ["hunter2", "bm90IGEga2V5", "guest:guest", "secret-of-env"] {
            assert!(!run.stderr.contains(secret), "{}", run.stderr);
        }
    }
}

#[test]
fn every_finding_is_shown_and_the_last_line_counts() {
    let folder = Folder::copy_of(package().join(CASES).join("layer/solution"));
    let run = folder.run("deploy --check --allow unknown-member --allow image-tag");
    run.check(
        1,
        "",
        "warning[never-matches]: the condition is never true, whatever the message\n  \
         --> deployment.template.json:12:66\n   |\n\
         12 |         \"properties.desired.routes.all\": \"FROM /messages/* WHERE 1 = 2 INTO $upstream\" // expect: \
         never-matches\n   |                                                                  ^^^^^\n\
         hint: name a property in it, or take the route out\n\
         error[twin-key]: the key `a b` holds ' ', which no key of a twin may hold\n  \
         --> deployment.template.json:14:42\n   |\n\
         14 |       \"other\": { \"properties.desired\": { \"a b\": 1 } } // expect: twin-key\n   \
         |                                          ^^^^^\nhint: rename the key\n\
         error: `deployment.template.json` has 1 error and 1 warning\n\
         hint: mend what is told above and check again\n",
    );
}

#[test]
fn warnings_are_refused_only_if_that_is_asked_for() {
    let folder = Folder::copy_of(package().join(CASES).join("flow/solution"));
    assert_eq!(folder.run("deploy --check").status, Some(0));
    let denied = folder.run("deploy --check --deny-warnings --quiet");
    assert_eq!(denied.status, Some(1));
    assert_eq!(denied.stderr.lines().last(), Some("error: `deployment.template.json` has 4 warnings"));
    let denied = folder.run("deploy --deny-warnings");
    assert_eq!(denied.status, Some(1));
    assert!(!folder.list().contains(&"config/".to_owned()), "nothing is written");
    let allowed = folder.run("deploy --check --deny-warnings --allow loop --allow never-fed");
    allowed.check(0, "", "     Checked `deployment.template.json` (8 modules, 8 routes)\n");
}

#[test]
fn only_warnings_can_be_allowed() {
    let refusal = |code: &str| {
        let run = Folder::new().run(&format!("deploy --allow {code}"));
        (run.status, run.stderr.lines().next().unwrap_or_default().to_owned())
    };
    let start = |code: &str| format!("error: invalid value '{code}' for '--allow <CODE>': ");
    assert_eq!(refusal("lop"), (Some(2), start("lop") + "no warning is called so; did you mean `loop`?"));
    assert_eq!(refusal("route"), (Some(2), start("route") + "`route` is an error, which nothing allows"));
}

#[test]
fn what_edgectl_makes_itself_is_clean() {
    for format in ["json", "yaml"] {
        let folder = Folder::named("factory");
        let above = folder.above().to_owned();
        let run = |arguments: &[&str], at: &Path| {
            let mut command = folder.command(arguments);
            support::Run::of(command.current_dir(at), "")
        };
        run(&["new", "solution", "factory", "--yes", "--quiet", "--format", format], &above).check(0, "", "");
        if format == "json" {
            for template in ["python", "node", "rust"] {
                let made =
                    run(&["new", "module", template, "--template", template, "--yes", "--quiet"], &folder.path(""));
                assert_eq!(made.status, Some(0), "{}", made.stderr);
            }
        }
        let found = findings(&folder.path(""));
        assert!(found.is_empty(), "{found:#?}");
    }
}

fn findings(root: &Path) -> Vec<Finding> {
    let solution = Solution::open(root, &Environment::default(), &[]).expect("a solution");
    let file = root.join("manifest.json");
    let wanted = Wanted { today: TODAY, file: file.is_file().then_some(file), ..Wanted::default() };
    let manifest = solution.manifest(&wanted).expect("a template or a manifest");
    let mut found: Vec<Finding> = manifest.mistakes().iter().chain(&manifest.warnings).cloned().collect();
    found.sort_by_key(|finding| (finding.at.line, finding.at.column));
    found
}

/// What the comments of a case's template say is to be found: lines and codes. `None` for a text without any place
/// for comments.
fn marked(case: &Path) -> Option<BTreeSet<(usize, String)>> {
    let files = ["deployment.template.json", "deployment.template.yaml", "manifest.json"];
    let text = files.iter().find_map(|file| fs::read_to_string(case.join("solution").join(file)).ok())?;
    let of_line = |(index, line): (usize, &str)| {
        let codes = line.split("expect: ").nth(1).unwrap_or_default().trim_end_matches(['*', '/', ',', ' ']).to_owned();
        codes.split(' ').filter(|code| !code.is_empty()).map(|code| (index + 1, code.to_owned())).collect::<Vec<_>>()
    };
    let marks: BTreeSet<_> = text.lines().enumerate().flat_map(of_line).collect();
    let has_marks = text.contains("expect: ") || case.ends_with("clean");
    has_marks.then_some(marks)
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(package().join(CASES)).expect("cases");
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    cases
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Any value, with the keys of manifests wherever keys stand.
fn document() -> impl Strategy<Value = Value> {
    let keys = "modulesContent|\\$edgeAgent|\\$edgeHub|properties.desired|systemModules|modules|edgeHub|routes|settings|image|\
                createOptions|createOptions01|HostConfig|PortBindings|80/tcp|HostPort|Env|env|value|filter|schemaVersion|a b";
    let texts = "FROM /messages/\\* INTO \\$upstream|filter|1\\.1|\\{\"Env\":\\[|443|8000-9|a:b@c|\\PC{0,9}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts.prop_map(Value::from)
    ];
    leaf.prop_recursive(9, 120, 6, move |inner| {
        let members = prop::collection::btree_map(keys, inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_document_makes_the_checks_panic(desired in document(), hub in document(), twin in document()) {
        use edgectl::document::Document;
        use edgectl::manifest::{NoSources, Surroundings, check, hide_secrets};
        let value = json!({"modulesContent": {
            "$edgeAgent": {"properties.desired": {"modules": {"filter": desired}, "systemModules": {"edgeHub": twin}}},
            "$edgeHub": {"properties.desired": {"routes": hub}},
            "filter": {"properties.desired": twin},
        }});
        let text = format!("{value:#}");
        let document = Document::parse("m.json", &text).expect("JSON");
        let _ = check(&hide_secrets(document), Surroundings { today: TODAY, sources: &NoSources });
    }
}
