//! Options of `docker build`, with the docker CLI and the engine of this machine as the oracles.

use edgectl::image::{BuildPlan, OptionError, Reference};

use crate::parts::{Own, docker, engine};

#[test]
fn every_option_that_docker_lists_is_known() {
    if !engine() {
        return;
    }
    let help = String::from_utf8(docker(&["build", "--help"])).expect("help is text");
    let words = help.lines().flat_map(|line| line.split_whitespace().take(2));
    let options: Vec<&str> = words.filter(|word| word.starts_with("--") && word.len() > 3).collect();
    assert!(options.len() > 20, "{help}");
    for option in options {
        let image = Reference::parse("a").expect("it is a reference");
        let mut plan = BuildPlan::new(image, "/context", "/context/Dockerfile");
        let applied = plan.apply_options(&[option.to_owned()], &|_| None);
        assert!(!matches!(applied, Err(OptionError::Unknown(_))), "{option} is unknown");
    }
}

#[test]
fn limits_that_buildkit_would_drop_count() {
    if !engine() {
        return;
    }
    let own = Own::new();
    let module = own.module("filter", r#""amd64": "Dockerfile""#);
    let options = module.replace("}}}", r#"}}, "buildOptions": ["--ulimit nofile=123"]}"#);
    let folder = own.solution("RUN ulimit -n > /limit").file("modules/filter/module.json", &options);
    assert_eq!(folder.run("build --quiet --no-cache").status, Some(0));
    assert_eq!(docker(&["run", "--rm", &own.image(), "cat", "/limit"]), b"123\n");
}
