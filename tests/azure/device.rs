//! One device: `deploy --apply --device`.

use serde_json::json;

use super::Site;
use super::fake::{Fault, READER_KEY};

const APPLY: [&str; 5] = ["deploy", "--apply", "--device", "hall1", "--yes"];
const CALL: &str = "POST /devices/hall1/applyConfigurationContent";
const DONE: &str = "    Deployed 2 modules, 2 routes to device `hall1` of `HUB`\n";
const PASSWORD: &str =
    "/modulesContent/$edgeAgent/properties.desired/runtime/settings/registryCredentials/factory/password";

// protocol.md §10.5
#[test]
fn a_device_gets_the_whole_manifest_with_the_real_passwords() {
    let site = Site::new();
    site.run(&APPLY).check(0, "", DONE);
    let content = site.hub.content_of("hall1");
    assert_eq!(content.pointer(PASSWORD), Some(&json!("s3cret")));
    assert_eq!(
        content.as_object().map(|members| members.keys().cloned().collect()),
        Some(vec!["modulesContent".to_owned()])
    );
    assert_eq!(site.calls(), [CALL]);
    assert!(!site.folder.list().contains(&"config/".to_owned()), "no file is written");
}

#[test]
fn a_file_without_its_passwords_is_completed() {
    let site = Site::new();
    assert_eq!(site.run(&["deploy", "--quiet"]).status, Some(0));
    let file = ["--file", "config/deployment.amd64.json"];
    let run = site.run(&[&APPLY[..], &file].concat());
    assert!(run.status == Some(0) && run.stderr.ends_with(DONE), "{}", run.stderr);
    assert_eq!(site.hub.content_of("hall1").pointer(PASSWORD), Some(&json!("s3cret")));
    site.folder.write(".env", "DB_PASSWORD=hunter2\n");
    let run = site.run(&[&APPLY[..], &file, &["--quiet"]].concat());
    assert_eq!((run.status, site.calls().len()), (Some(1), 1), "{}", run.stderr);
    assert!(run.stderr.contains("error: `config/deployment.amd64.json` lacks 1 secret\n"), "{}", run.stderr);
}

#[test]
fn a_redacted_file_is_refused_at_each_secret_that_it_lacks() {
    let site = Site::new();
    assert_eq!(site.run(&["deploy", "--redact", "--quiet"]).status, Some(0));
    let run = site.run(&[&APPLY[..], &["--file", "config/deployment.amd64.json", "--allow", "hidden-secret"]].concat());
    let line = site.folder.read("config/deployment.amd64.json").lines().position(|line| line.contains("\"***\""));
    let line = line.map_or(0, |index| index + 1);
    run.check(
        1,
        "",
        &format!(
            "error: `config/deployment.amd64.json` lacks 1 secret\n  \
             caused by: line {line}, column 26: the value of `DB_PASSWORD` was taken out; `***` is in its place\n  \
             --> config/deployment.amd64.json:{line}:26\n   |\n{line} |                 \"value\": \"***\"\n   |                          \
             ^^^^^\nhint: deploy from the template, or write the file anew without `--redact`\n"
        ),
    );
    assert!(site.calls().is_empty());
}

#[test]
fn json_tells_where_it_went() {
    let site = Site::new();
    let run = site.run(&[&APPLY[..], &["--json"]].concat());
    assert_eq!(run.json(), json!({ "hub": "HUB", "device": "hall1", "deployed": true }));
}

#[test]
fn nothing_is_deployed_without_consent() {
    let site = Site::new();
    site.run(&["deploy", "--apply", "--device", "hall1"]).check(
        2,
        "",
        "error: consent is needed, and stdin is not a terminal\n  caused by: the question is: Deploy 2 modules, 2 \
         routes to device `hall1` of `HUB`, as the policy `iothubowner`?\nhint: pass `--yes` to deploy without being \
         asked\n",
    );
    assert!(site.calls().is_empty());
}

#[test]
fn nowhere_is_no_place_to_deploy_to() {
    Site::new().run(&["deploy", "--apply", "--yes"]).check(
        2,
        "",
        "error: nothing says where to deploy to\nhint: pass `--device ID`, or `--target-condition EXPR --id NAME \
         --priority N`, or `--hub simulation`\n",
    );
}

// protocol.md §12.1
#[test]
fn a_device_that_is_not_there_is_named() {
    let site = Site::new();
    site.run(&["deploy", "--apply", "--device", "hall 9/x", "--yes"]).check(
        4,
        "",
        "error: cannot deploy to device `hall 9/x` of `HUB`\n  caused by: `HUB` has no device `hall 9/x`\n  caused by: \
         the hub says: DeviceNotFound: Device is not registered\nhint: create it with `az iot hub device-identity \
         create --hub-name 127 --device-id hall 9/x --ee`\n",
    );
    assert_eq!(site.calls(), ["POST /devices/hall 9/x/applyConfigurationContent"], "one step of the path, encoded");
}

// protocol.md §12.1
#[test]
fn a_key_that_is_wrong_and_a_policy_that_is_too_weak_are_told_apart() {
    let site = Site::new();
    let told = |policy: &str, key: &str| {
        let text = site.hub.connection_string(policy, key);
        let run = site.run(&[&APPLY[..], &["--hub-connection-string", &text]].concat());
        (run.status, run.stderr.lines().nth(1).unwrap_or_default().to_owned())
    };
    let unaccepted = "  caused by: `HUB` does not accept the proof of who is calling".to_owned();
    assert_eq!(told("iothubowner", READER_KEY), (Some(4), unaccepted.clone()));
    assert_eq!(told("nobody", READER_KEY), (Some(4), unaccepted));
    assert_eq!(told("registryRead", READER_KEY), (Some(4), "  caused by: `HUB` does not permit this".to_owned()));
}

#[test]
fn a_refusal_is_not_tried_again() {
    let site = Site::new();
    for (status, code) in [(400, "ArgumentInvalid"), (413, "MessageTooLarge"), (412, "PreconditionFailed")] {
        site.hub.fail(&[Fault::Answer(status, code, "")]);
        assert_eq!(site.run(&APPLY).status, Some(4), "{code}");
        assert_eq!(site.calls(), [CALL], "{code}");
    }
}

#[test]
fn a_busy_hub_says_when_to_come_back() {
    let site = Site::new();
    site.hub.fail(&[Fault::Answer(429, "ThrottlingException", "Retry-After: 0\r\n")]);
    let warning = "warning: `HUB` is busy: more calls came than its size allows; trying again in 0 s\n";
    site.run(&APPLY).check(0, "", &format!("{warning}{DONE}"));
    assert_eq!(site.calls(), [CALL, CALL]);
    site.hub.fail(&[Fault::Answer(429, "ThrottlingException", "Retry-After: 3600\r\n")]);
    let run = site.run(&APPLY);
    assert_eq!((run.status, site.calls().len()), (Some(4), 1), "an hour is too long: {}", run.stderr);
}

#[test]
fn a_hub_that_stays_busy_is_given_up() {
    let site = Site::new();
    site.hub.fail(&[const { Fault::Answer(503, "ServiceUnavailable", "Retry-After: 0\r\n") }; 4]);
    let run = site.run(&APPLY);
    let last = "  caused by: `HUB` has a problem of its own (status 503)";
    assert_eq!((run.status, run.stderr.lines().rev().nth(2)), (Some(4), Some(last)), "{}", run.stderr);
    assert_eq!(site.calls().len(), 4);
}

#[test]
fn a_connection_that_breaks_off_is_made_again() {
    let site = Site::new();
    for fault in [Fault::Cut, Fault::HalfAnAnswer, Fault::DoAndCut] {
        site.hub.fail(&[fault]);
        let warning = "warning: the connection to `HUB` broke off before the answer; trying again in 1 s\n";
        site.run(&APPLY).check(0, "", &format!("{warning}{DONE}"));
        assert_eq!(site.calls(), [CALL, CALL]);
    }
}

#[test]
fn a_hub_that_says_nothing_is_not_waited_for_forever() {
    let site = Site::new();
    site.hub.fail(&[Fault::Stall]);
    let warning = "warning: `HUB` did not answer within 0.3 s; trying again in 1 s\n";
    site.run(&[&APPLY[..], &["--timeout", "300ms"]].concat()).check(0, "", &format!("{warning}{DONE}"));
}
