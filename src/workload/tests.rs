//! Every row of protocol.md §2.1 and §2.2.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::*;

struct Registry {
    keys: BTreeMap<ModuleId, Key>,
    details: Vec<ModuleDetails>,
}

impl Modules for Registry {
    fn primary_key(&self, module: &ModuleId) -> Option<Key> {
        self.keys.get(module).cloned()
    }

    fn details(&self) -> Vec<ModuleDetails> {
        self.details.clone()
    }
}

/// A device with the modules `filter` and `$edgeHub`, and a caller `ghost` that has no identity.
struct World {
    device: DeviceId,
    authority: Authority,
    master_key: MasterKey,
    registry: Registry,
}

const NOW: Now = Now { monotonic: Duration::ZERO, unix: Duration::from_secs(1_800_000_000) };
/// RFC 4231, test case 1: 20 bytes 0x0b, and below `Hi There`.
const KEY: &str = "CwsLCwsLCwsLCwsLCwsLCwsLCws=";
const DIGEST: &str = r#"{"digest":"sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c="}"#;
const SIGN_BODY: &str = r#"{"keyId":"primary","algo":"HMACSHA256","data":"SGkgVGhlcmU="}"#;
const SIGN: &str = "/modules/filter/genid/1/sign?api-version=2018-06-28";

fn world() -> World {
    let device = DeviceId::parse("Hannover01").expect("valid");
    let key = Key::parse(KEY).expect("a key");
    let keys = [(module("filter"), key.clone()), (module("$m+1"), key.clone())];
    World {
        authority: Authority::create(&device, NOW.unix).expect("made"),
        master_key: MasterKey::derive(&key),
        registry: Registry { keys: keys.into(), details: Vec::new() },
        device,
    }
}

fn module(name: &str) -> ModuleId {
    ModuleId::parse(name).expect("valid")
}

fn request(method: &str, target: &str, content_type: Option<&str>, body: &str) -> Request {
    Request {
        method: method.to_owned(),
        path_and_query: target.to_owned(),
        content_type: content_type.map(str::to_owned),
        body: body.as_bytes().to_vec(),
    }
}

impl World {
    fn handle(&self, caller: &str, request: &Request) -> Handled {
        let workload = Workload {
            device: &self.device,
            hub_host: "hub.test.net",
            authority: &self.authority,
            master_key: &self.master_key,
            modules: &self.registry,
        };
        workload.handle(&module(caller), NOW, request)
    }

    /// Sends a request of `filter`, and returns status and body.
    fn ask(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let response = self.handle("filter", &request(method, target, None, body)).response;
        assert_eq!(response.content_type, "application/json");
        (response.status, String::from_utf8(response.body).expect("text"))
    }
}

fn refused(status: u16, message: &str) -> (u16, String) {
    (status, json!({ "message": message }).to_string())
}

#[test]
fn every_known_version_is_accepted_and_the_last_counts() {
    let world = world();
    for version in [
        "2018-06-28",
        "2019-01-30",
        "2019-10-22",
        "2019-11-05",
        "2020-07-07",
        "2021-12-07",
        "2022-08-03",
        "2018-06%2D28",
    ] {
        let target = format!("/modules/filter/genid/1/sign?api-version=1999&api-version={version}&x");
        assert_eq!(world.ask("POST", &target, SIGN_BODY), (200, DIGEST.to_owned()), "{version}");
    }
}

#[test]
fn a_missing_or_unknown_version_is_refused_before_anything_else() {
    let world = world();
    assert_eq!(world.ask("GET", "/nowhere", ""), refused(400, "api-version not specified"));
    assert_eq!(world.ask("GET", "/nowhere?version=1", ""), refused(400, "api-version not specified"));
    assert_eq!(world.ask("GET", "/nowhere?api-version=x", ""), refused(400, r#"invalid api-version "x""#));
    assert_eq!(world.ask("GET", "/nowhere?api-version", ""), refused(400, r#"invalid api-version """#));
}

#[test]
fn an_unknown_path_is_not_found() {
    let world = world();
    for path in [
        "",
        "/",
        "/module",
        "/modules/filter",
        "/modules/filter/genid/1",
        "/modules//genid/1/sign",
        "/modules/filter/genid//sign",
        "/modules/filter/genid/1/sign/",
        "a/modules/filter/genid/1/sign",
        "/modules/%FF/genid/1/sign",
        "/modules/filter/genid/%FF/sign",
        "/modules/filter/genid/1/certificate/identity",
        "/modules/filter/certificate/server",
        "/trust-bundle/",
    ] {
        let target = format!("{path}?api-version=2018-06-28");
        assert_eq!(world.ask("POST", &target, SIGN_BODY), refused(404, "not found"), "{path}");
    }
}

#[test]
fn a_known_path_with_the_wrong_verb_is_a_bad_request() {
    let world = world();
    let wrong = refused(400, "method not allowed");
    for path in ["/modules", "/modules/", "/trust-bundle", "/manifest-trust-bundle"] {
        for verb in ["POST", "DELETE", "PATCH", "HEAD", "get"] {
            assert_eq!(world.ask(verb, &format!("{path}?api-version=2018-06-28"), ""), wrong, "{verb} {path}");
        }
    }
    for path in
        ["genid/1/sign", "genid/1/encrypt", "genid/1/decrypt", "genid/1/certificate/server", "certificate/identity"]
    {
        for verb in ["GET", "DELETE", "OPTIONS"] {
            let target = format!("/modules/filter/{path}?api-version=2018-06-28");
            assert_eq!(world.ask(verb, &target, ""), wrong, "{verb} {path}");
        }
    }
    assert_eq!(world.ask("PUT", SIGN, "{}"), wrong);
}

#[test]
fn the_wrong_verb_comes_after_the_wrong_body() {
    let world = world();
    let text = request("PUT", SIGN, Some("text/plain"), "{}");
    assert_eq!(world.handle("filter", &text).response.status, 415);
    assert_eq!(world.ask("PUT", SIGN, ""), refused(422, "EOF while parsing a value at line 1 column 0"));
    assert_eq!(world.ask("DELETE", SIGN, "{"), refused(422, "EOF while parsing an object at line 1 column 1"));
}

#[test]
fn a_module_gets_its_proof_signed_with_and_without_a_content_type() {
    let world = world();
    for content_type in
        [None, Some("application/json"), Some("application/json; charset=utf-8"), Some("Application/JSON")]
    {
        let handled = world.handle("filter", &request("POST", SIGN, content_type, SIGN_BODY));
        assert_eq!((handled.response.status, handled.response.body), (200, DIGEST.as_bytes().to_vec()));
        let audit = handled.audit.expect("a use of the identity");
        assert_eq!((audit.module.as_str(), audit.action.to_string().as_str()), ("filter", "sign (workload API)"));
    }
}

#[test]
fn key_algorithm_and_generation_do_not_matter_for_a_signature() {
    let body = r#"{"keyId":"secondary","algo":"none","data":"SGkgVGhlcmU=","more":1}"#;
    let target = "/modules/filter/genid/other/sign?api-version=2022-08-03";
    assert_eq!(world().ask("POST", target, body), (200, DIGEST.to_owned()));
}

#[test]
fn a_percent_encoded_id_is_decoded() {
    let target = "/modules/%24m%2B1/genid/1/sign?api-version=2018-06-28";
    let handled = world().handle("$m+1", &request("POST", target, None, SIGN_BODY));
    assert_eq!(handled.response.body, DIGEST.as_bytes());
}

#[test]
fn a_sign_request_that_is_wrong_says_why() {
    let world = world();
    assert_eq!(world.ask("POST", SIGN, ""), refused(400, "missing parameter: request body"));
    assert_eq!(
        world.ask("POST", SIGN, r#"{"data":"~"}"#),
        refused(400, "invalid parameter: Invalid symbol 126, offset 0.")
    );
    assert_eq!(world.ask("POST", SIGN, "{}"), refused(422, "missing field `data` at line 1 column 2"));
    assert_eq!(world.ask("POST", SIGN, "no"), refused(422, "expected ident at line 1 column 2"));
    let ignored = world.handle("filter", &request("POST", SIGN, Some("text/plain"), SIGN_BODY)).response;
    assert_eq!(ignored.status, 400, "a body that is no JSON counts as none");
}

#[test]
fn a_module_without_an_identity_gets_no_signature() {
    let target = "/modules/ghost/genid/1/sign?api-version=2018-06-28";
    let handled = world().handle("ghost", &request("POST", target, None, SIGN_BODY));
    assert_eq!(handled.response.body, br#"{"message":"module `ghost` has no identity"}"#);
    assert_eq!((handled.response.status, handled.audit), (500, None));
}

#[test]
fn no_module_can_act_as_another() {
    let world = world();
    let bodies = [
        ("genid/1/sign", SIGN_BODY),
        ("genid/1/encrypt", r#"{"plaintext":"","initializationVector":""}"#),
        ("genid/1/decrypt", r#"{"ciphertext":"","initializationVector":""}"#),
        ("genid/1/certificate/server", r#"{"commonName":"x"}"#),
        ("certificate/identity", ""),
    ];
    for (path, body) in bodies {
        let target = format!("/modules/filter/{path}?api-version=2018-06-28");
        let handled = world.handle("other", &request("POST", &target, None, body));
        assert_eq!(handled.response.status, 403, "{path}");
        assert_eq!(handled.response.body, br#"{"message":"forbidden"}"#);
        let audit = handled.audit.expect("worth a line in the log");
        assert_eq!(audit.module.as_str(), "other");
        assert_eq!(audit.action.to_string(), "refused to act as `filter` (workload API)");
    }
    let unread = world.handle("other", &request("POST", SIGN, None, "")).response;
    assert_eq!(unread.status, 403, "before a missing body is complained about");
}

fn field(answer: &(u16, String), name: &str) -> String {
    let value: Value = serde_json::from_str(&answer.1).expect("JSON");
    value[name].as_str().expect("a text").to_owned()
}

#[test]
fn what_was_encrypted_can_be_decrypted_by_the_same_module_only() {
    let world = world();
    let target =
        |generation: &str, verb: &str| format!("/modules/filter/genid/{generation}/{verb}?api-version=2018-06-28");
    for vector in ["", "aXY=", "YSB2ZWN0b3IgdGhhdCBpcyBsb25nZXIgdGhhbiB0d2VsdmUgYnl0ZXM="] {
        let body = json!({ "plaintext": "c2VjcmV0", "initializationVector": vector }).to_string();
        let encrypted = world.ask("POST", &target("1", "encrypt"), &body);
        assert_eq!(encrypted.0, 200);
        let body = json!({ "ciphertext": field(&encrypted, "ciphertext"), "initializationVector": vector }).to_string();
        assert_eq!(world.ask("POST", &target("1", "decrypt"), &body), (200, r#"{"plaintext":"c2VjcmV0"}"#.to_owned()));
        let other_generation = world.ask("POST", &target("2", "decrypt"), &body);
        assert_eq!(
            other_generation,
            refused(500, "the data does not belong to this key, module and initialization vector")
        );
    }
}

#[test]
fn encryption_that_is_asked_for_wrongly_says_why() {
    let world = world();
    for (verb, field) in [("encrypt", "plaintext"), ("decrypt", "ciphertext")] {
        let target = format!("/modules/filter/genid/1/{verb}?api-version=2018-06-28");
        assert_eq!(world.ask("POST", &target, ""), refused(400, "missing request body"));
        for (data, vector) in [("~", ""), ("", "~")] {
            let body = json!({ field: data, "initializationVector": vector }).to_string();
            let why = "invalid parameter: Invalid symbol 126, offset 0.";
            assert_eq!(world.ask("POST", &target, &body), refused(400, why));
        }
        assert_eq!(world.ask("POST", &target, "[]").0, 422);
    }
}

#[test]
fn certificates_are_created_with_their_chain_and_key() {
    let world = world();
    for (path, body, log) in [
        ("genid/1/certificate/server", r#"{"commonName":"gateway.local","expiration":"x"}"#, "server certificate"),
        ("genid/1/certificate/server", r#"{"commonName":"172.17.0.1"}"#, "server certificate"),
        ("certificate/identity", "", "identity certificate"),
        ("certificate/identity", r#"{"expiration":"2030-01-01T00:00:00Z"}"#, "identity certificate"),
    ] {
        let target = format!("/modules/filter/{path}?api-version=2018-06-28");
        let handled = world.handle("filter", &request("POST", &target, None, body));
        assert_eq!(handled.response.status, 201);
        assert_eq!(handled.audit.expect("logged").action.to_string(), format!("{log} (workload API)"));
        let answer: Value = serde_json::from_slice(&handled.response.body).expect("JSON");
        assert_eq!(answer["privateKey"]["type"], "key");
        assert!(answer["privateKey"]["bytes"].as_str().expect("PEM").starts_with("-----BEGIN PRIVATE KEY-----"));
        assert!(answer["certificate"].as_str().expect("PEM").ends_with(world.authority.trust_bundle()));
        assert_eq!(answer["expiration"], "2028-01-15T08:00:00Z");
    }
}

#[test]
fn a_certificate_that_is_asked_for_wrongly_says_why() {
    let world = world();
    let target = "/modules/filter/genid/1/certificate/server?api-version=2018-06-28";
    assert_eq!(world.ask("POST", target, ""), refused(400, "missing request body"));
    assert_eq!(
        world.ask("POST", target, r#"{"commonName":""}"#),
        refused(400, "invalid parameter: `` is no name that a certificate can carry")
    );
    let target = "/modules/filter/certificate/identity?api-version=2018-06-28";
    assert_eq!(world.ask("POST", target, "{").0, 422);
}

#[test]
fn the_trust_bundle_is_the_authority_and_manifests_have_none() {
    let world = world();
    let answer = world.ask("GET", "/trust-bundle?api-version=2018-06-28", "");
    assert_eq!((answer.0, field(&answer, "certificate")), (200, world.authority.trust_bundle().to_owned()));
    let answer = world.ask("GET", "/manifest-trust-bundle?api-version=2020-07-07", "");
    assert_eq!(answer, (200, r#"{"certificate":""}"#.to_owned()));
}

#[test]
fn modules_are_listed_with_what_became_of_them() {
    let mut world = world();
    let at = NOW.unix;
    let details = |name: &str, status| ModuleDetails {
        name: name.to_owned(),
        settings: json!({ "image": "filter:1" }),
        status,
        started: None,
        exit: None,
    };
    world.registry.details = vec![
        ModuleDetails { started: Some(at), ..details("a", RuntimeStatus::Running) },
        ModuleDetails { exit: Some(Exit { at, code: 3 }), ..details("b", RuntimeStatus::Failed) },
    ];
    for path in ["/modules", "/modules/"] {
        let answer = world.ask("GET", &format!("{path}?api-version=2018-06-28"), "");
        let config = r#""type":"docker","config":{"settings":{"image":"filter:1"},"env":[]}"#;
        let a = r#"{"runtimeStatus":{"status":"running"},"startTime":"2027-01-15T08:00:00.000Z"}"#;
        let b = r#"{"runtimeStatus":{"status":"failed"},"exitStatus":{"exitTime":"2027-01-15T08:00:00.000Z","statusCode":"3"}}"#;
        let expected = format!(
            r#"{{"modules":[{{"id":"id","name":"a",{config},"status":{a}}},{{"id":"id","name":"b",{config},"status":{b}}}]}}"#
        );
        assert_eq!(answer, (200, expected));
    }
}

proptest::proptest! {
    #[test]
    fn no_request_panics(
        method in "GET|POST|PUT|DELETE|[A-Z]{1,5}",
        target in "(/modules)?(/[^?]{0,9}){0,6}(/sign|/encrypt|/decrypt)?\\?api-version=2018-06-28.{0,20}",
        content_type in proptest::option::of(".{0,20}"),
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..60),
    ) {
        let content_type = content_type.clone();
        let response = world().handle("filter", &Request { method, path_and_query: target, content_type, body }).response;
        proptest::prop_assert!(serde_json::from_slice::<Value>(&response.body).is_ok());
    }
}
