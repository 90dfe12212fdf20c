//! `deploy --pin --apply`: what a device gets are digests, or nothing.

use serde_json::Value;

use super::Site;
use crate::support::registry::{ASKED, Answers, PINNED, Registry, everything, locked, solution};

const CALL: &str = "POST /devices/hall1/applyConfigurationContent";

/// A solution whose own image was pushed, and whose others are in the registry.
fn pushed(answers: Answers) -> (Registry, Site) {
    let registry = Registry::start(answers);
    let address = registry.address.clone();
    let site = Site::around(solution(&address).file("images.lock", &locked(&address, "1-amd64", "")));
    (registry, site)
}

fn image<'v>(content: &'v Value, module: &str) -> Option<&'v str> {
    let at = format!("/modulesContent/$edgeAgent/properties.desired/{module}/settings/image");
    content.pointer(&at).and_then(Value::as_str)
}

#[test]
fn a_device_gets_the_digests_that_the_lock_and_the_registry_know() {
    let (registry, site) = pushed(everything);
    let address = &registry.address;
    let run = site.run(&["deploy", "--pin", "--apply", "--device", "hall1", "--yes"]);
    run.check(
        0,
        "",
        "      Pinned 2 images: 1 by `images.lock`, 1 by registries\n    Deployed 1 module, 0 routes to device `hall1` of \
         `HUB`\n",
    );
    let content = site.hub.content_of("hall1");
    let expected = [
        ("systemModules/edgeAgent", format!("{address}/agent:1.5@{ASKED}")),
        ("systemModules/edgeHub", format!("{address}/hub:1.5@{PINNED}")),
        ("modules/filter", format!("{address}/filter:1-amd64@{PINNED}")),
    ];
    for (module, name) in expected {
        assert_eq!(image(&content, module), Some(name.as_str()));
    }
    assert_eq!(site.calls(), [CALL]);
    assert!(!site.folder.list().contains(&"config/".to_owned()), "no file is written");
}

#[test]
fn nothing_is_deployed_while_an_image_has_no_digest() {
    let (_registry, site) = pushed(|_, _| (404, ""));
    let run = site.run(&["deploy", "--pin", "--apply", "--device", "hall1", "--yes"]);
    assert!(run.stderr.contains("  caused by: its registry has no such image\n"), "{}", run.stderr);
    assert_eq!((run.status, site.calls().len()), (Some(4), 0));
}

#[test]
fn a_deployment_at_scale_is_pinned_and_the_same_digests_change_nothing() {
    let (registry, site) = pushed(everything);
    let mut command = vec!["deploy", "--pin", "--apply", "--target-condition", "*", "--id", "all", "--priority", "1"];
    command.extend(["--yes", "--json"]);
    assert_eq!(site.run(&command).json()["result"], "created");
    assert_eq!(site.run(&command).json()["result"], "unchanged");
    let kept = site.run(&["deployment", "show", "all", "--json"]).json();
    let filter = format!("{}/filter:1-amd64@{PINNED}", registry.address);
    assert_eq!(image(&kept["content"], "modules/filter"), Some(filter.as_str()));
}
