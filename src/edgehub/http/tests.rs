//! Calls as the SDKs write them, and as nobody should.

use super::*;

const BODY: &str = r#"{"methodName":"reset","payload":{"a": 1.50, "b":12345678901234567890123}}"#;
const TARGET: &str = "/twins/Hannover01/modules/filter/methods?api-version=2018-06-30";

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn good_headers() -> Vec<(String, String)> {
    headers(&[
        ("X-MS-Edge-ModuleId", "Hannover01/sensor"),
        ("authorization", "SharedAccessSignature sr=x&sig=y&se=1"),
        ("content-type", "application/json; charset=utf-8"),
    ])
}

fn parse(target: &str, headers: &[(String, String)], body: &str) -> Result<Invocation, (u16, String)> {
    let device = DeviceId::parse("Hannover01").expect("valid");
    let call = HttpCall { method: "POST", target, headers, body: body.as_bytes() };
    parse_invocation(&device, &call).map_err(|answer| (answer.status, text(&answer)))
}

fn text(answer: &HttpAnswer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

fn identity(id: &str) -> Identity {
    let (device, module) = id.split_once('/').map_or((id, None), |(device, module)| (device, Some(module)));
    parse_identity(device, module).expect("valid")
}

fn refused(status: u16, message: &str) -> Result<Invocation, (u16, String)> {
    Err((status, json!({ "message": message }).to_string()))
}

fn bad_body(message: &str) -> Result<Invocation, (u16, String)> {
    Err((400, json!(message).to_string()))
}

#[test]
fn a_call_is_read_with_its_payload_untouched() {
    let expected = Invocation {
        caller: Caller::Module {
            identity: identity("Hannover01/sensor"),
            credential: Credential::Sas("SharedAccessSignature sr=x&sig=y&se=1".to_owned()),
        },
        target: identity("Hannover01/filter"),
        method: "reset".to_owned(),
        payload: Bytes::from_static(br#"{"a": 1.50, "b":12345678901234567890123}"#),
        response_timeout: Duration::from_secs(30),
        connect_timeout: Duration::ZERO,
    };
    assert_eq!(parse(TARGET, &good_headers(), BODY), Ok(expected));
}

#[test]
fn devices_and_encoded_ids_can_be_called() {
    let target_of = |target: &str| parse(target, &good_headers(), BODY).map(|invocation| invocation.target);
    assert_eq!(target_of("/twins/leaf1/methods?api-version=1"), Ok(identity("leaf1")));
    assert_eq!(target_of("/twins/d%2B1/modules/%24edgeAgent/methods"), Ok(identity("d+1/$edgeAgent")));
    let nobody = Err((404, r#"{"message":"Client Hannover01/a b not found"}"#.to_owned()));
    assert_eq!(target_of("/twins/Hannover01/modules/a%20b/methods"), nobody);
}

#[test]
fn other_paths_and_verbs_are_not_served() {
    for target in ["/", "", "/twins/d", "/twins/d/modules/m", "/devices/d/messages/events", "/twins/d/methods/"] {
        assert_eq!(parse(target, &good_headers(), BODY), refused(404, "not found"), "{target}");
    }
    let device = DeviceId::parse("Hannover01").expect("valid");
    let call = HttpCall { method: "GET", target: TARGET, headers: &[], body: &[] };
    assert_eq!(parse_invocation(&device, &call).map_err(|answer| answer.status), Err(405));
}

#[test]
fn limits_are_inclusive() {
    let name = "n".repeat(100);
    let payload = format!("\"{}\"", "p".repeat(128 * 1024 - 2));
    let call = |response: i64, connect: i64| {
        let body = format!(
            r#"{{"methodName":"{name}","payload":{payload},"responseTimeoutInSeconds":{response},"connectTimeoutInSeconds":{connect}}}"#
        );
        let invocation = parse(TARGET, &good_headers(), &body).expect("within the limits");
        (invocation.response_timeout.as_secs(), invocation.connect_timeout.as_secs())
    };
    assert_eq!(call(5, 0), (5, 0));
    assert_eq!(call(300, 300), (300, 300));
}

#[test]
fn a_body_beyond_the_limits_is_refused_with_a_bare_text() {
    let call = |body: &str| parse(TARGET, &good_headers(), body);
    assert_eq!(call(r#"{"methodName":" "}"#), bad_body("MethodName cannot be empty"));
    assert_eq!(call("{}"), bad_body("MethodName cannot be empty"));
    let long = format!(r#"{{"methodName":"{}"}}"#, "n".repeat(101));
    assert_eq!(call(&long), bad_body("MethodName cannot be longer than 100"));
    for seconds in [4, 301, -1] {
        let body = format!(r#"{{"methodName":"m","responseTimeoutInSeconds":{seconds}}}"#);
        assert_eq!(call(&body), bad_body("ResponseTimeout has to be between 5 and 300 seconds"));
    }
    for seconds in [-1, 301, i64::MIN] {
        let body = format!(r#"{{"methodName":"m","connectTimeoutInSeconds":{seconds}}}"#);
        assert_eq!(call(&body), bad_body("ConnectTimeout has to be between 0 and 300 seconds"));
    }
    let large = format!(r#"{{"methodName":"m","payload":"{}"}}"#, "p".repeat(128 * 1024 - 1));
    assert_eq!(call(&large), bad_body("Payload cannot be greater than 131072 bytes"));
    assert_eq!(call(""), bad_body("EOF while parsing a value at line 1 column 0"));
}

#[test]
fn absent_and_null_members_take_their_defaults() {
    let nulls =
        r#"{"methodName":"m","payload":null,"responseTimeoutInSeconds":null,"connectTimeoutInSeconds":null,"x":1}"#;
    for body in [nulls, r#"{"methodName":"m"}"#] {
        let invocation = parse(TARGET, &good_headers(), body).expect("valid");
        let timeouts = (invocation.response_timeout.as_secs(), invocation.connect_timeout.as_secs());
        assert_eq!((invocation.payload, timeouts), (Bytes::from_static(b"null"), (30, 0)));
    }
}

#[test]
fn a_caller_that_is_not_named_rightly_is_refused() {
    let with_caller = |caller: &str| {
        let mut headers = good_headers();
        headers[0].1 = caller.to_owned();
        parse(TARGET, &headers, BODY)
    };
    let bad = refused(400, "Invalid header value for x-ms-edge-moduleId");
    for caller in ["", "Hannover01", "Hannover01/", "Hannover01/a/b"] {
        assert_eq!(with_caller(caller), bad, "{caller}");
    }
    assert_eq!(parse(TARGET, &good_headers()[1..], BODY), bad);
    let stranger = refused(401, "Only modules on the same device can invoke direct methods");
    assert_eq!(with_caller("Berlin02/sensor"), stranger);
}

#[test]
fn a_call_without_a_sas_token_is_not_authorized() {
    let mut headers = good_headers();
    headers[1].1 = "Bearer x".to_owned();
    let only = refused(401, "Invalid Authorization header. Only SharedAccessSignature is supported.");
    assert_eq!(parse(TARGET, &headers, BODY), only);
    headers[1].1 = "äääääääääääääääääääää".to_owned();
    assert_eq!(parse(TARGET, &headers, BODY), only);
    headers.remove(1);
    assert_eq!(parse(TARGET, &headers, BODY), refused(401, "Authorization header missing"));
}

#[test]
fn a_body_of_another_type_is_refused_and_one_without_a_type_is_not() {
    let mut headers = good_headers();
    headers[2].1 = "text/plain".to_owned();
    let refused = Err((415, r#""the body has to be application/json""#.to_owned()));
    assert_eq!(parse(TARGET, &headers, BODY), refused);
    headers.remove(2);
    parse(TARGET, &headers, BODY).expect("valid");
}

#[test]
fn every_result_has_its_answer() {
    let target = identity("Hannover01/filter");
    let answer = |result| {
        let answer = answer_invocation(&target, result);
        (answer.status, text(&answer))
    };
    let answered =
        |payload: &'static str| answer(Ok(Answer { status: -7, payload: Bytes::from_static(payload.as_bytes()) }));
    assert_eq!(answered(r#"{"a": 1.50}"#), (200, r#"{"status":-7,"payload":{"a": 1.50}}"#.to_owned()));
    assert_eq!(answered(""), (200, r#"{"status":-7,"payload":null}"#.to_owned()));
    assert_eq!(answered(r#"1}, "x"#), (200, r#"{"status":-7,"payload":"1}, \"x"}"#.to_owned()));
    let message = |text: &str| format!(r#"{{"message":"{text}"}}"#);
    assert_eq!(answer(Err(InvokeError::NotFound)), (404, message("Client Hannover01/filter not found")));
    assert_eq!(answer(Err(InvokeError::NoAnswer)), (504, message("Client Hannover01/filter did not answer in time")));
    assert_eq!(answer(Err(InvokeError::NotAuthorized("why".to_owned()))), (401, message("why")));
}

proptest::proptest! {
    #[test]
    fn no_call_panics(target in "(/twins)?(/[^?]{0,9}){0,5}/methods", header in ".{0,30}", body in ".{0,60}") {
        let headers = headers(&[("x-ms-edge-moduleId", &header), ("authorization", &header)]);
        let _ = parse(&target, &headers, &body);
        let _ = embed(body.as_bytes());
    }
}
