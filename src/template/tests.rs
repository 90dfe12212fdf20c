use std::fs;
use std::path::Path;

use super::embedded::{all, find};
use super::manifest::Found;
use super::render::Source;
use super::*;

fn template(manifest: &str, files: &[(&str, &str)]) -> Template {
    let source = |(path, text): &(&str, &str)| Source { path: (*path).to_owned(), contents: text.as_bytes().to_vec() };
    let sources = files.iter().map(source).collect();
    let found = Found { manifest: manifest.to_owned(), sources, ..Found::default() };
    Template::parse("t", found).expect("the manifest is right")
}

fn planned(template: &Template) -> Result<Vec<(String, String)>, String> {
    let mut answers = Answers::new("Filter");
    answers.complete(template).map_err(|error| error.to_string())?;
    let plan = plan(template, &answers, Path::new("root"), Path::new("folder")).map_err(|error| error.to_string())?;
    let told =
        |file: PlannedFile| (file.path.display().to_string(), String::from_utf8_lossy(&file.contents).into_owned());
    Ok(plan.files.into_iter().map(told).collect())
}

fn pair(path: &str, text: &str) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

const MODULE: &str = "for: module\nsummary: s\n";

#[test]
fn only_hbs_files_are_rendered_and_nothing_is_escaped() {
    let manifest = format!("{MODULE}parameters:\n  base:\n    accepts: image\n    default: $X/{{{{image_name}}}}:1\n");
    let files = [("a.hbs", "{{name}} <{{base}}>"), ("b", "{{name}}"), ("{{name}}/c", "")];
    let expected = [pair("Filter/c", ""), pair("a", "Filter <$X/filter:1>"), pair("b", "{{name}}")];
    assert_eq!(planned(&template(&manifest, &files)), Ok(expected.to_vec()));
}

#[test]
fn a_path_with_platform_is_a_file_of_each() {
    let expected = [pair("D.amd64", "amd64"), pair("D.arm64v8", "arm64v8")];
    assert_eq!(planned(&template(MODULE, &[("D.{{platform}}.hbs", "{{platform}}")])), Ok(expected.to_vec()));
}

#[test]
fn a_platform_on_request_gets_its_file() {
    let manifest = format!("{MODULE}parameters:\n  arm32v7: {{ accepts: [no, yes], default: yes }}\n");
    let expected = [pair("D.amd64", ""), pair("D.arm32v7", ""), pair("D.arm64v8", "")];
    assert_eq!(planned(&template(&manifest, &[("D.{{platform}}", "")])), Ok(expected.to_vec()));
}

#[test]
fn a_condition_leaves_files_out() {
    let manifest = "for: solution\nsummary: s\nparameters:\n  format: { accepts: [json, yaml], default: yaml }\n\
        only:\n  a.json: { format: json }\n  a.yaml: { format: yaml }\n";
    let files = [("a.json", "j"), ("a.yaml", "y"), ("b", "")];
    assert_eq!(planned(&template(manifest, &files)), Ok(vec![pair("a.yaml", "y"), pair("b", "")]));
}

#[test]
fn a_name_without_a_value_is_an_error() {
    let told = planned(&template(MODULE, &[("a.hbs", "{{nmae}}")])).expect_err("`nmae` is unknown");
    assert_eq!(
        told,
        "cannot render `a.hbs` of the template `t`: Failed to access variable in strict mode Some(\"nmae\")"
    );
}

#[test]
fn a_path_stays_in_the_folder() {
    for path in ["../a", "/a", "a/../../b"] {
        let told = planned(&template(MODULE, &[(path, "")])).expect_err("the path leads out");
        let expected = format!(
            "the file `{path}` of the template `t` would be written to `{path}`, which leads out of the folder"
        );
        assert_eq!(told, expected);
    }
}

#[test]
fn two_files_at_one_path_are_refused() {
    let told = planned(&template(MODULE, &[("Filter", ""), ("{{name}}", "")])).expect_err("both are `Filter`");
    let expected =
        "the file `{{name}}` of the template `t` would be written to `Filter`, where another file of it stands";
    assert_eq!(told, expected);
}

#[test]
fn values_that_would_break_a_file_are_refused() {
    for (accepts, value, allowed) in [
        (Accepts::Image, "python:3.13-slim-trixie", true),
        (Accepts::Image, "localhost:5000/a/b@sha256:00ff", true),
        (Accepts::Image, "${REGISTRY}/a:$VERSION", true),
        (Accepts::Image, "", false),
        (Accepts::Image, "a b", false),
        (Accepts::Image, "a\"b", false),
        (Accepts::Image, "a/", false),
        (Accepts::Repository, "$CONTAINER_REGISTRY_SERVER/filter", true),
        (Accepts::Repository, "localhost:5000/filter", true),
        (Accepts::Repository, "localhost:5000/filter:1", false),
        (Accepts::OneOf(vec!["json".to_owned()]), "json", true),
        (Accepts::OneOf(vec!["json".to_owned()]), "yaml", false),
    ] {
        assert_eq!(accepts.allows(value), allowed, "{accepts:?} {value}");
    }
}

#[test]
fn every_template_file_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut embedded = Vec::new();
    for template in [Purpose::Module, Purpose::Pipeline, Purpose::Solution]
        .into_iter()
        .flat_map(|purpose| all(purpose).expect("right"))
    {
        let path = |source: &Source| format!("{}/files/{}", template.name, source.path);
        embedded.extend(template.sources.iter().map(path));
        embedded.push(format!("{}/template.yaml", template.name));
        embedded.extend(template.debugging.iter().map(|_| format!("{}/debug.json.hbs", template.name)));
    }
    embedded.sort();
    assert_eq!(embedded, files_below(&root, ""), "run `touch src/template/embedded.rs`, and build again");
}

fn files_below(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the templates are there") {
        let entry = entry.expect("an entry can be read");
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => found.extend(files_below(&entry.path(), &format!("{path}/"))),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// A plan of these new files in the folder `folder` below `root`.
fn plan_of(root: &Path, folder: &str, files: Vec<PlannedFile>) -> Plan {
    Plan { root: root.into(), folder: folder.into(), files, edits: Vec::new(), beside: Vec::new(), debugging: None }
}

fn file(path: &str) -> PlannedFile {
    PlannedFile { path: path.into(), contents: b"new".to_vec(), mode: Mode::Plain }
}

#[test]
fn a_write_that_fails_midway_leaves_nothing_behind() {
    let root = tempfile::tempdir().expect("a folder");
    let plan = plan_of(root.path(), "modules/filter", vec![file("a/b"), file("c"), file("c/d")]);
    let told = write(&plan).expect_err("`c` is a file, so `c/d` can't be");
    assert_eq!(told.message(), "cannot write `modules/filter/c/d`, so nothing was written");
    assert_eq!(files_below(root.path(), ""), [""; 0]);
    assert!(!root.path().join("modules").exists());
}

#[test]
fn an_edit_that_fails_takes_everything_back() {
    let root = tempfile::tempdir().expect("a folder");
    let first = root.path().join("first.json");
    fs::write(&first, "old").expect("written");
    let edit = |path: &Path| Edit { path: path.to_owned(), text: "new".to_owned() };
    let edits = vec![edit(&first), edit(&root.path().join("absent.json"))];
    let beside = vec![edit(&root.path().join(".vscode/launch.json"))];
    let plan = Plan { edits, beside, ..plan_of(root.path(), "filter", vec![file("a")]) };
    let told = write(&plan).expect_err("one of the files isn't there");
    assert_eq!(told.message(), "cannot write `absent.json`, so nothing was written");
    assert_eq!(files_below(root.path(), ""), ["first.json"]);
    assert_eq!(fs::read_to_string(first).expect("readable"), "old");
}

#[test]
fn a_folder_that_exists_is_left_alone() {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("f")).expect("made");
    fs::write(root.path().join("f/mine"), "").expect("written");
    let plan = plan_of(root.path(), "f", vec![file("a")]);
    assert_eq!(write(&plan).expect_err("it exists").message(), "`f` already exists");
    assert_eq!(files_below(root.path(), ""), ["f/mine"]);
}

#[cfg(unix)]
#[test]
fn an_executable_file_can_be_run_and_an_edit_keeps_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let root = tempfile::tempdir().expect("a folder");
    let edited = root.path().join("edited");
    fs::write(&edited, "old").expect("written");
    fs::set_permissions(&edited, fs::Permissions::from_mode(0o640)).expect("set");
    let run = PlannedFile { mode: Mode::Executable, ..file("run") };
    let edits = vec![Edit { path: edited.clone(), text: "new".to_owned() }];
    let files = vec![run, file("read")];
    write(&Plan { edits, ..plan_of(root.path(), "f", files) }).expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&root.path().join("f/run")) & 0o100, 0o100);
    assert_eq!(mode(&root.path().join("f/read")) & 0o111, 0);
    assert_eq!((mode(&edited), fs::read_to_string(&edited).expect("readable").as_str()), (0o640, "new"));
}

#[test]
fn a_template_that_is_unknown_is_told_with_the_nearest() {
    let failure: crate::failure::Failure = find(Purpose::Module, "pyton").expect_err("it is misspelt").into();
    assert_eq!(
        (failure.message(), failure.hints()),
        ("there is no template `pyton`", &["did you mean `python`?".to_owned()][..])
    );
}

/// A YAML file that stands as edgectl writes it can be edited without losing anything.
#[test]
fn the_yaml_solution_is_the_json_one_as_edgectl_writes_it() {
    let solution = find(Purpose::Solution, "solution").expect("it is there");
    for login in ["no", "yes"] {
        let text = |format: &str| {
            let mut answers = Answers::new("s");
            answers.set(&solution, "format", format).expect("it is one");
            answers.set(&solution, "login", login).expect("it is one");
            answers.complete(&solution).expect("the rest has defaults");
            let plan = plan(&solution, &answers, Path::new("/"), Path::new("s")).expect("it renders");
            let path = format!("deployment.template.{format}");
            let file = plan.files.into_iter().find(|file| file.path == Path::new(&path)).expect("it is planned");
            String::from_utf8(file.contents).expect("it is text")
        };
        let value: serde_json::Value = serde_json::from_str(&text("json")).expect("it is JSON");
        assert_eq!(text("yaml"), crate::yaml::render(&value), "login: {login}");
    }
}
