//! Which test holds which fact of `src/protocol.md`: every ⚠ and every table of the sections that edgectl speaks.

use std::collections::BTreeSet;
use std::fs;

use crate::source::{Source, package};

/// The sections that are held: what modules, devices and developers can see on the wire, in a manifest and at a hub.
const SECTIONS: [&str; 11] = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];

/// A fact: its section, and how its text begins behind the ⚠, or how the head of its table begins.
type Fact = (&'static str, &'static str);

/// What holds a fact.
enum Held {
    /// These tests, by their names.
    By(&'static [&'static str]),
    /// Nothing: it is not simulated, and these words of the README say so.
    Not(&'static str),
}

use Held::{By, Not};

const FACTS: &[(Fact, Held)] = &[
    (
        ("2.2", "| Verb, path | Request | Success |"),
        By(&[
            "a_module_gets_its_proof_signed_with_and_without_a_content_type",
            "what_was_encrypted_can_be_decrypted_by_the_same_module_only",
            "certificates_are_created_with_their_chain_and_key",
            "the_trust_bundle_is_the_authority_and_manifests_have_none",
            "modules_are_listed_with_what_became_of_them",
        ]),
    ),
    (("2.3", "| Verb, path | min version |"), Not("the management API")),
    (("3.1", "| Client | `sr` for module m of d on hub h |"), By(&["tokens_of_other_programs_are_proved"])),
    (("4.2", "Python does not re-subscribe"), By(&["subscriptions_survive_a_restart_of_the_hub"])),
    (
        ("4.3", "| Purpose | Topic |"),
        By(&["what_python_and_node_publish_is_understood", "a_hub_understands_what_a_module_publishes"]),
    ),
    (
        ("4.3", "| On the wire | System property"),
        By(&["every_property_that_a_client_may_set_is_known", "a_delivered_bag_starts_with_encoded_system_properties"]),
    ),
    (
        ("4.4", "| Purpose | Topic | Notes |"),
        By(&[
            "answers_and_notifications_have_the_topics_of_iot_hub",
            "an_input_topic_has_a_bag_that_starts_with_the_sender",
            "a_delivered_bag_is_never_empty",
        ]),
    ),
    (
        ("4.4", "`{input}` is used raw"),
        By(&["a_name_cannot_leave_its_level", "twins_are_answered_with_the_request_id_byte_for_byte"]),
    ),
    (("4.5", "Node treats *any* answer"), By(&["an_invalid_patch_is_answered_with_400_and_changes_nothing"])),
    (
        ("5.1", "| | C# | Node | Java | C |"),
        By(&[
            "csharp_begins_without_sasl_and_asks_for_120_seconds",
            "java_begins_with_anonymous_and_puts_its_token_with_a_uuid",
            "c_begins_with_mssbcbs_and_takes_inputs_from_devicebound",
            "node_attaches_in_its_own_order",
        ]),
    ),
    (
        ("5.2", "edgeHub only parses at put-token time"),
        By(&[
            "a_refused_token_is_answered_401_and_may_be_followed_by_a_better_one",
            "what_is_no_token_is_answered_400",
            "a_link_waits_for_the_hub_s_word_on_the_token",
            "a_link_without_a_token_is_refused_as_unauthorized",
        ]),
    ),
    (
        ("5.3", "| Link, seen by client |"),
        By(&["every_link_of_the_sdks_has_its_purpose", "c_begins_with_mssbcbs_and_takes_inputs_from_devicebound"]),
    ),
    (("5.3", "`[C]` Node shares one options object"), By(&["node_attaches_in_its_own_order"])),
    (
        ("6.2", "| Verb, path below `/devices` |"),
        By(&[
            "every_operation_on_behalf_is_read",
            "a_device_reads_and_writes_its_own_modules",
            "a_scope_is_the_device_its_modules_and_its_children",
            "a_scope_comes_in_pages",
            "one_identity_comes_with_its_device",
            "only_the_hub_of_an_edge_device_above_the_target_speaks_for_it",
            "modules_are_listed_and_told_with_their_etag",
            "a_module_is_registered_once_and_changed_on_condition",
            "a_module_is_removed_unless_a_deployment_has_it",
            "an_edge_device_elsewhere_asks_for_its_scope_and_registers_modules",
        ]),
    ),
    (
        ("6.2", "The device id in the URL of the registry"),
        By(&["a_caller_proves_itself_with_its_own_key", "nobody_asks_for_identities_with_the_key_of_another"]),
    ),
    (
        ("7.1", "| Member | Type | Notes |"),
        By(&["a_new_module_twin_has_every_member_in_order", "a_device_twin_tells_its_place_in_the_hierarchy"]),
    ),
    (
        ("7.2", "| Rule | Cloud"),
        By(&[
            "keys_hold_no_character_that_the_service_needs",
            "keys_and_strings_are_limited_in_bytes",
            "integers_fit_into_a_double",
            "ten_levels_are_allowed_and_an_array_is_one",
            "nothing_in_an_array_is_null",
            "a_reported_patch_is_limited_by_the_length_of_its_text",
            "a_section_is_limited_by_its_keys_and_values",
            "numbers_count_eight_and_booleans_four",
        ]),
    ),
    (("7.3", "edgeHub's merge copies a *new* sub-object"), By(&["nulls_in_a_new_object_are_left_out"])),
    (("7.3", "| Method | Path | Result |"), Not("service SDKs")),
    (("7.3", "`{m}` may arrive as"), By(&["devices_and_encoded_ids_can_be_called"])),
    (
        ("7.4", "It indexes `desired.$version` in GET"),
        By(&["an_unknown_twin_is_empty_with_versions_when_offline", "a_desired_change_is_told_as_it_was_sent"]),
    ),
    (
        ("8.1", "**Longest match lexing.**"),
        By(&["operators_without_blanks_are_explained", "operators_bind_in_the_order_of_the_grammar"]),
    ),
    (("8.1", "A path item that lexes as another token"), By(&["a_reserved_word_in_a_path_is_refused"])),
    (("8.2", "| FROM | Catches |"), By(&["sources_catch_what_the_table_says"])),
    (
        ("8.2", "A `*` anywhere but the end"),
        By(&["a_star_inside_a_path_never_matches", "a_star_behind_a_name_selects_that_name_only"]),
    ),
    (("8.2", "Function `twin_change_includes`"), By(&["twin_change_includes_does_not_compile_at_the_edge"])),
    (("8.4", "Strings that look like ISO dates"), By(&["a_missing_path_is_null_and_a_date_is_undefined"])),
    (("8.4", "**Missing path = null**"), By(&["a_missing_path_is_null_and_a_date_is_undefined"])),
    (("8.4", "`$body.missing > 5`"), By(&["body_values_of_different_types_are_ordered_by_type"])),
    (
        ("8.5", "| Function | Arguments"),
        By(&[
            "functions_of_numbers",
            "functions_of_types",
            "functions_of_strings",
            "substring_takes_a_start_and_a_length",
            "unknown_functions_and_wrong_arguments_are_refused",
        ]),
    ),
    (("8.5", "dynamic: the real code compares references"), By(&["is_null_means_equal_to_null_and_is_warned_of"])),
    (
        ("9.1", "Because expiry is by clean-up pass"),
        By(&["an_expired_message_is_not_delivered", "what_has_expired_unread_is_cleared_away_from_the_head"]),
    ),
    (
        ("9.2", "| | Upstream | Module input |"),
        By(&[
            "offline_messages_wait_and_drain_in_order",
            "what_the_cloud_did_not_take_is_sent_again_after_the_link_came_back",
            "a_cloud_that_takes_nothing_is_left_alone_for_longer_each_time",
            "a_hundred_are_on_their_way_to_the_cloud_at_a_time",
            "an_unacknowledged_message_is_sent_again_after_30_seconds",
            "what_was_not_acknowledged_comes_again_in_order_after_a_reconnect",
            "what_is_given_back_comes_again_after_a_pause_that_doubles",
        ]),
    ),
    (
        ("9.4", "| Feature | Offline |"),
        By(&[
            "offline_the_device_goes_on_and_afterwards_both_sides_know_all",
            "patches_reported_offline_reach_the_cloud_as_one",
            "the_link_coming_back_tells_a_subscriber_what_changed_meanwhile",
            "a_deployment_made_offline_reaches_the_device_later",
            "subscriptions_survive_a_restart_of_the_hub",
        ]),
    ),
    (
        ("10.1", "| Where the content stands |"),
        By(&[
            "manifests_are_what_iotedgedev_makes_of_the_same_solution",
            "a_wrapper_and_the_old_key_do_not_count",
            "members_are_found_in_every_spelling_of_a_layer",
        ]),
    ),
    (
        ("10.2", "| Path | Rule |"),
        By(&[
            "every_case_has_exactly_its_findings",
            "what_a_module_says_is_read_in_order",
            "what_a_module_leaves_open_is_what_the_agent_takes",
            "every_word_comes_back_as_itself",
            "a_version_is_text_whatever_it_is_written_as",
            "empty_create_options_are_none",
        ]),
    ),
    (
        ("10.2", "`settings` without it refuse the deployment"),
        By(&["settings_of_a_runtime_name_a_version_of_the_engine_or_are_not_there"]),
    ),
    (
        ("10.2", "Error on a gap."),
        By(&[
            "pieces_of_create_options_are_read_in_any_case_and_without_a_gap",
            "what_is_refused_is_shown_at_its_place_and_nothing_is_written",
            "create_options_of_any_length_come_back_from_their_pieces",
            "pieces_are_counted_in_characters",
        ]),
    ),
    (
        ("10.3", "| Path | Rule |"),
        By(&[
            "every_case_has_exactly_its_findings",
            "one_mistake_refuses_everything_in_the_words_of_the_product",
            "routes_and_their_times_are_read",
            "a_negative_time_to_live_means_for_ever",
            "the_store_may_have_a_limit",
        ]),
    ),
    (
        ("10.5", "| Key of a layer | Sets |"),
        By(&[
            "the_higher_priority_wins_for_a_key_and_the_rest_stays",
            "a_whole_twin_is_replaced_and_a_path_sets_its_part_only",
            "a_layer_is_merged_over_its_base_and_every_part_says_where_it_is_from",
            "what_is_no_layer_is_refused_all_at_once",
        ]),
    ),
    (
        ("10.5", "| Call | Body / answer |"),
        By(&[
            "a_device_gets_the_whole_manifest_with_the_real_passwords",
            "a_deployment_is_created_with_labels_and_metrics",
            "the_same_again_changes_nothing_and_another_aim_is_an_update_with_the_etag",
            "content_never_changes_so_another_name_is_asked_for",
            "deployments_are_listed_shown_and_deleted",
            "a_condition_that_the_hub_does_not_understand_is_told_before_anything_is_made",
            "an_id_has_small_letters",
            "a_deployment_replaces_makes_and_removes_and_tells_the_agent_last",
        ]),
    ),
    (("10.5", "note the `[[id]]` quoting"), Not("service SDKs")),
    (
        ("11.1", "| policy \\ state |"),
        By(&[
            "the_policy_decides_by_the_exit_code",
            "pauses_double_up_to_five_minutes_and_end_after_twenty",
            "what_its_policy_leaves_alone_stays_as_it_ended",
            "a_signal_is_a_failure",
        ]),
    ),
    (
        ("11.3", "| code | meaning |"),
        By(&[
            "the_first_report_has_every_member",
            "a_deployment_that_cannot_be_read_leaves_everything_as_it_is",
            "what_cannot_be_read_has_a_status_of_its_own",
            "a_deployment_that_failed_in_part_is_tried_again_with_doubling_pauses",
            "at_the_end_nobody_knows_how_the_modules_are",
        ]),
    ),
    (("11.3", "`env` is reported as configured"), By(&["the_first_report_has_every_member"])),
    (
        ("11.4", "| Method | Request | Success |"),
        By(&[
            "methods_are_answered_whatever_the_case_of_their_names",
            "methods_are_refused_in_the_words_of_the_product",
            "filters_take_times_then_the_tail_then_level_and_pattern",
            "the_agent_answers_its_methods",
            "an_upload_is_a_task_whose_end_can_be_asked_for",
            "blobs_are_named_by_device_module_and_time",
            "logs_are_put_where_the_caller_says",
            "a_support_bundle_is_put_over_tls_to_whom_this_machine_trusts",
        ]),
    ),
    (
        ("12.1", "| Code `[S: C# ErrorCode]` |"),
        By(&[
            "the_code_comes_from_the_header_or_from_the_message",
            "every_status_has_words_and_a_way_out",
            "a_device_that_is_not_there_is_named",
            "a_key_that_is_wrong_and_a_policy_that_is_too_weak_are_told_apart",
            "a_busy_hub_says_when_to_come_back",
        ]),
    ),
    (("12.2", "| Call | Notes |"), Not("service SDKs")),
    (("12.5", "Unknown device"), Not("service SDKs")),
    (
        ("12.5", "| Rule `[D]` |"),
        By(&[
            "fifty_messages_of_64_kb_wait_and_no_more",
            "a_message_lives_for_an_hour",
            "a_lock_holds_60_seconds",
            "the_tenth_lost_lock_is_the_last",
            "what_a_device_gave_back_comes_again_and_what_it_refused_is_gone",
        ]),
    ),
    (("12.6", "Python `uamqp` is old"), Not("kept nowhere")),
    (("12.6", "the CLI uses the name without the dash"), Not("kept nowhere")),
];

#[test]
fn every_fact_of_the_protocol_is_held_by_a_test() {
    let tests = names_of_tests();
    let readme = fs::read_to_string(package().join("README.md")).expect("it is there");
    let mut findings = Vec::new();
    for (section, text) in facts() {
        let entry = FACTS.iter().find(|((at, begins), _)| *at == section && text.starts_with(begins));
        match entry.map(|(_, held)| held) {
            None => findings.push(format!("§{section}: no entry in tests/tidy/protocol.rs: {text}")),
            Some(By([])) => findings.push(format!("§{section}: no test holds it: {text}")),
            Some(By(named)) => {
                let gone = named.iter().filter(|name| !tests.contains(**name));
                findings.extend(gone.map(|name| format!("§{section}: there is no test `{name}`")));
            }
            Some(Not(words)) if !readme.contains(words) => {
                findings.push(format!("§{section}: README.md does not say `{words}`"));
            }
            Some(Not(_)) => {}
        }
    }
    assert!(findings.is_empty(), "rule: a test holds every fact of src/protocol.md\n{}\n", findings.join("\n"));
}

#[test]
fn every_entry_is_a_fact_of_the_protocol() {
    let facts = facts();
    let stale: Vec<_> = FACTS
        .iter()
        .map(|(fact, _)| fact)
        .filter(|(section, begins)| {
            facts.iter().filter(|(at, text)| at == section && text.starts_with(begins)).count() != 1
        })
        .collect();
    assert!(stale.is_empty(), "these entries are not one fact of src/protocol.md each: {stale:?}");
}

/// Returns each ⚠ and each table's head with its section, in the order of the document.
fn facts() -> Vec<(String, String)> {
    let document = fs::read_to_string(package().join("src/protocol.md")).expect("it is there");
    let lines: Vec<_> = document.lines().collect();
    let mut section = String::new();
    let mut facts = Vec::new();
    for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
        if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            section = heading.split_whitespace().next().unwrap_or_default().trim_end_matches('.').to_owned();
        }
        let chapter = section.split('.').next().unwrap_or_default();
        if !SECTIONS.contains(&chapter) {
            continue;
        }
        if line.starts_with('|') && next.starts_with("|---") {
            facts.push((section.clone(), (*line).to_owned()));
        }
        facts.extend(line.split('⚠').skip(1).map(|text| (section.clone(), text.trim_start().to_owned())));
    }
    facts
}

/// Returns the name of every test of the package.
fn names_of_tests() -> BTreeSet<String> {
    let sources: Vec<_> = Source::read_all("src").into_iter().chain(Source::read_all("tests")).collect();
    let mut names = BTreeSet::new();
    for source in &sources {
        let lines: Vec<_> = source.text.lines().map(str::trim).collect();
        let marked =
            lines.windows(2).filter(|pair| pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test"));
        names.extend(marked.filter_map(|pair| {
            let name = pair[1].trim_start_matches("async ").strip_prefix("fn ")?;
            Some(name.split('(').next()?.to_owned())
        }));
    }
    names
}
