//! How a patch changes a document, and which patch leads from one document to another (protocol.md §7.3).

use serde_json::Value;

use super::Map;

/// Merges a patch: objects merge, null removes, everything else replaces.
///
/// An object that becomes empty stays. Nulls in an object that is new are left out, as the cloud does; the real edge
/// hub would keep them.
pub fn merge(target: &mut Map, patch: &Map) {
    for (key, change) in patch {
        match (target.get_mut(key), change) {
            // Plain `remove` of an order-keeping map would move the last key to the front.
            (_, Value::Null) => drop(target.shift_remove(key)),
            (Some(Value::Object(inner)), Value::Object(changes)) => merge(inner, changes),
            (_, change) => drop(target.insert(key.clone(), without_nulls(change))),
        }
    }
}

/// Returns the patch that turns `old` into `new`, with null for what is removed; empty if they are the same.
///
/// `new` must hold no null as a member of an object: no patch can write one.
pub fn diff(old: &Map, new: &Map) -> Map {
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match (old.get(key), value) {
            (Some(same), value) if same == value => {}
            (Some(Value::Object(before)), Value::Object(after)) => {
                patch.insert(key.clone(), Value::Object(diff(before, after)));
            }
            (_, value) => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    patch
}

/// Makes of patches the one or two that do the same one after the other; none of none.
///
/// One is not always enough: what was removed, or was no object, and then became an object must not keep what it held
/// before. The first of two removes that, the second is the newest value of each key, with null for what is gone.
pub fn fold(patches: impl IntoIterator<Item = Map>) -> Vec<Map> {
    let mut patches = patches.into_iter();
    let Some(mut last) = patches.next() else { return Vec::new() };
    let mut removals = Map::new();
    patches.for_each(|patch| fold_into(&mut removals, &mut last, patch));
    if removals.is_empty() { vec![last] } else { vec![removals, last] }
}

fn fold_into(removals: &mut Map, last: &mut Map, patch: Map) {
    for (key, value) in patch {
        match (last.get_mut(&key), value) {
            (Some(Value::Object(older)), Value::Object(newer)) => {
                let mut below = match removals.get_mut(&key) {
                    Some(Value::Object(below)) => std::mem::take(below),
                    _ => Map::new(),
                };
                fold_into(&mut below, older, newer);
                if !below.is_empty() && removals.get(&key) != Some(&Value::Null) {
                    removals.insert(key, Value::Object(below));
                }
            }
            (Some(_), newer @ Value::Object(_)) => {
                removals.insert(key.clone(), Value::Null);
                last.insert(key, newer);
            }
            (_, value) => drop(last.insert(key, value)),
        }
    }
}

/// Returns the patch by which a replacement is told: everything that is new, and null for what is gone.
///
/// Whoever merges it has the new document; whoever takes it for the document has that, too.
pub(super) fn replacement(old: &Map, new: &Map) -> Map {
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let kept = new.iter().map(|(key, value)| match (old.get(key), value) {
        (Some(Value::Object(before)), Value::Object(after)) => (key.clone(), Value::Object(replacement(before, after))),
        (_, value) => (key.clone(), value.clone()),
    });
    kept.chain(gone).collect()
}

/// Copies a value without the null members of its objects; arrays are kept as they are.
fn without_nulls(value: &Value) -> Value {
    let Value::Object(map) = value else { return value.clone() };
    let members = map.iter().filter(|(_, value)| !value.is_null());
    Value::Object(members.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map {
        let Value::Object(map) = value else { panic!("{value} is no object") };
        map
    }

    #[track_caller]
    fn check(target: Value, patch: Value, expected: Value) {
        let mut merged = map(target);
        merge(&mut merged, &map(patch));
        assert_eq!(Value::Object(merged), expected);
    }

    // protocol.md §7.3
    #[test]
    fn objects_merge_and_everything_else_replaces() {
        check(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"c": 3, "d": 4}}), json!({"a": {"b": 1, "c": 3, "d": 4}}));
        check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
        check(json!({"a": 1}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}));
        check(json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"}));
    }

    // protocol.md §7.3
    #[test]
    fn null_removes_a_key_and_a_missing_one_does_no_harm() {
        check(json!({"a": 1, "b": 2}), json!({"a": null, "x": null}), json!({"b": 2}));
    }

    // protocol.md §7.3
    #[test]
    fn an_object_that_becomes_empty_stays() {
        check(json!({"a": {"b": 1}}), json!({"a": {"b": null}}), json!({"a": {}}));
        check(json!({}), json!({"a": {}}), json!({"a": {}}));
    }

    // protocol.md §7.3
    #[test]
    fn nulls_in_a_new_object_are_left_out() {
        check(json!({}), json!({"a": {"b": null, "c": {"d": null}}}), json!({"a": {"c": {}}}));
        check(json!({"a": 1}), json!({"a": {"b": null}}), json!({"a": {}}));
    }

    #[test]
    fn the_order_of_the_keys_that_stay_is_kept() {
        let mut merged = map(json!({"a": 1, "b": 2, "c": 3}));
        merge(&mut merged, &map(json!({"a": null, "d": 4})));
        assert_eq!(merged.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    }

    #[test]
    fn a_diff_names_only_what_changed() {
        let old = map(json!({"same": 1, "gone": 2, "deep": {"x": 1, "y": 2}, "empty": {"z": 1}, "kind": 1}));
        let new = map(json!({"same": 1, "deep": {"x": 1, "y": 3}, "empty": {}, "kind": {}, "new": [null]}));
        let expected = json!({"gone": null, "deep": {"y": 3}, "empty": {"z": null}, "kind": {}, "new": [null]});
        assert_eq!(Value::Object(diff(&old, &new)), expected);
        assert!(diff(&new, &new).is_empty());
    }

    fn document() -> impl Strategy<Value = Map> {
        let leaf = prop_oneof![any::<i32>().prop_map(Value::from), "[a-c]{0,2}".prop_map(Value::from)];
        let value = leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[a-d]", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::vec(("[a-d]", value), 0..4).prop_map(|members| members.into_iter().collect())
    }

    #[test]
    fn what_was_removed_between_does_not_come_back() {
        // protocol.md §7.5
        let folded = |patches: Value| {
            let Value::Array(patches) = patches else { panic!("an array of patches") };
            Value::from_iter(fold(patches.into_iter().map(map)).into_iter().map(Value::Object))
        };
        assert_eq!(folded(json!([])), json!([]));
        assert_eq!(folded(json!([{}])), json!([{}]), "it counts as a version");
        assert_eq!(
            folded(json!([{"a": 1}, {"a": null, "b": {"c": 1}}, {"b": {"d": 2}}])),
            json!([{"a": null, "b": {"c": 1, "d": 2}}])
        );
        assert_eq!(folded(json!([{"a": null}, {"a": {"new": 1}}])), json!([{"a": null}, {"a": {"new": 1}}]));
        let deep = json!([{"a": {"b": 1, "c": 1}}, {"a": {"b": {"new": 1}}}]);
        assert_eq!(folded(deep), json!([{"a": {"b": null}}, {"a": {"b": {"new": 1}, "c": 1}}]));
    }

    /// A document with nulls, as a patch may be.
    fn patch() -> impl Strategy<Value = Map> {
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from)];
        let value = leaf.prop_recursive(3, 24, 3, |inner| {
            prop::collection::vec(("[a-c]", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
        });
        prop::collection::vec(("[a-c]", value), 0..3).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #[test]
        fn folded_patches_do_what_all_of_them_did(
            old in document(),
            patches in prop::collection::vec(patch(), 0..6),
            cut in 0..6usize,
        ) {
            let mut expected = old.clone();
            patches.iter().for_each(|patch| merge(&mut expected, patch));
            // Folded in two steps, as patches come and the link goes.
            let (early, late) = patches.split_at(cut.min(patches.len()));
            let folded = fold(fold(early.to_vec()).into_iter().chain(late.to_vec()));
            prop_assert!(folded.len() <= 2);
            let mut patched = old;
            folded.iter().for_each(|patch| merge(&mut patched, patch));
            prop_assert_eq!(patched, expected);
        }

        #[test]
        fn a_diff_leads_from_the_old_to_the_new(old in document(), new in document()) {
            let mut patched = old.clone();
            merge(&mut patched, &diff(&old, &new));
            prop_assert_eq!(patched, new);
        }

        #[test]
        fn a_replacement_leads_from_the_old_to_the_new(old in document(), new in document()) {
            let mut patched = old.clone();
            merge(&mut patched, &replacement(&old, &new));
            prop_assert_eq!(patched, new);
        }
    }
}
