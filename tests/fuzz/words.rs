//! Words that people and machines hand over: names, hosts, thumbprints, targets, blobs of certificates.

use edgectl::azure::{Configuration, ConfigurationId, HubHost};
use edgectl::clock;
use edgectl::identity::{AuthChain, DeviceId, Identity, ModuleId, Thumbprint};
use edgectl::text::{Pointer, TextError, did_you_mean, nearest};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::json::value;
use crate::mutation::mutated_text;

const SIGNS: &[&str] = &["/", ";", ":", ".", "..", "$", "-", "_", " ", "é", "\0", "\u{1F600}", "443", "+"];
const DATES: &[&str] = &[
    "2026-11-22T02:03:04.5678901Z",
    "9999-12-31T23:59:59+23:59",
    "1970-01-01T00:00:00-00:01",
    "Sun, 22 Nov 2026 08:00:00 GMT",
];

proptest! {
    #[test]
    fn names_come_back(text in mutated_text(&["edge-1/$edgeHub", "leaf", "a/b;c;d", "h.azure-devices.net:443", "localhost:1"], SIGNS)) {
        if let Ok(identity) = Identity::parse(&text) {
            prop_assert_eq!(Identity::parse(&identity.to_string()), Ok(identity));
        }
        if let Ok(host) = HubHost::parse(&text) {
            prop_assert_eq!(HubHost::parse(&host.to_string()), Ok(host));
        }
        if let (Ok(device), Ok(module)) = (DeviceId::parse(&text), ModuleId::parse(&text)) {
            prop_assert_eq!((device.as_str(), module.as_str()), (text.as_str(), text.as_str()));
        }
        if let Ok(Some(chain)) = AuthChain::parse(&text) {
            prop_assert_eq!(AuthChain::parse(&format!("{};{}", chain.target, chain.actor)), Ok(Some(chain)));
        }
        let _ = ConfigurationId::parse(&text).is_ok();
    }

    #[test]
    fn a_thumbprint_is_its_digits(text in mutated_text(&["AB:cd:ef:01:23:45:67:89:AB:cd:ef:01:23:45:67:89:00:11:22:33"], SIGNS)) {
        if let Ok(thumbprint) = Thumbprint::parse(&text) {
            prop_assert_eq!(Thumbprint::parse(thumbprint.as_str()), Ok(thumbprint));
        }
    }

    #[test]
    fn a_time_is_written_as_it_was_read(text in mutated_text(DATES, &["Z", "+", "-", ":", "T", ".", "99999", "GMT", " "])) {
        if let Some(time) = clock::parse_iso(&text) {
            prop_assert_eq!(clock::parse_iso(&clock::iso_ticks(time)).map(|again| again.as_secs()), Some(time.as_secs()));
            prop_assert_eq!(clock::parse_iso(&clock::iso_millis(time)).map(|again| again.as_millis()), Some(time.as_millis()));
        }
        let _ = clock::parse_http_date(&text);
    }

    #[test]
    fn any_time_is_written(seconds in any::<u64>(), nanos in 0..1_000_000_000_u32) {
        let time = std::time::Duration::new(seconds, nanos);
        let written = [clock::iso_millis(time), clock::iso_seconds(time), clock::iso_ticks(time), clock::blob_stamp(time)];
        prop_assert_eq!(written.map(|text| text.len()), [24, 20, 28, 20]);
    }

    #[test]
    fn a_way_through_a_document_comes_back(steps in vec("[a/~01é\"]{0,4}", 0..5)) {
        let pointer = steps.iter().fold(Pointer::root(), |pointer, step| pointer.key(step));
        prop_assert_eq!(pointer.steps(), steps.clone());
        let mut document = json!(5);
        steps.iter().rev().for_each(|step| document = json!({ step.as_str(): document }));
        prop_assert_eq!(document.pointer(pointer.as_str()), Some(&json!(5)));
    }

    #[test]
    fn a_place_is_one_of_the_text(text in "[ab\n\ré\u{1F600}\t\u{1b}]{0,30}", start in 0..80_usize, length in 0..80_usize) {
        let error = TextError::at("f", &text, start..start + length, "x");
        crate::json::check_error(&text, &error);
        let stars: String = text.chars().map(|c| if c == '\n' { '\n' } else { '*' }).collect();
        let hidden = error.hiding(&text, std::slice::from_ref(&(0..text.len())));
        prop_assert!(!hidden.excerpt.contains(['a', 'b']) || stars.is_empty(), "{}", hidden.excerpt);
    }

    #[test]
    fn the_nearest_word_is_one_of_those_known(word in "\\PC{0,8}", known in vec("\\PC{0,8}", 0..16)) {
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        if let Some(near) = nearest(&word, names.iter().copied()) {
            prop_assert!(names.contains(&near));
        }
        prop_assert_eq!(did_you_mean(&word, names.iter().copied()).is_none(), names.is_empty());
    }

    #[test]
    fn a_deployment_of_a_hub_is_read(document in value(), content in value()) {
        let document = match document {
            Value::Object(mut members) => {
                members.insert("id".to_owned(), json!("d"));
                members.insert("content".to_owned(), json!({ "modulesContent": content }));
                members.insert("systemMetrics".to_owned(), json!({ "results": content }));
                Value::Object(members)
            }
            other => other,
        };
        if let Some(configuration) = Configuration::read(document) {
            let _ = (configuration.is_layered(), configuration.metrics(), configuration.count("a"), configuration.priority());
            prop_assert!(configuration.is_aimed_like(&configuration));
        }
    }
}
