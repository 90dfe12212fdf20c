//! iotedgedev 3.3.9 beside edgectl on the same solutions: what it writes, edgectl writes, but for the mends that a
//! case documents in its `iotedgedev.json`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::support::{Folder, Run, parts};
use super::{arguments, cases, deploy, json};

/// What a case of `mended` or `refused` says of iotedgedev.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mend {
    /// What iotedgedev gets wrong, in a sentence.
    mend: String,
    /// What it does.
    does: Does,
    /// What it writes at these places instead.
    #[serde(default)]
    instead: Map<String, Value>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Does {
    /// It ends with an error and writes nothing.
    Refuse,
    /// It writes a manifest.
    Write,
}

#[test]
fn on_each_case_iotedgedev_and_edgectl_differ_by_documented_mends_only() {
    let Some(program) = parts::part("EDGECTL_TEST_IOTEDGEDEV") else { return };
    let all: Vec<_> = ["same", "mended", "refused"].into_iter().flat_map(cases).collect();
    let differences = std::sync::Mutex::new(Vec::new());
    let (first, second) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(|| {
                let found = half.iter().filter_map(|case| difference(&program, case));
                let found: Vec<String> = found.collect();
                differences.lock().expect("no thread panics with it").extend(found);
            });
        }
    });
    let differences = differences.into_inner().expect("no thread panicked");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// Runs both tools on a case; tells what should not be as it is.
fn difference(program: &str, case: &Path) -> Option<String> {
    let (theirs, ours) = (Folder::copy_of(case.join("solution")), Folder::copy_of(case.join("solution")));
    let run = genconfig(program, &theirs, case);
    let written = written(&theirs, case);
    let told = deploy(&ours, case);
    let name = case.display();
    let mend = mend(case);
    match (&mend, told.status) {
        (None, Some(0)) => {
            let got = self::written(&ours, case);
            (got != written).then(|| format!("{name}\n===== iotedgedev\n{written:#?}\n===== edgectl\n{got:#?}"))
        }
        (None, _) => {
            written.map(|(path, _)| format!("{name}: iotedgedev writes {path}, and no `iotedgedev.json` says why"))
        }
        (Some(Mend { mend, .. }), _) if mend.is_empty() => Some(format!("{name}: the mend has no words")),
        (Some(Mend { does: Does::Refuse, .. }), _) => {
            let refused = written.is_none() && run.status != Some(0);
            (!refused).then(|| format!("{name}: iotedgedev takes it\n{}{}", run.stdout, run.stderr))
        }
        (Some(mend), status) => {
            let Some((_, theirs)) = written else { return Some(format!("{name}: iotedgedev writes nothing")) };
            if status != Some(0) {
                return None;
            }
            let mut expected = self::written(&ours, case)?.1;
            for (pointer, value) in &mend.instead {
                let Some(place) = expected.pointer_mut(pointer) else { return Some(format!("{name}: no {pointer}")) };
                *place = value.clone();
            }
            (theirs != expected).then(|| format!("{name}\n===== iotedgedev\n{theirs:#}\n===== expected\n{expected:#}"))
        }
    }
}

fn mend(case: &Path) -> Option<Mend> {
    let path = case.join("iotedgedev.json");
    let text = fs::read_to_string(&path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Runs `iotedgedev genconfig` with the case's arguments, which are those of `edgectl deploy`.
fn genconfig(program: &str, folder: &Folder, case: &Path) -> Run {
    let mut command = Command::new(program);
    command.arg("genconfig").current_dir(folder.path("")).env_clear();
    command.env("HOME", folder.above()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let arguments = arguments(case);
    for pair in arguments.split_whitespace().collect::<Vec<_>>().chunks(2) {
        match *pair {
            ["--out", _] => &mut command,
            ["--file", file] => command.args(["-f", file]),
            ["--platform", platform] => command.args(["-P", platform]),
            ["--tag", tag] => command.env("CONTAINER_TAG", tag),
            ["--set", pair] => {
                let (name, value) = pair.split_once('=').expect("NAME=VALUE");
                command.env(name, value)
            }
            _ => panic!("{}: iotedgedev has no {pair:?}", case.display()),
        };
    }
    // Without this it tells its makers of every run.
    let settings = folder.above().join(".iotedgedev");
    fs::create_dir_all(&settings).expect("a folder can be made");
    fs::write(settings.join("setting.ini"), "[DEFAULT]\nfirsttime = no\ncollect_telemetry = no\n").expect("it fits");
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    Run::of(command.stderr(std::process::Stdio::piped()), "")
}

/// The manifest that was not in the case's solution.
fn written(folder: &Folder, case: &Path) -> Option<(String, Value)> {
    let is_new = |path: &String| path.ends_with(".json") && !case.join("solution").join(path).exists();
    let path = folder.list().into_iter().find(is_new)?;
    let text = folder.read(&path);
    Some((path, json(&text)))
}
