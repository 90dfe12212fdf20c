//! Secrets in what `deploy` writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::solution;
use crate::support::{Folder, Run};

const MANIFEST: &str = "config/deployment.amd64.json";
const PASSWORD: &str =
    "/modulesContent/$edgeAgent/properties.desired/runtime/settings/registryCredentials/factory/password";

fn password(folder: &Folder) -> String {
    let manifest: serde_json::Value = serde_json::from_str(&folder.read(MANIFEST)).expect("JSON");
    manifest.pointer(PASSWORD).and_then(|text| text.as_str()).expect("a password").to_owned()
}

fn mode(folder: &Folder) -> u32 {
    fs::metadata(folder.path(MANIFEST)).expect("it was written").permissions().mode() & 0o777
}

#[test]
fn a_password_stays_the_variable_that_the_template_names() {
    let folder = solution();
    folder.run("deploy").check(
        0,
        "",
        "       Wrote `config/deployment.amd64.json` (2 modules, 2 routes)\n\
         hint: nothing is deployed yet; run `edgectl deploy --apply --device solution --file \
         config/deployment.amd64.json`\n\
         hint: 1 secret left out; edgectl fills in a variable when it deploys the file, for other tools pass \
         `--with-secrets`\n",
    );
    assert_eq!(password(&folder), "$REGISTRY_PASSWORD");
    assert!(folder.read(MANIFEST).contains("hunter2"), "a module's environment is what the module needs");
    assert_eq!(mode(&folder) & 0o077, 0o044, "nothing in it is secret");
}

#[test]
fn a_password_that_stands_in_the_template_is_taken_out() {
    let folder = solution();
    let template = folder.read("deployment.template.json").replace("$REGISTRY_PASSWORD", "s3cret");
    let folder = folder.file("deployment.template.json", &template);
    let run = folder.run("deploy");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let told = run.stderr.split_once("Wrote ").map(|(_, told)| told);
    let expected = "`config/deployment.amd64.json` (2 modules, 2 routes)\n\
        hint: 1 secret left out, 1 of which no variable holds; name variables in the template, or pass \
        `--with-secrets`, to deploy the file\n";
    assert_eq!(told, Some(expected), "such a file is not to be deployed");
    assert_eq!(password(&folder), "***");
    assert!(!folder.run("deploy --out -").stdout.contains("s3cret"));
}

#[test]
fn with_secrets_the_file_is_whole_and_the_owners_alone() {
    let folder = solution().file(MANIFEST, "old\n");
    folder.run("deploy --with-secrets").check(
        0,
        "",
        "       Wrote `config/deployment.amd64.json` (2 modules, 2 routes)\n\
         hint: nothing is deployed yet; run `edgectl deploy --apply --device solution --file \
         config/deployment.amd64.json`\n",
    );
    assert_eq!((password(&folder), mode(&folder)), ("s3cret".to_owned(), 0o600));
}

#[test]
fn redacting_takes_out_what_looks_like_a_secret_too() {
    let folder = solution();
    let run = folder.run("deploy --redact --out -");
    assert!(run.stdout.contains("$REGISTRY_PASSWORD") && run.stdout.contains("\"threshold\": 25"), "{}", run.stdout);
    assert!(!run.stdout.contains("hunter2") && !run.stdout.contains("s3cret"), "{}", run.stdout);
    let hint = "hint: 2 secrets left out; this is for reading, to deploy it leave out `--redact`\n";
    assert_eq!((run.stderr.as_str(), run.status), (hint, Some(0)));
}

#[test]
fn a_manifest_that_waits_for_its_password_says_where() {
    let folder = solution();
    assert_eq!(folder.run("deploy --redact --quiet").status, Some(0));
    let check =
        |folder: &Folder| folder.run(&format!("deploy --check --file {MANIFEST} --quiet --allow hidden-secret"));
    check(&folder).check(0, "", "");
    let told = |run: Run| run.stderr.lines().next().unwrap_or_default().to_owned();
    let folder = folder.file(".env", "DB_PASSWORD=hunter2\n");
    assert_eq!(
        told(check(&folder)),
        "warning[registry-password]: this registry's password is the variable `REGISTRY_PASSWORD`, which is not set"
    );
}

#[track_caller]
fn check_shown(file: &str, text: &str, line: &str) {
    let run = Folder::new().file(file, text).run(&format!("deploy --check --file {file}"));
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2") && run.stderr.contains(line), "{}", run.stderr);
}

#[test]
fn a_line_that_cannot_be_read_is_shown_without_its_secrets() {
    check_shown(
        "twice.json",
        "{\n  \"password\": \"old\",\n  \"image\": \"a\", \"password\": \"hunter2\"\n}\n",
        "3 |   \"image\": \"a\", \"password\": \"*******\"\n",
    );
    check_shown("twice.yaml", "password: a\nimage: b\npassword: hunter2\n", "3 | password: *******\n");
    check_shown("open.json", "{\n  \"password\": \"hunter2\n}\n", "2 |   \"password\": \"*******\n");
    let lines = "{\"note\": \"a\nb\", \"password\": \"old\", \"password\": \"hunter2\"}\n";
    check_shown("lines.json", lines, "1 | {\"note\": \"a\n");
    check_shown("bare.json", "{\n  \"password\": hunter2\n}\n", "expected a value, found `***`\n");
}

#[test]
fn create_options_with_a_key_twice_are_shown_without_their_secrets() {
    let folder = solution();
    let manifest = folder.run("deploy --out -").stdout;
    let options = r#""createOptions": "{\"Env\":[\"API_KEY=hunter2\"],\"Env\":[]}""#;
    folder.write("whole.json", &manifest.replacen(r#""createOptions": "{}""#, options, 1));
    let run = folder.run("deploy --check --file whole.json");
    let shown = r#"{\"Env\":[\"API_KEY=*******\"],\"Env\":[]}"#;
    assert!(!run.stderr.contains("hunter2") && run.stderr.contains(shown), "{}", run.stderr);
}
