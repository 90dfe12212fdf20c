//! `images.lock`: what `push` and `build --push` note in it, and when they leave it alone.

use std::process::Child;

use crate::fake::{Answer, DOCKER, Fake, common};
use crate::parts::{Own, engine, module_json, solution};
use crate::support::Folder;
use crate::support::parts::part;

const HEAD: &str = "\
    # Written by `edgectl build --push` and `edgectl push`, read by `edgectl deploy --pin`: keep it under version control.\n";

/// An engine that pushes what is for amd64, and is refused the rest.
fn pushing(request: &str) -> Answer {
    match request {
        push if push.contains("/push?tag=1-amd64") => Answer::Ok(
            "{\"status\":\"1-amd64: digest: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb size: 1\"}\n",
        ),
        push if push.contains("/push") => Answer::Status(500, r#"{"message":"denied"}"#),
        other => common(other, DOCKER),
    }
}

fn line(module: &str, platform: &str, digit: &str) -> String {
    let (image, digest) = (format!("registry.test/{module}:1-{platform}"), digit.repeat(64));
    format!(r#"- {{"module":"{module}","platform":"{platform}","image":"{image}","digest":"sha256:{digest}"}}"#)
}

fn two_platforms() -> Folder {
    let module = module_json("registry.test/filter", r#""amd64": "./Dockerfile", "arm64v8": "./Dockerfile""#);
    solution("registry.test", "").file("modules/filter/module.json", &module)
}

#[test]
fn what_is_pushed_is_added_and_what_is_refused_is_not() {
    let fake = Fake::start(pushing);
    let known = format!("{HEAD}{}\n{}\n", line("filter", "amd64", "0"), line("other", "amd64", "0"));
    let folder = fake.use_in(two_platforms()).file("images.lock", &known);
    let run = folder.run("push --platform amd64 --platform arm64v8");
    assert_eq!(run.status, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("       Noted digests in `images.lock`\n"), "{}", run.stderr);
    let expected = format!("{HEAD}{}\n{}\n", line("filter", "amd64", "b"), line("other", "amd64", "0"));
    assert_eq!(folder.read("images.lock"), expected);
    let again = folder.run("push");
    assert!(!again.stderr.contains("Noted"), "it was noted before: {}", again.stderr);
    assert_eq!(folder.read("images.lock"), expected);
}

#[test]
fn a_lock_that_cannot_be_read_is_told_before_anything_is_pushed() {
    let fake = Fake::start(pushing);
    let folder = fake.use_in(two_platforms()).file("images.lock", &format!("{HEAD}<<<<<<< ours\n"));
    let run = folder.run("push");
    assert_eq!((run.status, run.stderr.lines().next()), (Some(1), Some("error: cannot read `images.lock`")));
    assert!(fake.requests("/push").is_empty());
}

#[test]
fn runs_at_the_same_time_all_note_what_they_pushed() {
    let fake = Fake::start(pushing);
    let module = |name: &str| module_json(&format!("registry.test/{name}"), r#""amd64": "Dockerfile""#);
    let names = ["a", "b", "c", "d", "e", "f"];
    let folder = names.iter().fold(fake.use_in(Folder::new()), |folder, name| {
        let file = |file: &str| format!("modules/{name}/{file}");
        folder.file(&file("module.json"), &module(name)).file(&file("Dockerfile"), "FROM scratch\n")
    });
    let runs: Vec<Child> =
        names.iter().map(|name| folder.command(&["push", name]).spawn().expect("it starts")).collect();
    for run in runs {
        let output = run.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let lines: Vec<String> = names.iter().map(|name| line(name, "amd64", "b")).collect();
    assert_eq!(folder.read("images.lock"), format!("{HEAD}{}\n", lines.join("\n")));
}

#[test]
fn the_digest_of_the_real_registry_is_noted_with_the_sources() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let folder = own.solution("RUN echo noted > /noted");
    folder.run("build --push --quiet --tag noted --build-arg A=1");
    let noted = folder.read("images.lock");
    let digest = own.digest("1-noted-amd64").expect("the registry has the tag");
    let line = format!(
        r#"- {{"module":"filter","platform":"amd64","image":"{}","digest":"{digest}","inputs":"sha256:"#,
        own.name("filter:1-noted-amd64")
    );
    assert!(noted.starts_with(&format!("{HEAD}{line}")), "{noted}");
    folder.run("build --quiet --tag noted");
    folder.run("push --quiet --tag noted");
    let inputs = |text: &str| text.split_once("inputs").map(|(_, inputs)| inputs.to_owned());
    assert_eq!(inputs(&folder.read("images.lock")), inputs(&noted), "flags of a build are no part of the sources");
}
