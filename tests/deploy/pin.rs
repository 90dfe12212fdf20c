//! `deploy --pin`: own images by `images.lock`, others by a registry of the test's own.

use crate::json;
use crate::support::registry::{ASKED, Answers, PINNED, Registry, everything, locked, solution};

fn images(text: &str) -> [String; 3] {
    let agent = &json(text)["modulesContent"]["$edgeAgent"]["properties.desired"];
    ["/systemModules/edgeAgent", "/systemModules/edgeHub", "/modules/filter"].map(|module| {
        let image = agent.pointer(&format!("{module}/settings/image")).and_then(serde_json::Value::as_str);
        image.unwrap_or_else(|| panic!("no image of {module} in {text}")).to_owned()
    })
}

#[test]
fn own_images_are_pinned_by_the_lock_and_others_by_their_registry() {
    let registry = Registry::start(everything);
    let address = registry.address.as_str();
    let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
    let run = folder.run("deploy --pin --out -");
    let expected = [
        format!("{address}/agent:1.5@{ASKED}"),
        format!("{address}/hub:1.5@{PINNED}"),
        format!("{address}/filter:1-amd64@{PINNED}"),
    ];
    assert_eq!((run.status, images(&run.stdout)), (Some(0), expected), "{}", run.stderr);
    assert!(run.stderr.contains("Pinned 2 images: 1 by `images.lock`, 1 by registries\n"), "{}", run.stderr);
    let asked: Vec<String> = registry.asked().into_iter().filter(|line| line.contains("manifests")).collect();
    assert_eq!(asked, ["HEAD /v2/agent/manifests/1.5"], "one with a digest is pinned already");
}

#[test]
fn the_written_manifest_and_its_json_name_digests() {
    let registry = Registry::start(everything);
    let address = registry.address.as_str();
    let folder = solution(address);
    let run = folder.run("deploy --pin --refresh --json");
    let filter = format!("{address}/filter:1-amd64@{ASKED}");
    assert_eq!(run.json()["modules"][0]["image"], filter.as_str());
    assert_eq!(images(&folder.read("config/deployment.amd64.json"))[2], filter);
    let layer = r#"{"modulesContent": {"$edgeAgent": {"properties.desired.modules.filter.settings.image": "ADDRESS/other:2"}}}"#;
    folder.write("layer.json", &layer.replace("ADDRESS", address));
    let merged = folder.run("deploy --pin --merge config/deployment.amd64.json layer.json");
    assert_eq!(merged.status, Some(0), "{}", merged.stderr);
    assert_eq!(images(&merged.stdout)[2], format!("{address}/other:2@{ASKED}"));
}

#[test]
fn what_the_lock_cannot_tell_is_a_failure_with_both_ways_out() {
    let cases = [
        (None, "there is no `images.lock` yet"),
        (Some(("2-amd64", "")), "`images.lock` has no digest of it"),
        (
            Some(("1-amd64", r#","inputs":"sha256:0""#)),
            "its sources have changed since the push that `images.lock` tells of",
        ),
    ];
    for (lock, why) in cases {
        let folder = solution("registry.test");
        if let Some((tag, inputs)) = lock {
            folder.write("images.lock", &locked("registry.test", tag, inputs));
        }
        let run = folder.run("deploy --pin --out -");
        let failure = format!(
            "error: cannot pin `registry.test/filter:1-amd64`\n  caused by: {why}\n\
             hint: push it with `edgectl build --push filter --platform amd64`\n\
             hint: pass `--refresh` to take what its registry has\n"
        );
        assert!(run.stderr.ends_with(&failure), "{}", run.stderr);
        assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""));
    }
}

#[test]
fn a_registry_that_refuses_ends_with_status_4_and_nothing_is_written() {
    let cases: [(Answers, &str, &str); 2] = [
        (|_, _| (403, ""), "denied", "log in with `docker login ADDRESS`, as a user who may pull this repository"),
        (|_, _| (404, ""), "its registry has no such image", "correct the image's name and tag"),
    ];
    for (answers, why, hint) in cases {
        let registry = Registry::start(answers);
        let address = registry.address.as_str();
        let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
        let run = folder.run("deploy --pin");
        let hint = hint.replace("ADDRESS", address);
        let failure = format!("error: cannot pin `{address}/agent:1.5`\n  caused by: {why}\nhint: {hint}\n");
        assert!(run.stderr.ends_with(&failure), "{}", run.stderr);
        assert_eq!(run.status, Some(4));
        assert!(!folder.list().contains(&"config/".to_owned()), "nothing is written");
    }
}

#[test]
fn a_registry_that_is_busy_is_asked_again() {
    let registry = Registry::start(|line, number| match line {
        line if line.contains("manifests") && number < 2 => (503, ""),
        _ => (200, ASKED),
    });
    let address = registry.address.as_str();
    let folder = solution(address).file("images.lock", &locked(address, "1-amd64", ""));
    let run = folder.run("deploy --pin --out -");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let told = format!("warning: the registry of `{address}/agent:1.5` says: status 503; trying again in 1 s\n");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}

#[test]
fn a_platform_of_the_solutions_own_word_is_pinned_by_its_own_entry() {
    let registry = Registry::start(everything);
    let address = registry.address.as_str();
    let lock = locked(address, "1-multi", "").replace("\"amd64\"", "\"multi\"") + &locked(address, "1-amd64", "");
    let folder = solution(address).file("images.lock", &lock);
    folder.write("modules/filter/module.json", &folder.read("modules/filter/module.json").replace("amd64", "multi"));
    let run = folder.run("deploy --pin --platform multi --quiet");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(images(&folder.read("config/deployment.multi.json"))[2], format!("{address}/filter:1-multi@{PINNED}"));
    let refused = folder.run("deploy --pin --platform amd64");
    assert!(refused.stderr.contains("lists no Dockerfile for that platform"), "{}", refused.stderr);
}
