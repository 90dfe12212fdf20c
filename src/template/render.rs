//! One text with values put in.
//!
//! A template may be anybody's: what could run for ever, overflow the stack or fill the memory is refused before the
//! library sees it, or not known to it. Values are plain texts, for which names, `if`, `unless` and `eq` are enough.

use std::collections::BTreeMap;
use std::io;

use handlebars::Handlebars;

use super::error::TemplateError;

/// The ending of a file that is rendered.
const RENDERED: &str = ".hbs";

/// The longest text that may come out, in bytes.
const LONGEST: usize = 16 << 20;
/// How many blocks (`{{#if …}}`) a text may have: the library calls itself for each in which another one stands.
const MOST_BLOCKS: usize = 200;
/// The longest `{{…}}`, in bytes: the library calls itself for each bracket in it.
const LONGEST_TAG: usize = 200;
/// How much of a reason is told, in characters: the library shows the line, however long.
const LONGEST_REASON: usize = 1000;

/// A file of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Where it stands below `files/`, with `/`, unrendered.
    pub(super) path: String,
    pub(super) contents: Vec<u8>,
}

impl Source {
    /// Returns the path without the ending that says that the file is rendered.
    pub(super) fn target(&self) -> &str {
        self.path.strip_suffix(RENDERED).unwrap_or(&self.path)
    }

    /// Says whether the content is rendered, or copied byte for byte.
    pub(super) fn is_rendered(&self) -> bool {
        self.path.ends_with(RENDERED)
    }
}

/// Renders text of the template `template`; a name without a value is an error, and nothing is escaped.
pub(super) fn render(
    template: &str,
    file: &str,
    text: &str,
    values: &BTreeMap<String, String>,
) -> Result<String, TemplateError> {
    let refused = |cause: String| TemplateError::Render { template: template.to_owned(), file: file.to_owned(), cause };
    check_tags(text).map_err(refused)?;
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    // Loops within loops, over nothing but texts, could run for ever.
    engine.unregister_helper("each");
    let mut rendered = Bounded { bytes: Vec::new(), is_full: false };
    let outcome = engine.render_template_to_write(text, values, &mut rendered);
    if rendered.is_full {
        return Err(refused(format!("it becomes longer than {} MiB", LONGEST >> 20)));
    }
    outcome.map_err(|error| refused(error.reason().to_string().chars().take(LONGEST_REASON).collect()))?;
    String::from_utf8(rendered.bytes).map_err(|error| refused(error.to_string()))
}

/// Refuses what nests without end, and partials, which can include each other in a circle.
fn check_tags(text: &str) -> Result<(), String> {
    let mut blocks = 0;
    for tag in text.split("{{").skip(1) {
        let words = tag.trim_start_matches(['{', '~', ' ', '\t', '\r', '\n']);
        if words.starts_with('!') {
            continue;
        }
        if words.starts_with(['>', '*']) || words.starts_with("#>") || words.starts_with("#*") {
            return Err("partials and decorators (`{{>`, `{{*`) are not rendered".to_owned());
        }
        if tag.find("}}").unwrap_or(tag.len()) > LONGEST_TAG {
            return Err(format!("one of its tags (`{{{{…}}}}`) has more than {LONGEST_TAG} bytes"));
        }
        blocks += usize::from(words.starts_with(['#', '^']));
    }
    if blocks > MOST_BLOCKS { Err(format!("it has more than {MOST_BLOCKS} blocks (`{{{{#…}}}}`)")) } else { Ok(()) }
}

/// What has come out so far, up to [`LONGEST`].
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_full |= self.bytes.len() + bytes.len() > LONGEST;
        if self.is_full {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, cause: &str) {
        let values = BTreeMap::from([("name".to_owned(), "x".repeat(1 << 16))]);
        match render("t", "f.hbs", text, &values).expect_err("it is refused") {
            TemplateError::Render { cause: told, .. } => assert_eq!(told, cause),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn partials_that_include_each_other_are_refused() {
        let text = "{{#*inline \"a\"}}{{> b}}{{/inline}}{{#*inline \"b\"}}{{> a}}{{/inline}}{{> a}}";
        check_refused(text, "partials and decorators (`{{>`, `{{*`) are not rendered");
        check_refused("{{~  > a}}", "partials and decorators (`{{>`, `{{*`) are not rendered");
    }

    #[test]
    fn what_nests_without_end_is_refused() {
        let blocks = |count| format!("{}{}", "{{#if name}}".repeat(count), "{{/if}}".repeat(count));
        check_refused(&blocks(100_000), "it has more than 200 blocks (`{{#…}}`)");
        assert_eq!(
            render("t", "f", &blocks(200), &BTreeMap::from([("name".into(), "x".into())])).expect("it ends"),
            ""
        );
        for (open, close) in [("(", ")"), ("(eq ", ")"), ("[", "]"), ("{\"a\":", "}")] {
            let nested = |count: usize| format!("{{{{if {}{}}}}}", open.repeat(count), close.repeat(count));
            check_refused(&nested(100_000), "one of its tags (`{{…}}`) has more than 200 bytes");
            let _ = render("t", "f", &nested((LONGEST_TAG - 3) / (open.len() + 1)), &BTreeMap::new()).is_ok();
        }
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        check_refused(&"{{name}}".repeat(257), "it becomes longer than 16 MiB");
        check_refused("{{#each this}}{{/each}}", "Helper not found each");
    }
}
