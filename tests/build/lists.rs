//! `--manifest-list` in the real registry, of images from one machine or from several.

use serde_json::Value;

use crate::parts::{Own, docker, engine};
use crate::support::Folder;
use crate::support::parts::part;

/// A module of two platforms.
pub(crate) fn two_platforms(own: &Own) -> Folder {
    let module = own.module("filter", r#""amd64": "Dockerfile", "arm64v8": "Dockerfile""#);
    let template = crate::support::site::template(&["filter"], "FROM /messages/* INTO $upstream")
        .replace("localhost:1/filter:1.0", "${MODULES.filter}")
        // No registry has to be asked for those.
        .replace("agent:1\"", &format!("agent:1@sha256:{}\"", "0".repeat(64)))
        .replace("hub:1\"", &format!("hub:1@sha256:{}\"", "0".repeat(64)));
    own.solution("")
        .file("modules/filter/module.json", &module)
        .file("modules/filter/Dockerfile", "FROM scratch\nCOPY a /a\n")
        .file("modules/filter/a", "1")
        .file("deployment.template.json", &template)
}

fn platforms(own: &Own, image: &str) -> Vec<String> {
    let inspected = docker(&["manifest", "inspect", "--insecure", &own.name(image)]);
    let list: Value = serde_json::from_slice(&inspected).expect("docker prints JSON");
    let members = list["manifests"].as_array().expect("it is a list").iter();
    members.map(|member| member["platform"]["architecture"].as_str().expect("text").to_owned()).collect()
}

fn locked(folder: &Folder) -> String {
    folder.read("images.lock").lines().find(|line| line.contains(r#""multi""#)).expect("it is noted").to_owned()
}

#[test]
fn one_name_stands_for_all_platforms_and_is_pinned_until_a_member_is_stale() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let folder = two_platforms(&own);
    let run = folder.run("build --push --manifest-list");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("Listed `{}` (amd64, arm64v8)\n", own.name("filter:1"))), "{}", run.stderr);
    assert_eq!(platforms(&own, "filter:1"), ["amd64", "arm64"]);
    let line = locked(&folder);
    assert!(line.contains(r#""inputs":"amd64=sha256:"#) && line.contains(" arm64v8=sha256:"), "{line}");
    let pinned = "deploy --platform multi --pin --out - --quiet";
    let manifest = folder.run(pinned);
    assert!(manifest.stdout.contains(&format!("{}@sha256:", own.name("filter:1"))), "{manifest:?}");
    folder.write("modules/filter/a", "2");
    let stale = folder.run(pinned);
    assert_eq!(stale.status, Some(1), "{stale:?}");
    assert!(stale.stderr.contains("its sources have changed since the push"), "{}", stale.stderr);
}

#[test]
fn the_list_of_each_module_is_of_its_own_platforms() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let template = crate::support::site::template(&["filter", "sensor"], "FROM /messages/* INTO $upstream");
    let template = ["filter", "sensor"].iter().fold(template, |template, name| {
        template.replace(&format!("localhost:1/{name}:1.0"), &format!("${{MODULES.{name}}}"))
    });
    let folder = two_platforms(&own)
        .file("modules/sensor/module.json", &own.module("sensor", r#""amd64": "Dockerfile""#))
        .file("modules/sensor/Dockerfile", "FROM scratch\nCOPY a /a\n")
        .file("modules/sensor/a", "1")
        .file("deployment.template.json", &template);
    let run = folder.run("build --push --manifest-list");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let listed = ["filter:1", "sensor:1"].map(|image| platforms(&own, image));
    assert_eq!(listed, [vec!["amd64", "arm64"], vec!["amd64"]]);
}

#[test]
fn a_list_is_made_of_what_other_machines_pushed() {
    let Some(registry) = part("EDGECTL_TEST_REGISTRY").filter(|_| engine()) else { return };
    let own = Own::of(&registry);
    let folder = two_platforms(&own);
    for platform in ["amd64", "arm64v8"] {
        assert_eq!(folder.run(&format!("build --push --quiet --platform {platform}")).status, Some(0));
        docker(&["image", "rm", "--force", &own.name(&format!("filter:1-{platform}"))]);
    }
    std::fs::remove_file(folder.path("images.lock")).expect("it was written");
    let run = folder.run("push --manifest-list");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(platforms(&own, "filter:1"), ["amd64", "arm64"]);
    assert!(locked(&folder).contains(r#""inputs":"amd64=sha256:"#), "{}", locked(&folder));
}
