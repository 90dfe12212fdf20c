//! Many devices: `deploy --apply --target-condition`, and what `edgectl deployment` shows of it (protocol.md §10.5).

use serde_json::{Value, json};

use super::Site;
use super::fake::Fault;
use crate::support::Run;

const ALL: [&str; 9] = ["deploy", "--apply", "--target-condition", "*", "--id", "a-1", "--priority", "5", "--yes"];
const HINT: &str = "hint: a hub looks for devices every few minutes; see `edgectl deployment show a-1`\n";

fn put(site: &Site, more: &[&str]) -> Run {
    site.run(&[&ALL[..], more].concat())
}

fn result(run: &Run) -> Value {
    run.json()["result"].clone()
}

// protocol.md §10.5
#[test]
fn a_deployment_is_created_with_labels_and_metrics() {
    let site = Site::new();
    let more = ["--label", "env=test", "--metric", "ready=SELECT deviceId FROM devices"];
    put(&site, &more).check(0, "", &format!("     Created deployment `a-1` of `HUB`, for `*` with priority 5\n{HINT}"));
    assert_eq!(
        site.calls(),
        ["POST /configurations/testQueries", "GET /configurations/a-1", "PUT /configurations/a-1"]
    );
    let kept = site.hub.configuration("a-1").expect("it is there");
    assert_eq!(kept["labels"], json!({ "env": "test" }));
    assert_eq!(kept["metrics"]["queries"], json!({ "ready": "SELECT deviceId FROM devices" }));
    assert_eq!((&kept["targetCondition"], &kept["priority"]), (&json!("*"), &json!(5)));
    assert!(kept["content"]["modulesContent"]["$edgeAgent"].is_object());
}

#[test]
fn the_same_again_changes_nothing_and_another_aim_is_an_update_with_the_etag() {
    let site = Site::new();
    let run = put(&site, &["--json"]);
    let expected = json!({ "hub": "HUB", "id": "a-1", "result": "created", "layered": false, "targetCondition": "*",
        "priority": 5, "etag": "MQ==" });
    assert_eq!(run.json(), expected);
    site.hub.take_seen();
    assert_eq!(result(&put(&site, &["--json"])), "unchanged");
    assert!(!site.calls().iter().any(|call| call.starts_with("PUT")));
    let other = ["deploy", "--apply", "--target-condition", "tags.a='b'", "--id", "a-1", "--priority", "6", "--yes"];
    assert_eq!(result(&site.run(&[&other[..], &["--json"]].concat())), "updated");
    let seen = site.hub.take_seen().pop().expect("a call");
    assert_eq!((seen.line.as_str(), seen.if_match.as_deref()), ("PUT /configurations/a-1", Some("\"MQ==\"")));
    assert_eq!(site.hub.configuration("a-1").expect("it is there")["priority"], 6);
}

#[test]
fn content_never_changes_so_another_name_is_asked_for() {
    let site = Site::new();
    put(&site, &[]);
    let template = site.folder.read("deployment.template.json").replace("filter:1.0", "filter:1.1");
    site.folder.write("deployment.template.json", &template);
    put(&site, &[]).check(
        1,
        "",
        "error: the deployment `a-1` is there with other content, which a hub never changes\n  caused by: the content \
         differs in 1 place\nhint: make a new one with another `--id` and a higher `--priority`, then run `edgectl \
         deployment delete a-1`\n",
    );
}

// protocol.md §10.5
#[test]
fn a_lost_answer_of_a_creation_is_found_out() {
    let site = Site::new();
    let run = site.run(&["deployment", "list", "--json"]);
    assert_eq!(run.json(), json!([]));
    site.hub.take_seen();
    site.hub.fail_at("PUT", Fault::DoAndCut);
    let run = put(&site, &["--quiet"]);
    let warning = "warning: the connection to `HUB` broke off before the answer; trying again in 1 s\n";
    run.check(0, "", warning);
    let calls = site.calls();
    assert_eq!(
        &calls[2..],
        ["PUT /configurations/a-1", "PUT /configurations/a-1", "GET /configurations/a-1"],
        "the second is refused with 409, and what is there is ours"
    );
}

#[test]
fn an_update_that_somebody_overtakes_is_refused() {
    let site = Site::new();
    put(&site, &[]);
    site.hub.fail_at("PUT", Fault::ChangeFirst);
    let update = ["deploy", "--apply", "--target-condition", "*", "--id", "a-1", "--priority", "7", "--yes"];
    site.run(&update).check(
        4,
        "",
        "error: cannot make the deployment `a-1` of `HUB`\n  caused by: somebody changed deployment `a-1` in the \
         meantime\n  caused by: the hub says: PreconditionFailed: the etag is another\nhint: see what it is now, and run \
         the same command again\n",
    );
}

#[test]
fn a_condition_that_the_hub_does_not_understand_is_told_before_anything_is_made() {
    let site = Site::new();
    let run = site.run(&[
        "deploy",
        "--apply",
        "--target-condition",
        "all",
        "--id",
        "a-1",
        "--priority",
        "5",
        "--yes",
        "--metric",
        "m=x",
    ]);
    let causes: Vec<_> = run.stderr.lines().skip(1).take(3).collect();
    let expected = [
        "  caused by: the hub does not understand what it is asked for",
        "  caused by: `--target-condition`: Invalid character at offset 0",
        "  caused by: `m`: SELECT is missing",
    ];
    assert_eq!((run.status, &causes[..]), (Some(4), &expected[..]));
    assert!(site.hub.configuration("a-1").is_none());
}

#[test]
fn a_name_with_capitals_is_refused_here() {
    let run = Site::new().run(&["deploy", "--apply", "--target-condition", "*", "--id", "A", "--priority", "5"]);
    let told = "error: invalid value 'A' for '--id <NAME>': expected 1 to 128 small letters, digits and \
                -:+%_#*?!(),=@;'";
    assert_eq!((run.status, run.stderr.lines().next()), (Some(2), Some(told)));
}

#[test]
fn a_layer_of_one_module_goes_over_what_is_there() {
    let site = Site::new();
    let run = put(&site, &["--layered", "--only", "filter", "--json"]);
    assert_eq!(run.json()["layered"], true);
    let kept = site.hub.configuration("a-1").expect("it is there");
    let content = kept["content"]["modulesContent"].as_object().expect("an object");
    assert_eq!(
        content["$edgeAgent"].as_object().map(|agent| agent.keys().cloned().collect()),
        Some(vec!["properties.desired.modules.filter".to_owned()])
    );
    assert_eq!(content.keys().collect::<Vec<_>>(), ["$edgeAgent", "$edgeHub", "filter"]);
    let run = site.run(&["deploy", "--apply", "--device", "hall1", "--layered", "--only", "filter", "--yes"]);
    let told = "error: a layer is for all devices that meet a condition, not for one";
    assert_eq!((run.status, run.stderr.lines().next()), (Some(2), Some(told)));
}

#[test]
fn deployments_are_listed_shown_and_deleted() {
    let site = Site::new();
    put(&site, &[]);
    site.run(&["deployment", "list"]).check(
        0,
        "NAME  PRIORITY  KIND  TARGETED  APPLIED  CONDITION\na-1   5         base  2         1        *\n",
        "",
    );
    let expected = json!([{ "id": "a-1", "priority": 5, "targetCondition": "*", "layered": false, "targeted": 2,
        "applied": 1, "created": "2026-11-22T08:00:00Z", "updated": "2026-11-22T08:00:00Z", "etag": "MQ==" }]);
    assert_eq!(site.run(&["deployment", "list", "--json"]).json(), expected);
    let show = site.folder.run("deployment show a-1");
    assert!(show.stdout.contains("\"password\": \"***\"") && !show.stdout.contains("s3cret"), "{}", show.stdout);
    assert!(site.folder.run("deployment show a-1 --with-secrets").stdout.contains("s3cret"));
    site.hub.take_seen();
    site.run(&["deployment", "delete", "a-1", "--yes"]).check(0, "", "     Deleted deployment `a-1` of `HUB`\n");
    let seen = site.hub.take_seen().pop().expect("a call");
    assert_eq!((seen.line.as_str(), seen.if_match.as_deref()), ("DELETE /configurations/a-1", Some("\"MQ==\"")));
    site.run(&["deployment", "show", "a-1"]).check(
        4,
        "",
        "error: `HUB` has no deployment `a-1`\nhint: see `edgectl deployment list --hub HUB`\n",
    );
}

#[test]
fn a_lost_answer_of_a_deletion_is_one_that_was_done() {
    let site = Site::new();
    put(&site, &[]);
    site.hub.fail_at("DELETE", Fault::DoAndCut);
    assert_eq!(site.run(&["deployment", "delete", "a-1", "--yes"]).status, Some(0));
    assert!(site.hub.configuration("a-1").is_none());
}
