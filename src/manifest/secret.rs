//! What looks like a secret in a manifest: passwords, keys, tokens, connection strings with a key.
//!
//! Names and values are judged, nothing is looked up. A guess errs towards silence where a name says that its value only
//! leads to a secret (`PASSWORD_FILE`) or is about one (`TOKEN_LIFETIME`).

/// Words of a name whose value is a secret.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
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

/// What stands before a key in connection strings and addresses.
const MARKS: [&str; 5] = ["accountkey=", "sharedaccesskey=", "sharedaccesssignature", "private key-----", "&sig="];

/// Says whether a text is a secret, by the name of its variable or property and by its own looks.
///
/// A text that is empty, hidden already or the name of a variable (`$X`, `${X}`) is none.
pub fn is_secret(name: &str, text: &str) -> bool {
    !text.trim().is_empty() && !is_placeholder(text) && (is_secret_name(name) || is_secret_text(text))
}

/// Says whether a text stands in the place of a secret: `***`, `$X` or `${X}`.
pub fn is_placeholder(text: &str) -> bool {
    use super::placeholder::{Piece, pieces};
    let is_variable = matches!(pieces(text)[..], [(_, Piece::Bare(_) | Piece::Braced(_))]);
    is_variable || text == super::redact::HIDDEN
}

/// Says whether the value of a variable or property of this name is a secret.
fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    let is_key = words.windows(2).any(|pair| pair[1] == "key" && KEYS.contains(&pair[0].as_str()));
    !ABOUT.contains(&last.as_str()) && (is_key || words.iter().any(|word| WORDS.contains(&word.as_str())))
}

/// Says whether a text is a secret whatever its name: a key inside a connection string, a private key, a login in an
/// address.
fn is_secret_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let marked = MARKS.iter().any(|mark| lower.contains(mark));
    marked || has_login(&lower)
}

/// Says whether an address holds a password: `amqp://user:password@host`.
fn has_login(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
    login.is_some_and(|(_, password)| !password.is_empty() && !is_placeholder(password))
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
}
