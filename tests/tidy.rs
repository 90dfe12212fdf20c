//! Holds the rules of `src/lib.rs`: reads the sources and fails where a border is crossed.
//!
//! Code behind `#[cfg(test)]` and in files named `tests.rs` is free.

#[path = "tidy/protocol.rs"]
mod protocol;
#[path = "tidy/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use source::{Place, Source, files_below, package};

/// A module and what it may use of its own layer.
type Module = (&'static str, &'static [&'static str]);

/// The layers from the lowest up: a module uses what stands in a lower layer, and of its own what its row lists.
/// `failure` and `ui` belong to the command line; they stand where the lowest layer that may speak with them begins.
const LAYERS: &[&[Module]] = &[
    &[("failure", &[])],
    // Domain, in four layers.
    &[
        ("clock", &[]),
        ("environment", &[]),
        ("metrics", &[]),
        ("text", &[]),
        ("json", &["text"]),
        ("yaml", &["json", "text"]),
        ("document", &["json", "text", "yaml"]),
    ],
    &[("identity", &[])],
    &[("message", &[]), ("route", &["message"]), ("twin", &[]), ("image", &[])],
    &[("manifest", &[]), ("template", &[]), ("solution", &["manifest", "template"])],
    // Cores.
    &[
        ("edgehub", &[]),
        ("mqtt", &["edgehub"]),
        ("amqp", &["edgehub"]),
        ("iothub", &["edgehub"]),
        ("agent", &[]),
        ("workload", &["edgehub"]),
    ],
    // Adapters.
    &[
        ("net", &[]),
        ("store", &[]),
        ("engine", &["net"]),
        ("runtime", &["engine", "store"]),
        ("client", &["net"]),
        ("azure", &["net"]),
    ],
    &[("ui", &[])],
    // Applications.
    &[("simulator", &["demo"]), ("demo", &[]), ("doctor", &["simulator"])],
    // The command line.
    &[("commands", &["cli"]), ("cli", &["commands"]), ("main", &["cli"]), ("lib", &[])],
];

/// Pairs that the order of the layers would allow and the rules do not: cores answer with data, never with words.
const FORBIDDEN: &[(&str, &str)] = &[
    ("agent", "failure"),
    ("amqp", "failure"),
    ("edgehub", "failure"),
    ("iothub", "failure"),
    ("mqtt", "failure"),
    ("workload", "failure"),
];

/// Every dependency and the modules that may know it; `*` is everybody.
const OWNERS: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["text"]),
    ("anyhow", &["*"]),
    ("base64", &["*"]),
    ("bollard", &["engine"]),
    ("bytes", &["*"]),
    ("clap", &["cli", "commands"]),
    ("clap_complete", &["commands"]),
    ("crc32fast", &["store"]),
    ("dialoguer", &["ui"]),
    ("docker_credential", &["engine"]),
    ("fe2o3_amqp_types", &["amqp"]),
    ("flate2", &["agent"]),
    ("futures_util", &["client", "engine", "net", "runtime", "simulator"]),
    ("handlebars", &["template"]),
    ("http_body_util", &["azure", "client", "engine", "net"]),
    ("hyper", &["azure", "client", "engine", "net"]),
    ("hyper_util", &["azure", "client", "engine", "net"]),
    ("include_dir", &["template"]),
    ("indicatif", &["ui"]),
    ("jsonc_parser", &["json"]),
    ("percent_encoding", &["*"]),
    ("rcgen", &["identity"]),
    ("regex_lite", &["agent", "template"]),
    ("ring", &["identity", "image", "net"]),
    ("rustix", &["net", "runtime", "simulator", "store"]),
    ("rustls", &["azure", "client", "net"]),
    ("rustls_native_certs", &["net"]),
    ("serde", &["*"]),
    ("serde_amqp", &["amqp"]),
    ("serde_json", &["*"]),
    ("serde_yaml", &["yaml"]),
    ("strsim", &["text"]),
    ("tar", &["engine"]),
    ("thiserror", &["*"]),
    ("time", &["clock"]),
    ("tokio", &["azure", "client", "commands", "demo", "engine", "net", "runtime", "simulator", "store"]),
    ("tokio_rustls", &["azure", "client", "net"]),
    ("tokio_tungstenite", &["net"]),
    ("uuid", &["*"]),
    ("zip", &["agent"]),
];

/// The files that may read the process environment and the clocks.
const WORLD: &[&str] = &["src/cli.rs", "src/commands/context.rs", "src/environment.rs"];

const MOST_LINES: usize = 400;

#[test]
fn dependencies_point_down_only() {
    check("the borders of `src/lib.rs`", |source, place| {
        let [root, used, ..] = place.segments.as_slice() else { return None };
        let (module, used) = (source.module(), used.as_str());
        if root != "crate" || layer(used).is_none() || may_use(module, used) {
            return None;
        }
        Some(format!("`{module}` uses `crate::{used}`: move the code to where both may reach it, or argue in `LAYERS`"))
    });
}

#[test]
fn every_module_has_its_layer() {
    let modules: BTreeSet<_> = Source::read_all("src").iter().map(|s| s.module().to_owned()).collect();
    let homeless: Vec<_> = modules.iter().filter(|m| layer(m).is_none()).collect();
    assert!(homeless.is_empty(), "{homeless:?} have no layer: add them to `LAYERS` in tests/tidy.rs and to src/lib.rs");
}

#[test]
fn one_crate_has_one_owner() {
    check("one crate, one owner", |source, place| {
        let used = place.segments[0].as_str();
        let owners = OWNERS.iter().find(|(name, _)| *name == used)?.1;
        let is_path = place.segments.len() > 1;
        if !is_path || owners.contains(&"*") || owners.contains(&source.module()) || declares(source, used) {
            return None;
        }
        Some(format!("`{used}` belongs to {owners:?}: ask its owner for what is needed, in our own types"))
    });
}

#[test]
fn every_dependency_has_an_owner() {
    let manifest = fs::read_to_string(package().join("Cargo.toml")).expect("it is there");
    let section = manifest.split("\n[").find_map(|s| s.strip_prefix("dependencies]\n")).expect("it has dependencies");
    let declared: BTreeSet<_> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(" =")?.0.replace('-', "_")))
        .collect();
    let listed: BTreeSet<_> = OWNERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, declared, "`OWNERS` in tests/tidy.rs lists exactly the dependencies of Cargo.toml");
}

#[test]
fn only_ui_prints() {
    const MACROS: [&str; 5] = ["print!", "println!", "eprint!", "eprintln!", "dbg!"];
    check("only `ui` prints", |source, place| {
        let name = place.segments.last()?;
        let prints = MACROS.contains(&name.as_str()) && source.module() != "ui";
        prints.then(|| format!("`{name}`: return what is to be said, or take a `Ui`"))
    });
}

#[test]
fn only_the_command_context_reads_environment_and_clock() {
    check("time and variables are arguments", |source, place| {
        let reads = reads_world(source, place) && !WORLD.contains(&source.path.as_str());
        reads.then(|| format!("`{}`: take a `Now` or an `Environment` as an argument", place.segments.join("::")))
    });
}

#[test]
fn no_file_is_too_long() {
    let sources = Source::read_all("src").into_iter().chain(Source::read_all("tests"));
    let long: Vec<_> = sources
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, path)| format!("{path}:{MOST_LINES}: it has {lines} lines: split it by what its parts own"))
        .collect();
    report(&format!("a file has at most {MOST_LINES} lines"), &long);
}

#[test]
fn no_test_file_is_forgotten() {
    let sources = Source::read_all("tests");
    let forgotten: Vec<_> = sources
        .iter()
        .filter(|source| !is_reached(source, &sources))
        .map(|source| format!("{}:1: no test target reads it: name it with `mod` in one", source.path))
        .collect();
    report("every file below tests/ belongs to a test target", &forgotten);
}

#[test]
fn every_folder_of_test_data_is_used() {
    let data = package().join("tests/data");
    let sources: Vec<_> = Source::read_all("src").into_iter().chain(Source::read_all("tests")).collect();
    let folders: BTreeSet<_> = files_below(&data)
        .iter()
        .filter_map(|file| {
            file.strip_prefix(&data).ok()?.iter().next()?.to_str().map(|name| format!("tests/data/{name}"))
        })
        .collect();
    let unused: Vec<_> = folders
        .iter()
        .filter(|folder| !sources.iter().any(|source| source.text.contains(folder.as_str())))
        .map(|folder| format!("{folder}:1: no test names it: write the test or remove the folder"))
        .collect();
    report("test data is used by a test", &unused);
}

/// Asks the rule about every path of `src/` and fails with what it says, one line a finding.
fn check(rule: &str, finding: impl Fn(&Source, &Place) -> Option<String>) {
    let mut findings = Vec::new();
    for source in Source::read_all("src") {
        let found = source.paths.iter().filter_map(|place| Some((place.line, finding(&source, place)?)));
        findings.extend(found.map(|(line, what)| format!("{}:{line}: {what}", source.path)));
    }
    findings.dedup();
    report(rule, &findings);
}

fn report(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "rule: {rule}\n{}\n", findings.join("\n"));
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.iter().any(|(name, _)| *name == module))
}

fn may_use(module: &str, used: &str) -> bool {
    let beside: BTreeMap<_, _> = LAYERS.iter().copied().flatten().copied().collect();
    let sideways = module == used || beside.get(module).is_some_and(|listed| listed.contains(&used));
    (layer(used) < layer(module) || sideways) && !FORBIDDEN.contains(&(module, used))
}

/// Says whether the file has a module of its own by that name, which then is meant.
fn declares(source: &Source, name: &str) -> bool {
    [format!("mod {name};"), format!("mod {name} {{")].iter().any(|line| source.text.contains(line))
}

fn reads_world(source: &Source, place: &Place) -> bool {
    let path: Vec<_> = place.segments.iter().map(String::as_str).collect();
    let is_call = |owner| path.windows(2).any(|pair| pair == [owner, "now"]);
    let uses_tokio = || source.paths.iter().any(|p| p.segments.iter().take(3).eq(["tokio", "time", "Instant"]));
    let reads_variables = path.starts_with(&["std", "env"]) && path.get(2) != Some(&"consts");
    reads_variables || is_call("SystemTime") || is_call("Instant") && path[0] != "tokio" && !uses_tokio()
}

/// Says whether cargo builds the file: as a target of its own, or as a module that another file names.
fn is_reached(source: &Source, all: &[Source]) -> bool {
    let inside = source.path.trim_start_matches("tests/");
    let stem = inside.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let manifest = fs::read_to_string(package().join("Cargo.toml")).expect("it is there");
    let is_named = manifest.contains(&format!("path = \"{}\"", source.path));
    let is_target = folder.is_empty() || name == "main" && !folder.contains('/') || is_named;
    is_target
        || all.iter().any(|other| {
            let by_path = other.text.contains(&format!("#[path = \"{inside}\"]"));
            by_path || other.path.starts_with(&format!("tests/{folder}")) && declares(other, name)
        })
}
