//! Tokens and connection strings that were tampered with.

use std::time::Duration;

use edgectl::identity::{ConnectionString, DeviceId, Identity, Key, ModuleId, sas};
use proptest::prelude::*;
use proptest::strategy::Just;

use crate::mutation::{mutated, mutated_text};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const EXPIRY: u64 = 1_700_003_600;
const STRINGS: &[&str] = &[
    "HostName=h.example;DeviceId=d;ModuleId=m;SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "HostName=h.example;GatewayHostName=g;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1",
    "HostName=h.example;SharedAccessKeyName=iothubowner;SharedAccessKey=AAECAwQFBgcICQoLDA0ODw==",
    "HostName=h.example;DeviceId=d;x509=true",
];
const WORDS: &[&str] =
    &["=", ";", "&", "%", "%25", "+", "sr=", "sig=", "se=99999999999", "SharedAccessKey=", "é", ".", "/", "$"];

fn token() -> String {
    let key = Key::parse(KEY).expect("a key");
    sas::create("h.example/devices/d/modules/m", &key, Duration::from_secs(EXPIRY), None)
}

proptest! {
    #[test]
    fn only_what_was_signed_is_proved(bytes in mutated(Just(token().into_bytes()), WORDS)) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Ok(parsed) = sas::Token::parse(&text) else { return Ok(()) };
        let identity = |module: &str| {
            Identity::of_module(DeviceId::parse("d").expect("valid"), ModuleId::parse(module).expect("valid"))
        };
        let key = Key::parse(KEY).expect("a key");
        let verify = |module| parsed.verify(Duration::from_secs(EXPIRY), &[&key], &["h.example"], &identity(module));
        prop_assert!(verify("other").is_err());
        if verify("m").is_ok() {
            prop_assert_eq!(parsed.expiry(), Duration::from_secs(EXPIRY), "{}", text);
            prop_assert!(text.contains("=h.example%2Fdevices%2Fd%2Fmodules%2Fm"), "{}", text);
        }
        let shown = format!("{parsed:?}");
        prop_assert!(!shown.contains("sig"), "{}", shown);
    }

    #[test]
    fn a_connection_string_comes_back_and_shows_no_secret(text in mutated_text(STRINGS, WORDS)) {
        match ConnectionString::parse(&text) {
            Ok(parsed) => {
                prop_assert_eq!(&ConnectionString::parse(&parsed.reveal()).expect("the same"), &parsed);
                let shown = format!("{parsed:?}");
                prop_assert!(!shown.contains("AAECAwQFBgcICQoLDA0ODw"), "{}", shown);
            }
            Err(error) => prop_assert!(!error.to_string().contains("AAECAwQFBgcICQoLDA0ODw"), "{}", error),
        }
    }
}
