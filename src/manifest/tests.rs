use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::document::Document;
use crate::failure::Outcome;

/// A whole deployment with these modules, routes and other members of `$edgeHub`.
fn manifest(modules: Value, hub: Value) -> Value {
    let part = |image: &str| json!({"type": "docker", "status": "running", "settings": {"image": image}});
    let mut desired = json!({"schemaVersion": "1.1", "routes": {}});
    desired.as_object_mut().expect("an object").extend(hub.as_object().cloned().expect("an object"));
    json!({"modulesContent": {
        "$edgeAgent": {"properties.desired": {
            "schemaVersion": "1.1",
            "systemModules": {"edgeAgent": part("agent:1"), "edgeHub": part("hub:1")},
            "modules": modules,
        }},
        "$edgeHub": {"properties.desired": desired},
        "filter": {"properties.desired": {"threshold": 25}},
    }})
}

fn parse(manifest: &Value) -> Result<Deployment, Vec<String>> {
    let document = Document::parse("m.json", &manifest.to_string()).expect("JSON");
    let told = |findings: Vec<Finding>| findings.into_iter().map(|finding| finding.at.message.to_string()).collect();
    Deployment::parse(&document, &mut Vec::new()).map_err(told)
}

fn module(more: Value) -> Value {
    let mut module = json!({"type": "docker", "settings": {"image": "filter:1"}});
    module.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    json!({ "filter": module })
}

#[test]
fn what_a_module_leaves_open_is_what_the_agent_takes() {
    let deployment = parse(&manifest(module(json!({})), json!({}))).expect("a deployment");
    let module = &deployment.modules[0];
    assert_eq!((module.id.as_str(), module.image.as_str()), ("filter", "filter:1"));
    assert_eq!((module.status, module.restart), (DesiredStatus::Running, RestartPolicy::OnUnhealthy));
    assert_eq!((module.pull, module.startup_order), (PullPolicy::OnCreate, u32::MAX));
    assert!(module.env.is_empty() && module.create_options.is_empty() && module.version.is_empty());
    let system: Vec<_> = deployment.system.iter().map(|part| (part.id.as_str(), part.restart)).collect();
    assert_eq!(system, [("$edgeAgent", RestartPolicy::Always), ("$edgeHub", RestartPolicy::Always)]);
    assert_eq!(deployment.system[0].startup_order, 0);
    assert_eq!(deployment.time_to_live, Some(Duration::from_secs(7200)));
}

#[test]
fn what_a_module_says_is_read_in_order() {
    let more = json!({
        "version": "1.2", "status": "stopped", "restartPolicy": "never", "imagePullPolicy": "never", "startupOrder": 3,
        "env": {"Z": {"value": "text"}, "A": {"value": 1.5}, "B": {"value": true}},
        "settings": {"image": "filter:1", "createOptions": "{\"Z\":1,\"HostCon", "createOptions01": "fig\":{\"X\":[]}}"},
    });
    let deployment = parse(&manifest(module(more), json!({}))).expect("a deployment");
    let module = &deployment.modules[0];
    assert_eq!(
        (&*module.version, module.status, module.restart),
        ("1.2", DesiredStatus::Stopped, RestartPolicy::Never)
    );
    assert_eq!((module.pull, module.startup_order), (PullPolicy::Never, 3));
    let env: Vec<_> = module.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(env, [("Z", "text"), ("A", "1.5"), ("B", "true")]);
    assert_eq!(Value::Object(module.create_options.clone()).to_string(), r#"{"Z":1,"HostConfig":{"X":[]}}"#);
}

#[test]
fn a_version_is_text_whatever_it_is_written_as() {
    let version = |version: Value| {
        let deployment = parse(&manifest(module(json!({ "version": version })), json!({})));
        deployment.map(|deployment| deployment.modules[0].version.clone())
    };
    assert_eq!(
        [version(json!("1.0")), version(json!(2.5)), version(json!(null))],
        ["1.0", "2.5", ""].map(|v| Ok(v.into()))
    );
    let refused = version(json!({})).expect_err("it is refused");
    assert_eq!(refused, ["expected a string for `version`, found an object"]);
}

#[test]
fn empty_create_options_are_none() {
    for options in [json!(""), json!("null"), json!(" "), json!("{}"), json!(null), json!({})] {
        let more = json!({"settings": {"image": "filter:1", "createOptions": options}});
        let deployment = parse(&manifest(module(more), json!({}))).expect("a deployment");
        assert!(deployment.modules[0].create_options.is_empty());
    }
}

#[test]
fn routes_bring_priority_and_time_to_live() {
    let text = "FROM /messages/* INTO $upstream";
    let routes = json!({"b": text, "a": {"route": text, "priority": 0, "timeToLiveSecs": 60}, "c": {"route": text, "timeToLiveSecs": 0}, "gone": null});
    let deployment = parse(&manifest(module(json!({})), json!({"routes": routes}))).expect("a deployment");
    let route = |name: &str, priority, seconds: Option<u64>| RouteSpec {
        name: name.to_owned(),
        text: text.to_owned(),
        priority,
        ttl: seconds.map(Duration::from_secs),
    };
    assert_eq!(deployment.routes, [route("b", None, None), route("a", Some(0), Some(60)), route("c", None, None)]);
}

// protocol.md §9.1
#[test]
fn the_store_may_have_a_limit() {
    for (setting, expected) in [(json!({}), None), (json!({"storeLimits": {"maxSizeBytes": 5000}}), Some(5000))] {
        let hub = json!({"storeAndForwardConfiguration": setting});
        assert_eq!(parse(&manifest(module(json!({})), hub)).expect("a deployment").max_bytes, expected);
    }
}

#[test]
fn a_negative_time_to_live_means_for_ever() {
    for (seconds, expected) in [(-1, None), (0, Some(Duration::ZERO)), (60, Some(Duration::from_secs(60)))] {
        let hub = json!({"storeAndForwardConfiguration": {"timeToLiveSecs": seconds}});
        let deployment = parse(&manifest(module(json!({})), hub)).expect("a deployment");
        assert_eq!(deployment.time_to_live, expected);
    }
}

#[test]
fn every_twin_brings_its_desired_properties() {
    let deployment = parse(&manifest(module(json!({})), json!({}))).expect("a deployment");
    let twins: Vec<&str> = deployment.desired.keys().map(crate::identity::ModuleId::as_str).collect();
    assert_eq!(twins, ["$edgeAgent", "$edgeHub", "filter"]);
    let filter = deployment.desired.iter().last().expect("it is there").1;
    assert_eq!(Value::Object(filter.clone()), json!({"threshold": 25}));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let more = json!({"env": {"A B": {"value": 1}}});
    let told = parse(&manifest(module(more), json!({"schemaVersion": 1.1, "routes": {"x y": "", "r": ""}})));
    let expected = [
        "expected a string for `schemaVersion`, found `1.1`",
        "`A B` is no name of a variable",
        "`x y` is no name of a route",
    ];
    let told = told.expect_err("it has mistakes");
    assert_eq!(told[..3], expected);
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn a_password_is_not_shown_by_debug() {
    let credential = RegistryCredential {
        address: "plant.azurecr.io".to_owned(),
        username: "plant".to_owned(),
        password: "secret".to_owned(),
    };
    assert_eq!(format!("{credential:?}"), r#"RegistryCredential { address: "plant.azurecr.io", username: "plant" }"#);
}

/// One variable, `A`, and no image.
struct One<'a>(&'a str);

impl Names for One<'_> {
    fn variable(&self, name: &str) -> Option<&str> {
        (name == "A").then_some(self.0)
    }

    fn variable_names(&self) -> Vec<&str> {
        vec!["A"]
    }

    fn image(&self, _: &ImagePlaceholder) -> Outcome<String> {
        Ok("image:1".to_owned())
    }
}

#[test]
fn escapes_in_a_value_are_those_of_json_where_json_has_them() {
    let check = |value: &str, expected: &str, warnings: usize| {
        let template = Document::parse_template("t.json", r#"{"modulesContent": {}, "x": "$A"}"#).expect("JSON");
        let expanded = expand(&template, &One(value)).expect("A is defined");
        assert_eq!(expanded.document.value()["x"], expected);
        assert_eq!(expanded.findings.len(), warnings);
    };
    check(r#"{\"HostConfig\":{}}"#, r#"{"HostConfig":{}}"#, 0);
    check(r"C:\\new", r"C:\new", 0);
    check(r"C:\new", "C:\new", 1);
    check(r"C:\data", r"C:\data", 0);
    check(r#"\" ""#, r#"\" ""#, 0);
}

#[test]
fn a_long_variable_that_is_named_often_is_refused() {
    let value = "x".repeat(1 << 20);
    let text = json!({"modulesContent": {}, "x": "$A".repeat(17)}).to_string();
    let template = Document::parse_template("t.json", &text).expect("JSON");
    let failure = expand(&template, &One(&value)).expect_err("17 MiB");
    assert_eq!(failure.causes(), ["line 1, column 26: with its variables the file has more than 16 MiB"]);
    let told = expand_variables(&template, &|_| Some(&value)).expect_err("17 MiB");
    assert_eq!(&*told.message, "with its variables the file has more than 16 MiB");
}

#[test]
fn braces_that_are_never_closed_take_no_time() {
    let text = json!({"modulesContent": {}, "x": "${".repeat(1 << 20)}).to_string();
    let template = Document::parse_template("t.json", &text).expect("JSON");
    assert_eq!(expand(&template, &One("")).expect("nothing to expand").document.value(), template.value());
}

proptest! {
    #[test]
    fn any_value_without_a_backslash_comes_through_unchanged(value in "[^\\\\]*") {
        let text = json!({"modulesContent": {}, "x": "<$A|${A}>"}).to_string();
        let template = Document::parse_template("t.json", &text).expect("JSON");
        let expanded = expand(&template, &One(&value)).expect("A is defined");
        prop_assert_eq!(&expanded.document.value()["x"], &json!(format!("<{value}|{value}>")));
    }

    #[test]
    fn create_options_of_any_length_come_back_from_their_pieces(text in "[a-zé\"\\\\]{0,1500}") {
        let options = json!({"Env": [text]});
        let more = json!({"settings": {"image": "filter:1", "createOptions": options}});
        let template = manifest(module(more), json!({})).to_string();
        let template = Document::parse_template("t.json", &template).expect("JSON");
        let expanded = expand(&template, &One("")).expect("nothing to expand");
        let settings = &expanded.document.value()["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"]["filter"]["settings"];
        let longest = settings.as_object().expect("an object").values().filter_map(Value::as_str).map(|t| t.chars().count()).max();
        prop_assert!(longest <= Some(512));
        let deployment = Deployment::parse(&expanded.document, &mut Vec::new()).expect("a deployment");
        prop_assert_eq!(Value::Object(deployment.modules[0].create_options.clone()), options);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in ".{0,60}", noise in "[\\[\\]{}:,\"'$#\\\\\n a-c0-9!&*|>-]{0,60}") {
        for text in [&text, &noise] {
            for file in ["t.json", "t.yaml"] {
                if let Ok(template) = Document::parse_template(file, text) {
                    let _ = expand(&template, &One("x"));
                    let _ = Deployment::parse(&template, &mut Vec::new());
                }
            }
        }
    }
}

// protocol.md §10.2
#[test]
fn pieces_of_create_options_are_read_in_any_case_and_without_a_gap() {
    let options = |settings: Value| {
        let deployment = parse(&manifest(module(json!({ "settings": settings })), json!({})));
        deployment.map(|deployment| Value::Object(deployment.modules[0].create_options.clone()))
    };
    let read = options(json!({ "image": "a:1", "CREATEOPTIONS01": "\"B\":2}", "createoptions": "{\"A\":1," }));
    assert_eq!(read, Ok(json!({ "A": 1, "B": 2 })));
    let gap = options(json!({ "image": "a:1", "createOptions01": "{}" }));
    assert_eq!(gap, Err(vec!["`createOptions` is missing before `createOptions01`".to_owned()]));
}

// protocol.md §10.2
#[test]
fn settings_of_a_runtime_name_a_version_of_the_engine_or_are_not_there() {
    let codes = |runtime: Value| {
        let mut manifest = manifest(json!({}), json!({}));
        manifest["modulesContent"]["$edgeAgent"]["properties.desired"]["runtime"] = runtime;
        let document = Document::parse("m.json", &manifest.to_string()).expect("JSON");
        let checked = check(&document, Surroundings { today: Duration::ZERO, sources: &NoSources });
        let findings = checked.deployment.err().unwrap_or_default().into_iter().chain(checked.warnings);
        let of_runtime = findings.filter(|found| {
            ["minDockerVersion", "settings"].iter().any(|word| found.at.message.contains(&format!("`{word}`")))
        });
        of_runtime.map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(json!({ "type": "docker", "settings": { "minDockerVersion": "v1.25" } })), [""; 0]);
    assert_eq!(codes(json!({ "type": "docker", "settings": { "loggingOptions": "" } })), ["missing-member"]);
    assert_eq!(codes(json!({ "type": "docker" })), ["default-member"]);
}
