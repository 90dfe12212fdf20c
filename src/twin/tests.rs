//! The facts of protocol.md §7.1–7.4, one test each.

use super::*;

const NOW: Duration = Duration::from_millis(1_700_000_000_042);
const LATER: Duration = Duration::from_millis(1_700_000_001_000);
const NOW_TEXT: &str = "2023-11-14T22:13:20.042Z";
const LATER_TEXT: &str = "2023-11-14T22:13:21.000Z";

fn device() -> DeviceId {
    DeviceId::parse("factory").expect("valid")
}

fn twin() -> Twin {
    let module = ModuleId::parse("filter").expect("valid");
    Twin::new(&Identity::of_module(device(), module), "638123456789012345")
}

fn map(value: Value) -> Map {
    let Value::Object(map) = value else { panic!("{value} is no object") };
    map
}

// protocol.md §7.1
#[test]
fn a_new_module_twin_has_every_member_in_order() {
    let empty = json!({ "$metadata": { "$lastUpdated": NEVER }, "$version": 1 });
    let expected = json!({
        "deviceId": "factory",
        "moduleId": "filter",
        "etag": "AAAAAAAAAAE=",
        "deviceEtag": "NjM4MTIzNDU2",
        "version": 1,
        "status": "enabled",
        "statusUpdateTime": NEVER,
        "connectionState": "Disconnected",
        "lastActivityTime": NEVER,
        "cloudToDeviceMessageCount": 0,
        "authenticationType": "sas",
        "x509Thumbprint": { "primaryThumbprint": null, "secondaryThumbprint": null },
        "modelId": "",
        "tags": {},
        "properties": { "desired": empty, "reported": empty },
    });
    assert_eq!(twin().service_view().to_string(), expected.to_string());
}

// protocol.md §7.1
#[test]
fn a_device_twin_tells_its_place_in_the_hierarchy() {
    let edge = Twin::new(&Identity::of_device(device()), "17").service_view();
    assert_eq!(edge["capabilities"], json!({ "iotEdge": true }));
    assert_eq!(edge["deviceScope"], "ms-azure-iot-edge://factory-17");
    assert_eq!(edge.get("moduleId"), None);
    let mut nested = Twin::new(&Identity::of_device(device()), "17");
    nested.set_parent_scope(Some("ms-azure-iot-edge://plant-3".to_owned()));
    let nested = nested.service_view();
    assert_eq!(nested["deviceScope"], "ms-azure-iot-edge://factory-17");
    assert_eq!(nested["parentScopes"], json!(["ms-azure-iot-edge://plant-3"]));
    let leaf = Twin::of_leaf(&DeviceId::parse("leaf").expect("valid"), "1", &edge_scope(&device(), "17"));
    let leaf = leaf.service_view();
    assert_eq!(leaf["capabilities"], json!({ "iotEdge": false }));
    assert_eq!(leaf["parentScopes"], json!(["ms-azure-iot-edge://factory-17"]));
}

// protocol.md §7.4
#[test]
fn the_device_sees_values_and_versions_only() {
    let mut twin = twin();
    twin.patch(NOW, TwinDocument::of_tags(map(json!({ "hall": 4 })))).expect("taken");
    twin.patch_desired(NOW, map(json!({ "threshold": 30 }))).expect("taken");
    let expected = json!({ "desired": { "threshold": 30, "$version": 2 }, "reported": { "$version": 1 } });
    assert_eq!(twin.device_view(), expected);
}

// protocol.md §7.4
#[test]
fn a_desired_change_is_told_as_it_was_sent() {
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "a": 1, "b": 2 }))).expect("taken");
    let change = twin.patch_desired(NOW, map(json!({ "a": null, "c": { "d": null }, "$version": 9 }))).expect("taken");
    assert_eq!(change, DesiredChange { version: 3, patch: json!({ "a": null, "c": { "d": null }, "$version": 3 }) });
    assert_eq!(Value::Object(twin.desired().clone()), json!({ "b": 2, "c": {} }));
}

// protocol.md §7.4
#[test]
fn a_replacement_is_told_completely() {
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "a": 1 }))).expect("taken");
    let change = twin.replace_desired(LATER, map(json!({ "b": { "c": null } }))).expect("taken");
    assert_eq!(change, DesiredChange { version: 3, patch: json!({ "b": {}, "a": null, "$version": 3 }) });
    let metadata = json!({
        "$lastUpdated": LATER_TEXT,
        "$lastUpdatedVersion": 3,
        "b": { "$lastUpdated": LATER_TEXT, "$lastUpdatedVersion": 3 },
    });
    assert_eq!(twin.service_view()["properties"]["desired"]["$metadata"], metadata);
}

// protocol.md §7.1
#[test]
fn metadata_mirrors_the_values_and_stamps_what_changed() {
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "a": { "x": 1, "y": [1] }, "b": 1, "gone": 1 }))).expect("taken");
    twin.patch_desired(LATER, map(json!({ "a": { "x": 2 }, "gone": null }))).expect("taken");
    let (old, new) = (
        json!({ "$lastUpdated": NOW_TEXT, "$lastUpdatedVersion": 2 }),
        json!({ "$lastUpdated": LATER_TEXT, "$lastUpdatedVersion": 3 }),
    );
    let expected = json!({
        "$lastUpdated": LATER_TEXT,
        "$lastUpdatedVersion": 3,
        "a": { "$lastUpdated": LATER_TEXT, "$lastUpdatedVersion": 3, "x": new, "y": old },
        "b": old,
    });
    assert_eq!(twin.service_view()["properties"]["desired"]["$metadata"], expected);
}

#[test]
fn metadata_forgets_the_members_of_an_object_that_became_a_value() {
    let mut twin = twin();
    twin.patch_reported(NOW, &map(json!({ "a": { "x": 1 } }))).expect("taken");
    twin.patch_reported(LATER, &map(json!({ "a": 1 }))).expect("taken");
    let expected = json!({ "$lastUpdated": LATER_TEXT, "a": { "$lastUpdated": LATER_TEXT } });
    assert_eq!(twin.service_view()["properties"]["reported"]["$metadata"], expected);
}

#[test]
fn reported_changes_count_but_leave_the_etag_alone() {
    let mut twin = twin();
    assert_eq!(twin.patch_reported(NOW, &map(json!({ "count": 1 }))), Ok(2));
    assert_eq!(twin.patch_reported(NOW, &map(json!({ "count": 1 }))), Ok(3), "the same value is a change too");
    assert_eq!((twin.version(), twin.etag().as_str()), (3, "AAAAAAAAAAE="));
    assert_eq!(twin.service_view()["lastActivityTime"], NOW_TEXT);
}

// protocol.md §7.3
#[test]
fn one_document_is_one_change() {
    let mut twin = twin();
    let document = json!({ "properties": { "desired": { "a": 1 }, "reported": { "b": 1 } }, "tags": { "t": 1 } });
    let document = TwinDocument::parse(document).expect("the service form");
    twin.patch(NOW, document.clone()).expect("taken");
    assert_eq!((twin.version(), twin.etag().as_str(), twin.desired_version()), (2, "AAAAAAAAAAI=", 2));
    twin.patch(NOW, TwinDocument::of_tags(map(json!({ "u": 2 })))).expect("taken");
    assert_eq!((twin.version(), twin.etag().as_str(), twin.desired_version()), (3, "AAAAAAAAAAM=", 2));
    assert_eq!(twin.service_view()["tags"], json!({ "t": 1, "u": 2 }));
    assert!(twin.reported().is_empty());
    twin.replace(NOW, document).expect("taken");
    assert_eq!(twin.service_view()["tags"], json!({ "t": 1 }));
}

#[test]
fn a_document_holds_desired_properties_and_tags_only() {
    let refused = |document| TwinDocument::parse(document).expect_err("refused").to_string();
    let expected = "expected only `properties.desired` and `tags` in the document, found `threshold`";
    assert_eq!(refused(json!({ "threshold": 1 })), expected);
    let expected = "expected only `properties.desired` and `tags` in the document, found `properties.x`";
    assert_eq!(refused(json!({ "properties": { "x": 1 } })), expected);
    assert_eq!(refused(json!({ "tags": [] })), "tags are a JSON object, found another value");
    let nothing = "the document holds neither `properties.desired` nor `tags`";
    assert_eq!(refused(json!({ "properties": { "reported": { "a": 1 } } })), nothing);
    assert_eq!(refused(json!({ "deviceId": "d" })), nothing);
}

#[test]
fn a_twin_can_be_given_back_as_it_is_shown() {
    // protocol.md §7.1
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "a": { "b": 1 } }))).expect("taken");
    twin.patch_reported(NOW, &map(json!({ "c": 1 }))).expect("taken");
    twin.patch(NOW, TwinDocument::of_tags(map(json!({ "t": 1 })))).expect("taken");
    let shown = twin.service_view();
    assert!(TwinDocument::is_service_form(&map(shown.clone())));
    let told = twin.replace(NOW, TwinDocument::parse(shown.clone()).expect("the service form")).expect("taken");
    assert_eq!(told.map(|told| told.patch), Some(json!({ "a": { "b": 1 }, "$version": 3 })));
    assert_eq!(twin.device_view()["reported"], json!({ "c": 1, "$version": 2 }));
    assert_eq!(twin.service_view()["tags"], shown["tags"]);
}

#[test]
fn bare_desired_properties_are_no_document() {
    for bare in [json!({}), json!({ "version": 1 }), json!({ "tags": ["a"] }), json!({ "tags": {}, "threshold": 1 })] {
        assert!(!TwinDocument::is_service_form(&map(bare.clone())), "{bare}");
    }
}

#[test]
fn a_change_that_breaks_a_limit_changes_nothing() {
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "a": 1 }))).expect("taken");
    let before = twin.clone();
    let bad_tags = TwinDocument { desired: Some(map(json!({ "a": 2 }))), tags: Some(map(json!({ "a.b": 1 }))) };
    twin.patch(NOW, bad_tags).expect_err("refused");
    let bad_desired = TwinDocument { desired: Some(map(json!({ "a b": 2 }))), tags: Some(map(json!({ "a": 1 }))) };
    twin.replace(NOW, bad_desired).expect_err("refused");
    twin.patch_reported(NOW, &map(json!({ "$x": 1 }))).expect_err("refused");
    assert_eq!(twin, before);
}

#[test]
fn a_twin_comes_back_from_its_file_as_it_was() {
    let mut twin = twin();
    twin.patch_desired(NOW, map(json!({ "z": 1.5, "a": { "x": [1, "é"] } }))).expect("taken");
    twin.patch_reported(LATER, &map(json!({ "count": 1 }))).expect("taken");
    twin.set_connection(ConnectionState::Connected, LATER);
    twin.set_waiting_messages(3);
    twin.set_model_id("dtmi:example:Filter;1");
    let file = serde_json::to_string(&twin).expect("it is JSON");
    let back: Twin = serde_json::from_str(&file).expect("it was a twin");
    assert_eq!(back, twin);
    assert_eq!(back.service_view().to_string(), twin.service_view().to_string());
    assert_eq!(back.identity().to_string(), "factory/filter");
}

// §7.2 limits

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({ "k": inner }))
}

fn nested_arrays(levels: usize) -> Value {
    json!({ "k": (0..levels).fold(json!(1), |inner, _| json!([inner])) })
}

/// Each patch is taken by the edge hub as reported and by the cloud as desired properties, or refused in these words.
#[track_caller]
fn check(cases: &[(Value, Option<&str>, Option<&str>)]) {
    for (patch, hub, cloud) in cases {
        let told = |result: Result<(), TwinError>| result.err().map(|error| error.to_string());
        assert_eq!(told(parse_reported(patch.to_string().as_bytes()).map(drop)).as_deref(), *hub, "hub: {patch}");
        assert_eq!(told(validate_desired(patch)).as_deref(), *cloud, "cloud: {patch}");
    }
}

#[test]
fn keys_hold_no_character_that_the_service_needs() {
    check(&[
        (json!({ "a_b-c/ü": 1 }), None, None),
        (
            json!({ "a.b": 1 }),
            Some("the key `a.b` holds '.', which no key of a twin may hold"),
            Some("the key `a.b` holds '.', which no key of a twin may hold"),
        ),
        (
            json!({ "x": { "$a": 1 } }),
            Some("the key `$a` holds '$', which no key of a twin may hold"),
            Some("the key `$a` holds '$', which no key of a twin may hold"),
        ),
        (json!({ "a#b": 1 }), Some("the key `a#b` holds '#', which no key of a twin may hold"), None),
        (json!({ "a\u{a0}b": 1 }), Some("the key `a\u{a0}b` holds '\\u{a0}', which no key of a twin may hold"), None),
        (
            json!({ "a\u{7f}": 1 }),
            Some("the key `a\u{7f}` holds '\\u{7f}', which no key of a twin may hold"),
            Some("the key `a\u{7f}` holds '\\u{7f}', which no key of a twin may hold"),
        ),
        (
            json!({ "a b": 1 }),
            Some("the key `a b` holds ' ', which no key of a twin may hold"),
            Some("the key `a b` holds ' ', which no key of a twin may hold"),
        ),
    ]);
}

// protocol.md §7.2
#[test]
fn keys_and_strings_are_limited_in_bytes() {
    let key = |length: usize| json!({ "k".repeat(length): 1 });
    let words = Some("the key `kkkkkkkkkk…` is 1025 bytes long, and 1024 are allowed");
    check(&[(key(1024), None, None), (key(1025), words, words)]);
    let string = |length: usize| json!({ "k": ["é".repeat(length)] });
    let words = Some("the string `k[0]` is 4098 bytes long, and 4096 are allowed");
    check(&[(string(2048), None, None), (string(2049), words, words)]);
}

// protocol.md §7.2
#[test]
fn integers_fit_into_a_double() {
    let words = Some("the integer `k.n` is not within -4503599627370496 and 4503599627370495");
    let with = |number: Value| json!({ "k": { "n": number } });
    check(&[
        (with(json!(4_503_599_627_370_495_i64)), None, None),
        (with(json!(-4_503_599_627_370_496_i64)), None, None),
        (with(json!(4_503_599_627_370_496_i64)), words, words),
        (with(json!(-4_503_599_627_370_497_i64)), words, words),
        (with(json!(u64::MAX)), words, words),
        (with(json!(1e300)), None, None),
    ]);
}

// protocol.md §7.2
#[test]
fn ten_levels_are_allowed_and_an_array_is_one() {
    let path = format!("k{}", ".k".repeat(10));
    let words = format!("`{path}` lies deeper than 10 levels");
    check(&[(nested(11), None, None), (nested(12), Some(&words), Some(&words))]);
    let words = "`k[0][0][0][0][0][0][0][0][0][0]` lies deeper than 10 levels";
    check(&[(nested_arrays(10), None, None), (nested_arrays(11), Some(words), Some(words))]);
}

// protocol.md §7.2
#[test]
fn nothing_in_an_array_is_null() {
    let words = Some("`k[1]` is null, which nothing in an array may be");
    let deep = Some("`k[0].x` is null, which nothing in an array may be");
    check(&[
        (json!({ "k": null }), None, None),
        (json!({ "k": [1, null] }), words, words),
        (json!({ "k": [{ "x": null }] }), deep, deep),
    ]);
}

#[test]
fn a_change_is_an_object() {
    let words = [
        "reported properties are a JSON object, found another value",
        "desired properties are a JSON object, found another value",
    ];
    check(&[(json!([1]), Some(words[0]), Some(words[1]))]);
    assert_eq!(
        validate_tags(&json!("x")).map_err(|error| error.to_string()).expect_err("refused"),
        "tags are a JSON object, found another value"
    );
}

// protocol.md §7.2
#[test]
fn a_reported_patch_is_limited_by_the_length_of_its_text() {
    let patch = |length: usize| {
        let members = (0..8).map(|n| (format!("k{n}"), json!("x".repeat(if n < 7 { 4090 } else { length }))));
        Value::Object(members.collect())
    };
    let overhead = r#"{"k0":"","k1":"","k2":"","k3":"","k4":"","k5":"","k6":"","k7":""}"#.len();
    let fits = 32 * 1024 - 7 * 4090 - overhead;
    let parse = |value: &Value| parse_reported(value.to_string().as_bytes()).map(drop);
    assert_eq!(parse(&patch(fits)), Ok(()));
    assert_eq!(parse(&patch(fits + 1)), Err(TwinError::PatchTooLong { limit: 32768, found: 32769 }));
}

// protocol.md §7.2
#[test]
fn a_section_is_limited_by_its_keys_and_values() {
    let mut twin = twin();
    let values = |count: usize| -> Map { (0..count).map(|n| (format!("k{n:03}"), json!("x".repeat(4092)))).collect() };
    twin.patch_desired(NOW, values(8)).expect("8 × 4096 bytes fit");
    let error = twin.patch_desired(NOW, map(json!({ "": true }))).expect_err("one too many");
    assert_eq!(error.to_string(), "the desired properties would take 32772 bytes, and 32768 are allowed");
    let error = twin.patch(NOW, TwinDocument::of_tags(values(3))).expect_err("tags are smaller");
    assert_eq!(error, TwinError::SectionTooLarge { section: TwinSection::Tags, limit: 8192, found: 12288 });
}

// protocol.md §7.2
#[test]
fn numbers_count_eight_and_booleans_four() {
    let mut twin = twin();
    let full: Map = (0..8).map(|n| (format!("k{n:03}"), json!("x".repeat(if n < 7 { 4092 } else { 4080 })))).collect();
    twin.patch_desired(NOW, full).expect("12 bytes are left");
    twin.patch_desired(NOW, map(json!({ "": { "": [1, true] } }))).expect("exactly 12");
}

// protocol.md §7.2
#[test]
fn a_reported_integer_that_no_number_holds_is_refused_and_not_rounded() {
    let refused = |text: &str| parse_reported(text.as_bytes()).expect_err(text).to_string();
    let limits = "is not within -4503599627370496 and 4503599627370495";
    assert_eq!(refused(r#"{"a": [18446744073709551616]}"#), format!("the integer `18446744073709551616` {limits}"));
    assert_eq!(refused(r#"{"a": 18446744073709551615}"#), format!("the integer `a` {limits}"));
    assert_eq!(refused(r#"{"a": 1"#), "no JSON: EOF while parsing an object at line 1 column 7");
    assert_eq!(refused("7"), "reported properties are a JSON object, found another value");
    let taken = parse_reported(br#"{"a": 1e300, "b": 18446744073709551616.5}"#).expect("doubles");
    assert_eq!(taken, map(json!({ "a": 1e300, "b": 18446744073709551616.5 })));
}
