//! The facts of protocol.md §8.1–8.6, one test each, and what they are asked with.

mod any_text;
mod evaluation;
mod functions;
mod grammar;
mod names;
mod sinks;
mod sources;

use bytes::Bytes;

use super::{Route, Subject, evaluate};
use crate::message::{Message, system};

const BODY: &str = r#"{"n":5,"s":"text","yes":true,"no":false,"null":null,"o":{"a":[{"b":7}],"A":1},"list":[1],
    "date":"2026-11-22T02:03:04Z"}"#;

fn message() -> Message {
    let mut message = Message { body: Bytes::from_static(BODY.as_bytes()), ..Message::default() };
    let properties = [("temperature", "40"), ("Name", "x"), ("$dollar", "app"), ("empty", ""), ("$body.n", "shadow")];
    message.properties = properties.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).to_vec();
    message.properties.push(("flag".to_owned(), None));
    message.set_system(system::CONTENT_TYPE, "application/json");
    message.set_system(system::CONTENT_ENCODING, "utf-8");
    message.set_system(system::CONNECTION_MODULE_ID, "sensor");
    message
}

fn parse(condition: &str) -> Route {
    let text = format!("FROM /* WHERE {condition} INTO $upstream");
    Route::parse(&text).unwrap_or_else(|error| panic!("`{condition}`: {error} at {:?}", error.span))
}

fn value_of(condition: &str, message: &Message) -> String {
    let value = parse(condition).condition;
    let subject = Subject::new(message);
    match value.value(&subject) {
        evaluate::Value::Undefined => "undefined".to_owned(),
        evaluate::Value::Null => "null".to_owned(),
        evaluate::Value::Bool(value) => value.to_string(),
        evaluate::Value::Number(value) => value.to_string(),
        evaluate::Value::Text(text) => format!("'{text}'"),
    }
}

/// Each condition has this value for [`message`].
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (condition, expected) in cases {
        assert_eq!(value_of(condition, &message()), *expected, "{condition}");
    }
}

/// Each route is refused: where, in which words and with which hint.
#[track_caller]
fn refuse(cases: &[(&str, &str, &str, &str)]) {
    for (text, place, words, hint) in cases {
        let error = Route::parse(text).expect_err(text);
        let told = (&text[error.span.clone()], error.to_string(), error.hint().unwrap_or_default());
        assert_eq!(told, (*place, (*words).to_owned(), (*hint).to_owned()), "{text}");
    }
}

/// Each condition is refused in these words and with this hint.
#[track_caller]
fn refuse_condition(cases: &[(&str, &str, &str)]) {
    for (condition, words, hint) in cases {
        let text = format!("FROM /* WHERE {condition} INTO $upstream");
        let error = Route::parse(&text).expect_err(condition);
        assert_eq!((error.to_string().as_str(), error.hint().unwrap_or_default().as_str()), (*words, *hint), "{text}");
    }
}

#[track_caller]
fn warned(text: &str, place: &str, words: &str) {
    let route = Route::parse(text).expect(text);
    let found: Vec<_> = route.warnings().iter().map(|w| (&text[w.span.clone()], w.to_string())).collect();
    assert_eq!(found, [(place, words.to_owned())]);
}
