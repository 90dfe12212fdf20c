//! Layers: `deploy --layered` and `deploy --merge` (protocol.md §10.5).

use serde_json::{Value, json};

use super::solution;
use crate::support::Folder;

const ROUTE: &str = "FROM /messages/modules/extra/* INTO $upstream";

/// The solution with a layer that adds a module and changes a route and a twin.
fn with_layer() -> Folder {
    let module = json!({ "type": "docker", "status": "running", "restartPolicy": "always",
        "settings": { "image": "factory.azurecr.io/extra:2.0", "createOptions": "{}" } });
    let layer = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired.modules.extra": module },
        "$edgeHub": { "properties.desired.routes.filterToIoTHub": ROUTE },
        "filter": { "properties.desired.limits.high": 5 },
    } });
    solution().file("layer.json", &layer.to_string())
}

#[test]
fn a_layer_is_merged_over_its_base_and_every_part_says_where_it_is_from() {
    let folder = with_layer();
    let run = folder.run("deploy --merge deployment.template.json layer.json --json");
    let document = run.json();
    let content = &document["manifest"]["modulesContent"];
    assert_eq!(content["filter"]["properties.desired"], json!({ "threshold": 25, "limits": { "low": 1, "high": 5 } }));
    let modules = content["$edgeAgent"]["properties.desired"]["modules"].as_object().expect("modules");
    assert_eq!(modules.keys().collect::<Vec<_>>(), ["filter", "sensor", "extra"]);
    let origin = |pointer: &str| document["provenance"][format!("/modulesContent/{pointer}")].clone();
    let route = json!({ "from": "layer.json", "over": ["deployment.template.json"] });
    assert_eq!(origin("$edgeHub/properties.desired/routes/filterToIoTHub"), route);
    assert_eq!(origin("filter/properties.desired/limits/high"), route);
    assert_eq!(origin("$edgeAgent/properties.desired/modules/extra"), json!({ "from": "layer.json", "over": [] }));
    assert_eq!(
        origin("$edgeAgent/properties.desired/modules/filter"),
        json!({ "from": "deployment.template.json", "over": [] })
    );
    assert!(!run.stdout.contains("s3cret") && run.stdout.contains("$REGISTRY_PASSWORD"), "{}", run.stdout);
}

#[test]
fn people_get_a_table_beside_the_manifest() {
    let folder = with_layer();
    let run = folder.run("deploy --merge deployment.template.json layer.json --out merged.json");
    let expected = "       Wrote `merged.json` (3 modules, 2 routes)\n\
        WHERE                               FROM                      INSTEAD OF\n\
        $edgeAgent schemaVersion            deployment.template.json\n\
        $edgeAgent runtime                  deployment.template.json\n\
        $edgeAgent systemModules.edgeAgent  deployment.template.json\n\
        $edgeAgent systemModules.edgeHub    deployment.template.json\n\
        $edgeAgent modules.filter           deployment.template.json\n\
        $edgeAgent modules.sensor           deployment.template.json\n\
        $edgeHub schemaVersion              deployment.template.json\n\
        $edgeHub routes.sensorToFilter      deployment.template.json\n\
        $edgeHub storeAndForwardConfiguration  deployment.template.json\n";
    let lines =
        |text: &str| text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    assert_eq!(lines(&run.stderr)[..10], lines(expected)[..10], "{}", run.stderr);
    let written: Value = serde_json::from_str(&folder.read("merged.json")).expect("JSON");
    let printed: Value = folder.run("deploy --merge deployment.template.json layer.json").json();
    assert_eq!(written, printed);
    assert_eq!(folder.run("deploy --check --file merged.json").status, Some(0));
}

#[test]
fn what_is_wrong_when_merged_is_told_in_the_layer_that_brings_it() {
    let folder = with_layer();
    let layer = "{ \"modulesContent\": {\n  \"$edgeHub\": {\n    \"properties.desired.routes.lost\":\n      \
        \"FROM /messages/modules/gone/* INTO $upstream\"\n  }\n} }\n";
    folder.write("layer.json", layer);
    folder.run("deploy --merge deployment.template.json layer.json --quiet").check(
        1,
        "",
        "error: `the merged manifest` has a mistake\n  \
         caused by: `layer.json`, line 4, column 31: the deployment has no module `gone`\n \
         --> layer.json:4:31\n  |\n4 |       \"FROM /messages/modules/gone/* INTO $upstream\"\n  |                               \
         ^^^^\n",
    );
}

#[test]
fn what_a_file_was_told_of_alone_is_not_told_of_again_when_merged() {
    let folder = with_layer();
    folder.write("layer.json", &folder.read("layer.json").replace("extra:2.0", "extra:latest"));
    let run = folder.run("deploy --merge deployment.template.json layer.json");
    let warnings = run.stderr.lines().filter(|line| line.starts_with("warning")).count();
    assert_eq!((run.status, warnings), (Some(0), 1), "{}", run.stderr);
}

#[test]
fn warnings_of_what_is_merged_are_denied_and_allowed_as_by_a_check() {
    let folder = with_layer();
    folder.write("layer.json", &folder.read("layer.json").replace("extra:2.0", "extra:latest"));
    let merge = "deploy --merge deployment.template.json layer.json --out merged.json";
    let run = folder.run(&format!("{merge} --deny-warnings"));
    let expected = "error: `the merged manifest` has 1 warning\n\
        hint: mend what is told above, or leave a kind out with `--allow CODE`\n";
    assert_eq!((run.status, run.stderr.contains(expected)), (Some(1), true), "{}", run.stderr);
    assert!(!folder.path("merged.json").exists(), "nothing is written that is refused");
    let run = folder.run(&format!("{merge} --deny-warnings --allow image-tag --quiet"));
    run.check(0, "", "");
}

#[test]
fn a_module_is_made_a_layer() {
    let folder = solution();
    let run = folder.run("deploy --layered --only filter");
    run.check(
        0,
        "",
        "       Wrote `config/layer.amd64.json` (layer: 1 module, 2 routes)\nhint: nothing is deployed yet; run `edgectl \
         deploy --apply --layered --target-condition EXPR --id NAME --priority N --file config/layer.amd64.json`\n",
    );
    let layer: Value = serde_json::from_str(&folder.read("config/layer.amd64.json")).expect("JSON");
    let content = &layer["modulesContent"];
    assert_eq!(content["$edgeHub"].as_object().map(|hub| hub.len()), Some(2));
    let run = folder.run("deploy --merge deployment.template.json config/layer.amd64.json --quiet --out same.json");
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(folder.run("deploy --diff same.json").status, Some(0), "the layer says what the base says");
}

#[test]
fn a_whole_deployment_is_no_layer() {
    let folder = solution();
    let run = folder.run("deploy --layered");
    let hint = "hint: name the modules of the layer with `--only MODULE`, or deploy it without `--layered`";
    assert_eq!((run.status, run.stderr.lines().last()), (Some(1), Some(hint)), "{}", run.stderr);
    let run = folder.run("deploy --layered --only fliter");
    assert_eq!(run.stderr, "error: the deployment has no module `fliter`\nhint: did you mean `filter`?\n");
}
