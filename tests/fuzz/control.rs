//! What other commands ask of a running simulation.

use edgectl::simulator::control::{Destination, Origin, Request};
use proptest::prelude::*;

use crate::mutation::mutated_text;

const REQUESTS: &[&str] = &[
    r#"{"request":"ready","until":"connected"}"#,
    r#"{"request":"logs","modules":["m"],"follow":true,"tail":5,"since":1.5}"#,
    r#"{"request":"twin","target":"d/m","change":{"patch":{"a":{"b":null}}}}"#,
    r#"{"request":"call","target":"m","method":"x","payload":[1],"responseTimeout":30.0,"connectTimeout":1e3}"#,
    r#"{"request":"send","target":{"input":{"module":"m","input":"i"}},"message":{"body":"eA==","properties":[]}}"#,
    r#"{"request":"monitor","fromModule":"m","since":"start"}"#,
];
const WORDS: &[&str] =
    &["\"", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "99999999999999999999", "\\u0000", "$", "\\ud800"];

proptest! {
    #[test]
    fn what_is_understood_can_be_said_again(text in mutated_text(REQUESTS, WORDS)) {
        if let Ok(request) = serde_json::from_str::<Request>(&text) {
            let again = serde_json::to_string(&request).expect("it came from JSON");
            prop_assert_eq!(serde_json::from_str::<Request>(&again).expect("the same"), request);
        }
    }

    #[test]
    fn targets_are_read_without_panic(text in mutated_text(&["m/inputs/i", "m/outputs/o", "$upstream", "modules/m/inputs/i", "devices/d"], &["/", "$", "é"])) {
        let _ = (text.parse::<Destination>().is_ok(), text.parse::<Origin>().is_ok());
    }
}
