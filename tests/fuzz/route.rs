//! Routes with mistakes, and messages of any kind.

use edgectl::message::{Message, system};
use edgectl::route::Route;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::mutation::{mutated, mutated_text};

const ROUTES: &[&str] = &[
    "FROM /messages/modules/filter/outputs/* WHERE temperature > 21 AND $body.machine.temp[2] <> null INTO $upstream",
    "SELECT * FROM /* WHERE NOT (is_defined($connectionModuleId) OR length(concat('a', name)) >= 0x1F) INTO \
     BrokeredEndpoint(\"/modules/m/inputs/i\")",
    "FROM /messages/* WHERE as_number(a) / 0 < -1.5e300 OR {user prop} = \"x\" ?? 'y' INTO $upstream",
    "FROM /* WHERE substring(s, 1, 2) = 'b' AND starts_with($body.s, '\\u0041') || index_of(a, b) % 3 = 0 INTO $upstream",
    "FROM /* WHERE power(2, 1000) > floor(-0.0) AND $systemProperties.x = 'z' -- comment\n INTO $upstream",
];
const WORDS: &[&str] = &[
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    "'",
    "\"",
    "$body.",
    "$body[",
    "]",
    "null",
    "undefined",
    "is_null(",
    "substring(",
    ",",
    "99999999999999999999",
    "1e999",
    "0x",
    "-",
    "%",
    "||",
    "??",
    "<>",
    "/*",
    "*/",
    "--",
    "{",
    "}",
    "é",
    "\\u",
    "\0",
    "$",
];
const BODIES: &[&str] = &[
    r#"{"machine":{"temp":[1,2,{"x":null}]},"s":"a\u00e9","n":1e300,"t":true,"i":9223372036854775808}"#,
    "[1,2,3]",
    "\"text\"",
];

fn message() -> impl Strategy<Value = Message> {
    let body = mutated(select(BODIES).prop_map(|body| body.as_bytes().to_vec()), &["{", "[", "\"", "null", "1e999"]);
    let name = select(&["temperature", "a", "b", "s", "name", "user prop", "$body.s"][..]);
    let value = proptest::option::of(prop_oneof!["[-+0-9.eE]{0,8}", ".{0,5}"]);
    (body, vec((name, value), 0..6)).prop_map(|(body, properties)| {
        let mut message = Message { body: body.into(), ..Message::default() };
        message.set_system(system::CONTENT_TYPE, "application/json");
        message.set_system(system::CONTENT_ENCODING, "utf-8");
        message.properties = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        message
    })
}

proptest! {
    #[test]
    fn a_route_is_refused_at_a_place_or_decides(text in mutated_text(ROUTES, WORDS), messages in vec(message(), 1..4)) {
        match Route::parse(&text) {
            Ok(route) => {
                for message in &messages {
                    let decided = route.matches("/messages/modules/filter/outputs/o/", message);
                    prop_assert_eq!(route.matches("/messages/modules/filter/outputs/o/", message), decided);
                }
                prop_assert!(Route::parse(route.text()).is_ok());
            }
            Err(error) => prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error),
        }
    }
}
