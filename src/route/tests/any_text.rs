//! Whatever the text: nothing panics, and every error points into it.

use proptest::prelude::*;

use super::message;
use crate::route::Route;

/// Words of the language, whole and broken.
const WORDS: &str = r#"FROM WHERE INTO / * messages ( ) ' " \u12 \ { } $body.a[0] $ $upstream abs( , - NOT AND ?? || 5
    0xFFFFFFFFFFFFFFFFF é BrokeredEndpoint( '/modules/m/inputs/i' /* */ null substring('ab',"#;

fn any_text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(WORDS.split_whitespace().collect::<Vec<_>>()).prop_map(str::to_owned);
    let word = prop_oneof![known, any::<String>()];
    prop::collection::vec((word, prop_oneof![Just(" "), Just("")]), 0..20)
        .prop_map(|words| words.into_iter().map(|(word, blank)| word + blank).collect())
}

proptest! {
    #[test]
    fn no_text_panics(text in any_text()) {
        for text in [text.clone(), format!("FROM /* WHERE {text} INTO $upstream"), format!("FROM /{text}")] {
            match Route::parse(&text) {
                Ok(route) => { route.matches("/messages/", &message()); }
                Err(error) => { prop_assert!(text.get(error.span).is_some()); }
            }
        }
    }
}
