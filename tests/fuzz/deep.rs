//! Nesting without end: every parser has a limit, where a stack would have overflowed.

use edgectl::document::Document;
use edgectl::edgehub::{HttpCall, parse_invocation};
use edgectl::identity::DeviceId;
use edgectl::message::{Message, system};
use edgectl::route::Route;
use edgectl::simulator::control::Request;
use edgectl::twin::parse_reported;

/// More than any stack holds if every level takes a frame.
const DEEP: usize = 100_000;
/// The same for files, whose mistakes are shown with the text around them, which takes time.
const DEEP_FILE: usize = 5_000;

fn nested(open: &str, close: &str) -> String {
    nested_by(DEEP, open, close)
}

fn nested_by(levels: usize, open: &str, close: &str) -> String {
    open.repeat(levels) + "1" + &close.repeat(levels)
}

#[test]
fn deep_documents_are_refused() {
    for (file, text) in [
        ("t.json", nested_by(DEEP_FILE, "[", "]")),
        ("t.json", nested_by(DEEP_FILE, "{\"a\":", "}")),
        ("t.json", "[".repeat(DEEP_FILE)),
        ("t.json", "/*".repeat(DEEP_FILE)),
        ("t.yaml", nested_by(DEEP_FILE, "[", "]")),
        ("t.yaml", nested_by(DEEP_FILE, "{a: ", "}")),
        ("t.yaml", "- ".repeat(DEEP_FILE)),
        ("t.yaml", "[".repeat(DEEP_FILE)),
        ("t.yaml", "? ".repeat(DEEP_FILE)),
        ("t.yaml", "&a ".repeat(DEEP_FILE)),
    ] {
        assert!(Document::parse(file, &text).is_err(), "{file}: {}", &text[..20]);
        assert!(Document::parse_template(file, &text).is_err(), "{file}: {}", &text[..20]);
    }
}

#[test]
fn yaml_that_unfolds_without_end_is_refused() {
    let level = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    let laughs: String =
        std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()).chain((1..12).map(level)).collect();
    assert!(Document::parse("t.yaml", &laughs).is_err());
}

#[test]
fn deep_routes_are_refused() {
    for condition in [
        nested("(", ")"),
        nested("NOT ", ""),
        nested("-", ""),
        nested("abs(", ")"),
        nested("1 + ", ""),
        nested("1 < 2 AND ", ""),
        "(".repeat(DEEP),
        format!("$body{} = 1", "[0]".repeat(DEEP)),
        format!("'{}' = 1", "x".repeat(DEEP)),
    ] {
        let text = format!("FROM /* WHERE {condition} INTO $upstream");
        match Route::parse(&text) {
            Err(error) => assert!(text.get(error.span).is_some()),
            // A long path into the body is no nesting.
            Ok(route) => drop(route.matches("/messages/", &deep_message())),
        }
    }
}

fn deep_message() -> Message {
    let mut message = Message { body: nested("[", "]").into_bytes().into(), ..Message::default() };
    message.set_system(system::CONTENT_TYPE, "application/json");
    message.set_system(system::CONTENT_ENCODING, "utf-8");
    message
}

#[test]
fn a_deep_body_matches_no_condition() {
    let route = Route::parse("FROM /* WHERE $body.a.b = 1 INTO $upstream").expect("a route");
    assert!(!route.matches("/messages/", &deep_message()));
}

#[test]
fn deep_requests_are_refused() {
    let deep = nested("[", "]");
    assert!(serde_json::from_str::<Request>(&format!("{{\"request\":\"call\",\"payload\":{deep}}}")).is_err());
    let body = format!("{{\"methodName\":\"x\",\"payload\":{deep}}}");
    let headers = [("x-ms-edge-moduleId".to_owned(), "d/m".to_owned())];
    let call = HttpCall { method: "POST", target: "/twins/d/methods", headers: &headers, body: body.as_bytes() };
    assert_eq!(parse_invocation(&DeviceId::parse("d").expect("valid"), &call).expect_err("refused").status, 400);
}

#[test]
fn a_twin_has_ten_levels() {
    let text = format!("{}1{}", "{\"a\":".repeat(12), "}".repeat(12));
    assert!(parse_reported(text.as_bytes()).is_err());
}
