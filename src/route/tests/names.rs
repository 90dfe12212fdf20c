//! Names in a condition: properties, system properties and paths into a body (protocol.md §8.3).

use bytes::Bytes;

use super::{check, refuse_condition, value_of};
use crate::message::{Message, system};

#[test]
fn names_are_looked_up_without_regard_to_case() {
    check(&[
        ("NAME", "'x'"),
        ("missing", "undefined"),
        ("flag", "''"),
        ("$CONNECTIONmoduleID", "'sensor'"),
        ("{$contenttype}", "'application/json'"),
    ]);
}

#[test]
fn an_application_property_with_a_dollar_comes_first_and_braces_skip_it() {
    check(&[
        ("$dollar", "'app'"),
        ("{$dollar}", "undefined"),
        ("$body.n", "'shadow'"),
        ("{$body.n}", "5"),
        ("$body.s", "'text'"),
    ]);
}

#[test]
fn body_paths_reach_into_objects_and_arrays() {
    check(&[
        ("$body.o.a[0].b", "7"),
        ("$BODY.yes", "true"),
        ("$body.o.A", "1"),
        ("$body.list[0]", "1"),
        ("$body", "undefined"),
        ("$body.o", "undefined"),
        ("$body.list", "undefined"),
        ("$other[0]", "undefined"),
    ]);
    let hint = "write names with dots and at most one index each: `$body.a.b[0].c`";
    for path in ["$body.", "$body.a[0][1]", "$body.a..b", "$body.a[x]", "$body.*"] {
        refuse_condition(&[(path, &format!("`{path}` is no path into a body"), hint)]);
    }
}

#[test]
fn a_body_is_read_only_if_type_and_encoding_say_so() {
    let with = |content_type: Option<&str>, encoding: Option<&str>, body: &[u8]| {
        let mut message = Message { body: Bytes::copy_from_slice(body), ..Message::default() };
        content_type.into_iter().for_each(|text| message.set_system(system::CONTENT_TYPE, text));
        encoding.into_iter().for_each(|text| message.set_system(system::CONTENT_ENCODING, text));
        value_of("$body.n", &message)
    };
    let (json, body) = (Some("application/json"), br#"{"n":5}"#.as_slice());
    assert_eq!(with(Some("Application/JSON"), Some("UTF-8"), body), "5");
    assert_eq!(with(Some("application/json; charset=utf-8"), Some("utf-8"), body), "undefined");
    assert_eq!(with(None, Some("utf-8"), body), "undefined");
    assert_eq!(with(json, None, body), "undefined");
    assert_eq!(with(json, Some("latin-1"), body), "undefined");
    assert_eq!(with(json, Some("utf-8"), b"{\"n\":"), "undefined");
    assert_eq!(with(json, Some("utf-8"), b"[5]"), "undefined");
    let utf16: Vec<u8> = r#"{"n":5}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = r#"{"n":5}"#.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    assert_eq!(with(json, Some("utf-16"), &utf16), "5");
    assert_eq!(with(json, Some("utf-32"), &utf32), "5");
    assert_eq!(with(json, Some("utf-16"), &utf16[1..]), "undefined");
}
