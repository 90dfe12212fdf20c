//! Secrets that are written out: passwords of registries, keys, tokens and connection strings.
//!
//! A template is read by whoever reads the repository, and a twin by whoever may read the hub. Told is which value and
//! what it looks like, never the value; [`hide_secrets`] keeps it out of every excerpt, too. What a variable brings is
//! no secret of the file.

use std::ops::Range;

use serde_json::Value;

use super::options::Options;
use super::unread;
use crate::document::{Document, Node};
use crate::manifest::finding::Finding;
use crate::manifest::is_template;
use crate::manifest::placeholder::{Piece, pieces};
use crate::manifest::secret::{LISTS, item_of_list, kind_of_secret};
use crate::text::Pointer;

/// A secret that is written out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Secret {
    /// Where it stands.
    pub(super) place: Range<usize>,
    /// What the value belongs to.
    pub(super) name: String,
    /// What it looks like.
    pub(super) looks: &'static str,
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

/// Says whether a variable brings a text, or a part of it.
pub(super) fn has_variable(text: &str) -> bool {
    let is_variable = |(_, piece): &(_, Piece<'_>)| !matches!(piece, Piece::Text(_));
    text.contains('$') && pieces(text).iter().any(is_variable)
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
        if has_variable(text) {
            return;
        }
        let item = LISTS.contains(&name).then(|| item_of_list(text)).flatten();
        let (name, start) = item.unwrap_or((name, 0));
        if let Some(looks) = kind_of_secret(name, &text[start..]) {
            let place = (self.map)(node.place_inside(&(start..text.len())));
            self.found.push(Secret { place, name: name.to_owned(), looks });
        }
    }

    /// Searches createOptions that are written as text.
    fn options(&mut self, settings: &Node<'_>) {
        let Some(options) = Options::open(settings) else { return };
        let Some(text) = options.text() else { return };
        let map = |place: Range<usize>| (self.map)(options.place_in_file(&place));
        match Document::parse("createOptions", text) {
            Ok(inner) => Search { found: &mut *self.found, map: &map }.value(&inner.root(), "createOptions"),
            // A key that stands twice.
            Err(_) => {
                self.found
                    .extend(unread::find(text).into_iter().map(|secret| Secret { place: map(secret.place), ..secret }));
            }
        }
    }
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

    #[test]
    fn a_variable_is_named_after_the_value() {
        let names = ["DB_PASSWORD", "apiKey", "client-secret", "9", "password"].map(variable_for);
        assert_eq!(names, ["DB_PASSWORD", "API_KEY", "CLIENT_SECRET", "SECRET", "CONTAINER_REGISTRY_PASSWORD"]);
    }
}
