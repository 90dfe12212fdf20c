//! Every option of `docker build`, and what becomes of it.

use super::*;
use crate::image::{Bases, Cache, Layers, Reference, Secret};

fn apply(options: &[&str]) -> Result<BuildPlan, OptionError> {
    let image = Reference::parse("filter:1").expect("it is a reference");
    let mut plan = BuildPlan::new(image, "/context", "/context/Dockerfile");
    let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    plan.apply_options(&options, &|_| None).map(|()| plan)
}

#[test]
fn option_and_value_may_stand_in_one_entry_or_two() {
    let expected = Some("b c");
    for options in [&["--build-arg 'A=b c'"][..], &["--build-arg", "\"A=b c\""], &["--build-arg=A=b\\ c"]] {
        assert_eq!(apply(options).expect("they are supported").args.get("A").map(String::as_str), expected);
    }
}

#[test]
fn every_option_reaches_the_plan() {
    let plan = apply(&[
        "--add-host=github.com:192.30.255.112",
        "--label a=b",
        "--target debug",
        "--network host",
        "--no-cache --pull=true --squash=false",
        "-m 1.5g",
        "--memory-swap -1",
        "--shm-size 64KiB",
        "--cache-from type=registry,ref=a/b:1",
        "--cache-to type=inline",
        "--platform linux/arm64",
        "--rm --force-rm -q",
        "--ulimit nofile=1024:2048 --ulimit core=0",
        "--secret id=a,src=b --ssh default=/run/agent",
    ]);
    let plan = plan.expect("they are supported");
    assert_eq!(plan.extra_hosts, ["github.com:192.30.255.112"]);
    assert_eq!(plan.labels.get("a").map(String::as_str), Some("b"));
    assert_eq!((plan.target.as_deref(), plan.network.as_deref()), (Some("debug"), Some("host")));
    assert_eq!((plan.cache, plan.bases, plan.layers), (Cache::Skip, Bases::Refresh, Layers::Keep));
    let limits: Vec<_> = plan.limits.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ulimits = r#"[{"Name":"nofile","Soft":1024,"Hard":2048},{"Name":"core","Soft":0,"Hard":0}]"#;
    let expected = [("memory", "1610612736"), ("memswap", "-1"), ("shmsize", "65536"), ("ulimits", ulimits)];
    assert_eq!(limits, expected);
    assert_eq!(plan.secrets.get("a"), Some(&Secret::File("b".into())));
    assert_eq!(plan.agents.get("default").map(|socket| socket.as_path()), Some("/run/agent".as_ref()));
    assert_eq!((plan.cache_from, plan.platform.as_deref()), (vec!["a/b:1".to_owned()], Some("linux/arm64")));
    assert_eq!(plan.args.get("BUILDKIT_INLINE_CACHE").map(String::as_str), Some("1"));
    assert_eq!(plan.notes, Vec::<String>::new());
}

/// What becomes of one option.
#[derive(Debug, PartialEq)]
enum Becomes {
    /// It changes the plan.
    Applied,
    /// It is what happens anyway.
    Usual,
    /// It changes nothing, which is told.
    Told,
    Refused,
}

fn becomes(option: &str) -> Becomes {
    let (Ok(plan), usual) = (apply(&[option]), apply(&[]).expect("nothing is supported")) else {
        return Becomes::Refused;
    };
    match plan {
        plan if plan == usual => Becomes::Usual,
        plan if plan.notes.is_empty() => Becomes::Applied,
        _ => Becomes::Told,
    }
}

/// Each option of `docker build` with an example, and what becomes of it.
const DOCKER_BUILD: &[(&str, Becomes)] = {
    use Becomes::{Applied, Refused, Told, Usual};
    &[
        ("--add-host a:1.2.3.4", Applied),
        ("--allow network.host", Refused),
        ("--annotation a=b", Refused),
        ("--attest type=sbom", Refused),
        ("--build-arg A=b", Applied),
        ("--build-context a=b", Refused),
        ("--builder default", Refused),
        ("--cache-from a:1", Applied),
        ("--cache-to type=inline", Applied),
        ("--cache-to type=registry,ref=a:1", Refused),
        ("--call outline", Refused),
        ("--cgroup-parent /a", Applied),
        ("--check", Refused),
        ("--compress", Told),
        ("--cpu-period 100000", Applied),
        ("--cpu-quota 50000", Applied),
        ("--cpu-shares 512", Applied),
        ("-c 512", Applied),
        ("--cpuset-cpus 0-3", Applied),
        ("--cpuset-mems 0", Applied),
        ("--disable-content-trust", Told),
        ("--file Dockerfile.other", Told),
        ("-f Dockerfile.other", Told),
        ("--force-rm", Usual),
        ("--iidfile id", Refused),
        ("--isolation default", Usual),
        ("--isolation process", Refused),
        ("--label a=b", Applied),
        ("--load", Told),
        ("--memory 512m", Applied),
        ("-m 512m", Applied),
        ("--memory-swap -1", Applied),
        ("--metadata-file a.json", Refused),
        ("--network host", Applied),
        ("--no-cache", Applied),
        ("--no-cache-filter build", Refused),
        ("--output out", Refused),
        ("-o out", Refused),
        ("--platform linux/arm64", Applied),
        ("--progress plain", Told),
        ("--provenance=false", Usual),
        ("--provenance=mode=max", Refused),
        ("--pull", Applied),
        ("--push", Refused),
        ("--quiet", Usual),
        ("-q", Usual),
        ("--rm", Usual),
        ("--rm=false", Told),
        ("--sbom=false", Usual),
        ("--sbom=true", Refused),
        ("--secret id=a,src=b", Applied),
        ("--security-opt label=disable", Refused),
        ("--shm-size 128m", Applied),
        ("--squash", Applied),
        ("--ssh default=/run/agent", Applied),
        ("--tag x:1", Told),
        ("-t x:1", Told),
        ("--target build", Applied),
        ("--ulimit nofile=1024", Applied),
    ]
};

#[test]
fn every_option_of_docker_build_is_decided() {
    for (option, expected) in DOCKER_BUILD {
        assert_eq!(becomes(option), *expected, "{option}");
    }
    let is_tried = |name: &str| DOCKER_BUILD.iter().any(|(option, _)| option.split([' ', '=']).next() == Some(name));
    for rule in RULES {
        assert!(is_tried(rule.name) && rule.short.is_none_or(is_tried), "{} is not in the table", rule.name);
    }
}

#[test]
fn what_another_place_decides_is_told() {
    let plan = apply(&["-t x:1", "-f Dockerfile.other"]).expect("they are understood");
    assert_eq!(
        plan.notes,
        [
            "build option `--tag x:1` has no effect: `image.repository` and `image.tag` name the image",
            "build option `--file Dockerfile.other` has no effect: `image.tag.platforms` names the Dockerfile",
        ]
    );
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let cases = [
        (&["--frobnicate"][..], "build option `--frobnicate` is not supported"),
        (
            &["--ulimit nofile"],
            "build option `--ulimit`: expected `name=soft[:hard]` like `nofile=1024:2048`, found `nofile`",
        ),
        (
            &["--ssh default"],
            "build option `--ssh`: expected `default` with `SSH_AUTH_SOCK` set, or `ID=SOCKET` of an agent, found `default`",
        ),
        (&["--target"], "build option `--target` has no value"),
        (&["Dockerfile"], "expected a build option, found `Dockerfile`"),
        (&["--label 'a"], "a quote is not closed in build option `--label 'a`"),
        (&["--memory much"], "build option `--memory`: expected a size like `512m`, found `much`"),
        (&["--pull=maybe"], "build option `--pull`: expected `true` or `false`, found `maybe`"),
        (&["--cache-to type=local"], "build option `--cache-to`: expected `type=inline`, found `type=local`"),
    ];
    for (options, message) in cases {
        assert_eq!(apply(options).expect_err("it is refused").to_string(), message);
    }
}
