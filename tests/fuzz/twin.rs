//! Patches of any shape: a twin takes them wholly or not at all, and stays one that the cloud would keep.

use std::time::Duration;

use edgectl::identity::{DeviceId, Identity};
use edgectl::twin::{Map, Twin, TwinDocument, parse_reported, validate_desired};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
enum Change {
    Patch(Map),
    Replace(Map),
    Report(Map),
    Document(Value),
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-c]",
        1 => select(&["$version", "$metadata", "$x", "a.b", "a b", "", "é", "\u{1}", "properties", "desired"][..])
            .prop_map(str::to_owned),
        1 => (1000..1030_usize).prop_map(|length| "k".repeat(length)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => any::<i32>().prop_map(Value::from),
        3 => Just(Value::Null),
        1 => select(&[i64::MAX, i64::MIN, 4_503_599_627_370_496][..]).prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => "[a-c]{0,2}".prop_map(Value::from),
        1 => (4090..4100_usize).prop_map(|length| Value::from("x".repeat(length))),
    ];
    leaf.prop_recursive(12, 40, 4, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..3).prop_map(Value::from),
            3 => vec((key(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn map() -> impl Strategy<Value = Map> {
    vec((key(), value()), 0..4).prop_map(|members| members.into_iter().collect())
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        map().prop_map(Change::Patch),
        map().prop_map(Change::Replace),
        map().prop_map(Change::Report),
        (map(), map()).prop_map(|(desired, tags)| {
            Change::Document(json!({ "properties": { "desired": desired }, "tags": tags }))
        }),
        value().prop_map(Change::Document),
    ]
}

fn apply(twin: &mut Twin, change: Change) -> bool {
    let now = Duration::from_secs(1_800_000_000);
    match change {
        Change::Patch(patch) => twin.patch_desired(now, patch).is_ok(),
        Change::Replace(desired) => twin.replace_desired(now, desired).is_ok(),
        Change::Report(patch) => twin.patch_reported(now, &patch).is_ok(),
        Change::Document(document) => {
            TwinDocument::parse(document).is_ok_and(|document| twin.patch(now, document).is_ok())
        }
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_twin_stays_one_whatever_is_done_to_it(changes in vec(change(), 0..8)) {
        let mut twin = Twin::new(&Identity::of_device(DeviceId::parse("d").expect("valid")), "1");
        for change in changes {
            let before = twin.clone();
            if !apply(&mut twin, change.clone()) {
                prop_assert_eq!(twin.service_view(), before.service_view(), "{:?} was refused", change);
            }
            for section in [twin.desired(), twin.reported()] {
                let section = Value::Object(section.clone());
                prop_assert!(!has_null(&section), "{}", section);
            }
            let reported = Value::Object(twin.reported().clone()).to_string();
            prop_assert_eq!(parse_reported(reported.as_bytes()), Ok(twin.reported().clone()));
            prop_assert_eq!(validate_desired(&Value::Object(twin.desired().clone())), Ok(()));
            prop_assert!(twin.desired_version() >= before.desired_version());
            prop_assert!(twin.reported_version() >= before.reported_version());
            let kept = serde_json::to_string(&twin).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Twin>(&kept).expect("the same").service_view(), twin.service_view());
        }
    }
}
