//! One text with values put in.

use std::collections::BTreeMap;

use handlebars::Handlebars;

use super::error::TemplateError;

/// The ending of a file that is rendered.
const RENDERED: &str = ".hbs";

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
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    engine.render_template(text, values).map_err(|error| TemplateError::Render {
        template: template.to_owned(),
        file: file.to_owned(),
        cause: error.reason().to_string(),
    })
}
