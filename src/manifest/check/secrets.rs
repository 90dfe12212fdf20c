//! Secrets that are written out: passwords of registries, keys, tokens and connection strings.
//!
//! A template is read by whoever reads the repository, and a twin by whoever may read the hub. Told is which value and
//! what it looks like, never the value; [`hide_secrets`] keeps it out of every excerpt, too. What a variable brings is
//! no secret of the file.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::options::Options;
use crate::document::{Document, Node};
use crate::manifest::finding::Finding;
use crate::manifest::is_template;
use crate::manifest::placeholder::{Piece, pieces};
use crate::text::Pointer;

/// A secret that is written out.
struct Secret {
    /// Where it stands.
    place: Range<usize>,
    /// What the value belongs to.
    name: String,
    /// What it looks like.
    looks: &'static str,
}

/// Returns the document with asterisks for every secret wherever its text is shown.
#[must_use]
pub fn hide_secrets(document: Document) -> Document {
    let places: Vec<_> = find(&document).into_iter().map(|secret| secret.place).collect();
    if places.is_empty() { document } else { document.hiding(&places) }
}

/// Reports secrets that are written out.
pub(super) fn check(document: &Document, findings: &mut Vec<Finding>) {
    let secrets = find(document);
    if secrets.is_empty() {
        return;
    }
    let places: Vec<_> = secrets.iter().map(|secret| secret.place.clone()).collect();
    let hidden = document.clone().hiding(&places);
    let is_template = is_template(document.file(), document.text());
    for Secret { place, name, looks } in secrets {
        let told = hidden.error_at(place, format!("the value of `{name}` looks like {looks}, in plain text"));
        let hint = match is_template {
            true => format!("write `${}`, and define it in `.env` or in the environment", variable_for(&name)),
            false => format!("keep `{}` out of version control, and deploy from a template", document.file()),
        };
        findings.push(Finding::warning("plain-secret", told.hint(hint)));
    }
}

fn find(document: &Document) -> Vec<Secret> {
    let mut found = Vec::new();
    if let Some(root) = document.written_node(&Pointer::root()) {
        Search { found: &mut found, map: &|place| place }.value(&root, "");
    }
    found
}

struct Search<'s> {
    found: &'s mut Vec<Secret>,
    /// From a place of the document that is searched to one of the file.
    map: &'s dyn Fn(Range<usize>) -> Range<usize>,
}

impl Search<'_> {
    /// `name` is what the value belongs to: its key, or the variable that it is the value of.
    fn value(&mut self, node: &Node<'_>, name: &str) {
        // To ask for another type would look up its place in the file, at every value.
        match node.value() {
            Value::String(text) => self.text(node, name, text),
            Value::Array(_) => {
                node.items().unwrap_or_default().iter().for_each(|item| self.value(item, name));
            }
            Value::Object(_) => self.members(node, name),
            _ => {}
        }
    }

    fn members(&mut self, node: &Node<'_>, name: &str) {
        for (key, member) in node.members().unwrap_or_default() {
            match key {
                "createOptions" if member.value().is_string() => self.options(node),
                "value" => self.value(&member, name),
                key if key.starts_with("createOptions") && member.value().is_string() => {}
                key => self.value(&member, key),
            }
        }
    }

    fn text(&mut self, node: &Node<'_>, name: &str, text: &str) {
        let is_variable = |(_, piece): &(_, Piece<'_>)| !matches!(piece, Piece::Text(_));
        if text.contains('$') && pieces(text).iter().any(is_variable) {
            return;
        }
        let (name, start) = match text.split_once('=') {
            Some((variable, _)) if name == "Env" => (variable, variable.len() + 1),
            _ => (name, 0),
        };
        if let Some(looks) = judge(name, &text[start..]) {
            let place = (self.map)(node.place_inside(&(start..text.len())));
            self.found.push(Secret { place, name: name.to_owned(), looks });
        }
    }

    /// Searches createOptions that are written as text.
    fn options(&mut self, settings: &Node<'_>) {
        let Some(options) = Options::open(settings) else { return };
        let Some(inner) = options.text().and_then(|text| Document::parse("createOptions", text).ok()) else { return };
        let map = |place: Range<usize>| (self.map)(options.place_in_file(&place));
        Search { found: &mut *self.found, map: &map }.value(&inner.root(), "createOptions");
    }
}

/// Says what a value looks like, if it looks like a secret.
fn judge(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let has =
        |part: &str| lower.split(part).nth(1).is_some_and(|rest| !rest.is_empty() && !rest.starts_with([';', '&']));
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if ["sharedaccesskey=", "accountkey=", "sharedsecret="].iter().any(|part| has(part)) {
        return Some("a connection string with its key");
    }
    if lower.contains(';') && (has("password=") || has("pwd=")) {
        return Some("a connection string with its password");
    }
    if has("sig=") && (lower.contains("se=") || lower.contains("sr=")) {
        return Some("a SAS token");
    }
    if has_login(value) {
        return Some("an address with its password");
    }
    if is_token(value) {
        return Some("a token");
    }
    if is_key(value) {
        return Some("a key");
    }
    (is_secret_name(name) && is_plausible(value)).then_some("a password or key")
}

/// `scheme://user:password@host`.
fn has_login(value: &str) -> bool {
    let rest = value.split_once("://").map(|(_, rest)| rest.split(['/', '?', ' ']).next().unwrap_or_default());
    let login = rest.and_then(|authority| authority.rsplit_once('@')).and_then(|(login, _)| login.split_once(':'));
    login.is_some_and(|(_, password)| !password.is_empty())
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

fn is_secret_name(name: &str) -> bool {
    const ENDS: [&str; 13] = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "apikey",
        "accesskey",
        "accountkey",
        "privatekey",
        "secretkey",
        "token",
        "credential",
        "credentials",
    ];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    ENDS.iter().any(|end| plain.ends_with(end))
}

/// Leaves out what is no secret in spite of its name: switches, numbers, files, and places to fill in.
fn is_plausible(value: &str) -> bool {
    let is_placeholder = value.starts_with(['<', '{', '*']) || value.ends_with('…') || value.ends_with("...");
    let is_file = value.starts_with(['/', '.', '~']) || value.contains(":\\");
    let is_plain = matches!(value, "true" | "false" | "none" | "null") || value.parse::<f64>().is_ok();
    !(value.is_empty() || is_placeholder || is_file || is_plain)
}

/// The name of a variable that could bring the value; that of a registry's password is what other tools call it.
fn variable_for(name: &str) -> String {
    if name == "password" {
        return "CONTAINER_REGISTRY_PASSWORD".to_owned();
    }
    let mut variable = String::new();
    for c in name.chars() {
        let begins_word = c.is_ascii_uppercase() && variable.ends_with(|before: char| before.is_ascii_lowercase());
        if begins_word || (!c.is_ascii_alphanumeric() && !variable.ends_with('_')) {
            variable.push('_');
        }
        if c.is_ascii_alphanumeric() {
            variable.push(c);
        }
    }
    let variable = variable.trim_matches('_').to_ascii_uppercase();
    if variable.starts_with(|c: char| c.is_ascii_alphabetic()) { variable } else { "SECRET".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<&str>) {
        assert_eq!(judge(name, value), expected, "{name} = {value}");
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

    #[test]
    fn a_variable_is_named_after_the_value() {
        let names = ["DB_PASSWORD", "apiKey", "client-secret", "9", "password"].map(variable_for);
        assert_eq!(names, ["DB_PASSWORD", "API_KEY", "CLIENT_SECRET", "SECRET", "CONTAINER_REGISTRY_PASSWORD"]);
    }
}
