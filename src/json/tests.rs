use super::*;

#[track_caller]
fn check_error(text: &str, expected: &str) {
    let error = parse("f.json", text).expect_err("the text is wrong");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn comments_and_trailing_commas_are_tolerated_and_key_order_is_kept() {
    let value = parse("f.json", "// a\n{\"z\": [1, 2.5,], /* b */ \"a\": null,}").expect("tolerated");
    assert_eq!(value.to_string(), r#"{"z":[1,2.5],"a":null}"#);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    check_error("{\"a\": 1,\n \"a\": 2}", "f.json:2:2: the key `a` stands twice in one object, first in line 1");
}

#[test]
fn each_mistake_is_named_with_its_place() {
    check_error("", "f.json:1:1: expected a JSON value, found nothing");
    check_error("{\"a\": tru}", "f.json:1:7: expected a value, found `tru`");
    check_error("{\"a\": 1\n \"b\": 2}", "f.json:1:8: expected `,`");
    check_error("{\"a\" 1}", "f.json:1:6: expected `:` after the key");
    check_error("{'a': 1}", "f.json:1:2: expected double quotes, found single ones");
    check_error("{a: 1}", "f.json:1:2: expected a key in double quotes");
    check_error("{\"a\": }", "f.json:1:7: expected a value, found `}`");
    check_error("{\"a\": [1, 2}", "f.json:1:12: expected a value, found `}`");
    check_error("{\"a\": \"b}\n", "f.json:1:7: this string is never closed");
    check_error("{\"a\": {\"b\": 1}", "f.json:1:1: this `{` is never closed");
    check_error("{} {}", "f.json:1:4: expected the end of the file after the first value");
    check_error(
        "{\"a\": -18446744073709551616}",
        "f.json:1:7: this integer has more than 64 bits: it would be rounded",
    );
    check_error("{\"a\": 1e999}", "f.json:1:7: `1e999` is no number that JSON can hold");
    check_error("{\"a\": \"\\q\"}", "f.json:1:8: the string holds an escape that JSON doesn't have");
    check_error("{\"a\": $FLAG}", "f.json:1:7: expected a value, found `$FLAG`");
}

#[test]
fn a_string_that_its_line_leaves_open_is_named_where_it_begins() {
    check_error("{\"a\": \"b,\n \"c\": 1}", "f.json:1:7: this string is never closed");
    check_error("{\"a\": \"b,\r\n \"", "f.json:1:7: this string is never closed");
    check_error("{\"a\": tru, \"b\": \"c\n\"}", "f.json:1:7: expected a value, found `tru`");
    let told = parse_template("t.json", "{\n  \": {\n    \u{1}$edgeAgenté\": ").expect_err("nothing is closed");
    assert_eq!(told.to_string(), "t.json:2:3: this string is never closed");
}

#[test]
fn a_control_character_in_a_string_is_named_with_its_escape() {
    let told = parse("f.json", "{\"a\": \"b\tc\"}").expect_err("a tab");
    assert_eq!(told.to_string(), "f.json:1:9: the string holds a tab, which JSON has as an escape only");
    assert_eq!(told.hint.as_deref(), Some("write it as `\\t`"));
    let told = parse("f.json", "{\"a\": \"b\u{1b}c\"}").expect_err("an escape character");
    assert_eq!(told.hint.as_deref(), Some("write it as `\\u001b`"));
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    check_error(&"[".repeat(100_000), "f.json:1:513: values are nested more than 512 deep");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert_eq!(parse("f.json", "\u{feff}{}"), Ok(serde_json::json!({})));
}

#[test]
fn bare_variables_of_a_template_come_as_strings_with_their_pointers() {
    let (value, bare) = parse_template("t.json", "{\"a\": $A, \"b\": [\"$B\", ${C}]}").expect("a template");
    assert_eq!(value.to_string(), r#"{"a":"$A","b":["$B","${C}"]}"#);
    let root = Pointer::root();
    assert_eq!(bare.into_iter().collect::<Vec<_>>(), [root.key("a"), root.key("b").index(1)]);
}

#[test]
fn a_bare_variable_is_no_key() {
    let error = parse_template("t.json", "{$A: 1}").expect_err("keys are never variables");
    assert_eq!(error.to_string(), "t.json:1:2: expected a key in quotes, found a variable");
}

fn find(text: &str, pointer: &Pointer, part: Part) -> Option<Range<usize>> {
    places(text).find(pointer, part)
}

#[test]
fn every_key_that_stands_twice_is_found() {
    let found = duplicates(r#"{"a": 1, "b": [{"x": 1, "x": {"y": 1, "y": 2}}], "a": 2, "a": 3}"#);
    let keys: Vec<_> = found.iter().map(|twice| (twice.key.as_str(), twice.place.start, twice.first.start)).collect();
    assert_eq!(keys, [("x", 24, 16), ("y", 38, 30), ("a", 49, 1), ("a", 57, 1)]);
}

#[test]
fn a_key_behind_an_open_string_is_none() {
    let found = duplicates("{\"a\": 1, \"a\": 2, \"b\": \"first line\nsecond\", \"b\": 3}");
    assert_eq!(found.iter().map(|twice| twice.key.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_value_is_found_by_its_pointer() {
    let text = "{\"a\": {\"b/c\": [1, \"two\"]}}";
    let pointer = Pointer::root().key("a").key("b/c");
    let show = |pointer: &Pointer, part| find(text, pointer, part).map(|span| &text[span]);
    assert_eq!(show(&pointer, Part::Key), Some("\"b/c\""));
    assert_eq!(show(&pointer.index(1), Part::Value), Some("\"two\""));
    assert_eq!(show(&pointer.index(2), Part::Value), None);
}

#[test]
fn a_range_of_a_string_is_found_behind_its_escapes() {
    let text = r#"{"a": "x\"y\u00e4z"}"#;
    let literal = find(text, &Pointer::root().key("a"), Part::Value).expect("it is there");
    let value = "x\"yäz";
    let at = value.find('z').expect("it is there");
    assert_eq!(&text[inside(text, &literal, &(at..at + 1))], "z");
    assert_eq!(&text[inside(text, &literal, &(1..2))], "\\\"");
}

#[test]
fn a_quote_at_the_end_of_a_string_has_its_place() {
    let text = r#"{"a": "x\""}"#;
    let literal = find(text, &Pointer::root().key("a"), Part::Value).expect("it is there");
    assert_eq!(&text[inside(text, &literal, &(1..2))], "\\\"");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_an_edit_or_a_search_panic(text in "[\\[\\]{}:,\"'$/*\\\\\n \u{feff}äa-c0-9]{0,40}", at in 0..50usize) {
        let value = Value::Null;
        let _ = insert_member(&text, &Pointer::root(), Member { key: "k", value: &value });
        let _ = find(&text, &Pointer::root().key("a").index(0), Part::Key);
        let _ = TextError::at("f", &text, at..at + 3, "x");
    }
}

#[test]
fn the_first_line_that_plain_json_does_not_have_is_known() {
    assert_eq!(first_lenient_line("{\"a\": $A,\n\"b\": [1,\n2]}"), None);
    assert_eq!(first_lenient_line("\u{feff}{\"a\": \"// x\"}"), None);
    assert_eq!(first_lenient_line("{\n\"a\": 1 // why\n}"), Some(2));
    assert_eq!(first_lenient_line("{\n\"a\": [1,\n]\n}"), Some(3));
}
