//! What looks like a secret in a manifest: passwords, keys, tokens, connection strings with a key.
//!
//! Names and values are judged, nothing is looked up. A guess errs towards silence where a name says that its value only
//! leads to a secret (`PASSWORD_FILE`) or is about one (`TOKEN_LIFETIME`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The lists of createOptions whose items may give a name a value: `API_KEY=…`, `--password=…`.
pub(super) const LISTS: [&str; 3] = ["Env", "Cmd", "Entrypoint"];

/// Returns the name in such an item, and where its value begins.
pub(super) fn item_of_list(text: &str) -> Option<(&str, usize)> {
    let end = text.find('=')?;
    Some((text[..end].trim_start_matches('-'), end + 1))
}

/// Words of a name whose value is a secret.
const WORDS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "secretkey",
    "credential",
    "credentials",
    "sas",
];

/// Words before `key` that make it a secret one; there are public keys, routing keys and keys of a map, too.
const KEYS: [&str; 10] =
    ["api", "access", "account", "private", "shared", "primary", "secondary", "master", "encryption", "signing"];

/// Last words that turn a name into one of something else.
const ABOUT: [&str; 17] = [
    "file", "path", "folder", "dir", "name", "url", "uri", "id", "length", "size", "type", "lifetime", "expiry", "ttl",
    "timeout", "header", "mode",
];

/// Says whether a text is a secret, by the name of its variable or property and by its own looks.
///
/// A text that is empty, hidden already or the name of a variable (`$X`, `${X}`) is none. The name is enough: who hides
/// secrets would rather hide too much.
pub fn is_secret(name: &str, text: &str) -> bool {
    !text.trim().is_empty() && !is_placeholder(text) && (is_secret_name(name) || looks(text.trim()).is_some())
}

/// Says what kind of secret a text is, if it is one: by its own looks, or by its name if it could be a password.
pub(super) fn kind_of_secret(name: &str, text: &str) -> Option<&'static str> {
    let text = text.trim();
    looks(text).or_else(|| (is_secret_name(name) && is_plausible(text)).then_some("a password or key"))
}

/// Says whether a text stands in the place of a secret: `***`, `$X` or `${X}`.
pub fn is_placeholder(text: &str) -> bool {
    use super::placeholder::{Piece, pieces};
    let is_variable = matches!(pieces(text)[..], [(_, Piece::Bare(_) | Piece::Braced(_))]);
    is_variable || text == super::redact::HIDDEN
}

/// Says whether the value of a variable or property of this name is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    let is_key = words.windows(2).any(|pair| pair[1] == "key" && KEYS.contains(&pair[0].as_str()));
    !ABOUT.contains(&last.as_str()) && (is_key || words.iter().any(|word| WORDS.contains(&word.as_str())))
}

/// Says what a text looks like whatever its name, if it looks like a secret.
fn looks(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let has =
        |part: &str| lower.split(part).nth(1).is_some_and(|rest| !rest.is_empty() && !rest.starts_with([';', '&']));
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if ["sharedaccesskey=", "accountkey=", "sharedsecret="].iter().any(|part| has(part)) {
        return Some("a connection string with its key");
    }
    if lower.contains(';') && (has("password=") || has("pwd=")) {
        return Some("a connection string with its password");
    }
    if has("&sig=") || (has("sig=") && (lower.contains("se=") || lower.contains("sr="))) {
        return Some("a SAS token");
    }
    if has_login(text) {
        return Some("an address with its password");
    }
    if is_token(text) {
        return Some("a token");
    }
    is_key(text).then_some("a key")
}

/// Says whether an address holds a password: `amqp://user:password@host`.
fn has_login(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
    login.is_some_and(|(_, password)| !password.is_empty() && !is_placeholder(password))
}

/// The forms by which well-known services recognise their own tokens.
fn is_token(value: &str) -> bool {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let parts: Vec<&str> = value.split('.').collect();
    let is_jwt = parts.len() == 3 && parts[..2].iter().all(|part| part.starts_with("eyJ"));
    let starts = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "npm_"];
    let is_amazon = value.len() == 20 && value.starts_with("AKIA");
    is_word(value) && value.len() >= 20 && (is_jwt || is_amazon || starts.iter().any(|start| value.starts_with(start)))
}

/// 32 or 64 bytes in base64, as the keys of hubs and of storage accounts are.
fn is_key(value: &str) -> bool {
    let fits = matches!((value.len(), value.ends_with("==")), (44, false) | (88, true)) && value.ends_with('=');
    fits && STANDARD.decode(value).is_ok()
}

/// Leaves out what is no secret in spite of its name: switches, numbers, files, and places to fill in.
fn is_plausible(value: &str) -> bool {
    let is_placeholder = value.starts_with(['<', '{', '*']) || value.ends_with('…') || value.ends_with("...");
    let is_file = value.starts_with(['/', '.', '~']) || value.contains(":\\");
    let is_plain = matches!(value, "true" | "false" | "none" | "null") || value.parse::<f64>().is_ok();
    !(value.is_empty() || is_placeholder || is_file || is_plain)
}

/// Splits a name at what is no letter or digit, and before a capital that follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| c.is_ascii_alphanumeric()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in ["DB_PASSWORD", "dbPassword", "db-pwd", "ApiKey", "API_KEY", "storageAccountKey", "SAS_TOKEN"] {
            assert!(is_secret(name, "x"), "{name}");
        }
    }

    #[test]
    fn a_name_about_a_secret_is_none() {
        for name in ["PASSWORD_FILE", "TOKEN_LIFETIME", "secretName", "ROUTING_KEY", "publicKey", "KEY", "COMPASS"] {
            assert!(!is_secret(name, "x"), "{name}");
        }
    }

    #[test]
    fn a_secret_is_known_by_its_looks() {
        let secrets = [
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0",
            "HostName=h;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0",
            "-----BEGIN PRIVATE KEY-----\nx",
            "https://a.blob.core.windows.net/c?sv=1&sig=x",
            "amqp://user:secret@broker:5672/v",
        ];
        secrets.iter().for_each(|text| assert!(is_secret("VALUE", text), "{text}"));
        for text in ["https://host:443/a@b", "amqp://user@broker", "amqp://user:$PASSWORD@broker", "a:b@c"] {
            assert!(!is_secret("VALUE", text), "{text}");
        }
    }

    #[test]
    fn what_stands_in_the_place_of_a_secret_is_none() {
        for text in ["", " ", "***", "$PASSWORD", "${PASSWORD}"] {
            assert!(!is_secret("PASSWORD", text), "{text}");
        }
        assert!(is_secret("PASSWORD", "a$b"));
    }

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<&str>) {
        assert_eq!(kind_of_secret(name, value), expected, "{name} = {value}");
    }

    #[test]
    fn values_are_known_by_their_form() {
        let key = STANDARD.encode([7; 32]);
        check(
            "HUB",
            &format!("HostName=h.net;DeviceId=d;SharedAccessKey={key}"),
            Some("a connection string with its key"),
        );
        check("STORE", &format!("AccountName=a;AccountKey={key}"), Some("a connection string with its key"));
        check("DB", "Server=db;User Id=sa;Password=x", Some("a connection string with its password"));
        check("URL", "https://a.blob.core.windows.net/c?se=2030-01-01&sr=c&sig=abc", Some("a SAS token"));
        check("T", "SharedAccessSignature sr=h.net&sig=abc&se=1", Some("a SAS token"));
        check("URL", "amqp://user:guest@broker:5672", Some("an address with its password"));
        check("X", "-----BEGIN RSA PRIVATE KEY-----\nMII", Some("a private key"));
        check("X", &key, Some("a key"));
        check("X", "ghp_0123456789abcdefghij", Some("a token"));
        check("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Some("a token"));
    }

    #[test]
    fn names_tell_what_a_value_is() {
        for name in ["DB_PASSWORD", "apiKey", "Api-Key", "client_secret", "AccessToken"] {
            check(name, "hunter2", Some("a password or key"));
        }
    }

    #[test]
    fn what_only_sounds_secret_is_left_alone() {
        for value in ["", "true", "3600", "/run/secrets/db", "<your password>", "***"] {
            check("DB_PASSWORD", value, None);
        }
        for name in ["PASSWORD_FILE", "TOKEN_LIFETIME", "SECRET_NAME", "KEY", "PUBLIC_KEY_ID"] {
            check(name, "hunter2", None);
        }
        check("URL", "https://example.com:8080/a@b", None);
        check("DB", "Server=db;Password=;User Id=sa", None);
    }
}
