//! The values of a template's parameters, and what is known besides.

use std::collections::BTreeMap;

use super::error::TemplateError;
use super::manifest::{Parameter, Template};
use super::render::render;

/// The values that a template is rendered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    values: BTreeMap<String, String>,
}

impl Answers {
    /// Begins with the name of what is made: `name` as it is, `image_name` as the path of an image's repository,
    /// and the `version` of edgectl.
    pub fn new(name: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let known = [("name", name.to_owned()), ("image_name", image_name(name)), ("version", version)];
        Self { values: known.map(|(key, value)| (key.to_owned(), value)).into() }
    }

    /// Sets a parameter of the template, which must have it and take the value.
    pub fn set(&mut self, template: &Template, name: &str, value: &str) -> Result<(), TemplateError> {
        template.parameter(name)?.check(value)?;
        self.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// Tells the port of this machine that leads to the module's debugger; templates know it as `debug_port`.
    pub fn set_debug_port(&mut self, port: u16) {
        self.values.insert("debug_port".to_owned(), port.to_string());
    }

    /// Returns the value of a parameter, if it was set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns the default of a parameter, which may name what was set before.
    pub fn default_of(&self, template: &Template, parameter: &Parameter) -> Result<Option<String>, TemplateError> {
        let render = |text| render(&template.name, "template.yaml", text, &self.values);
        parameter.default.as_deref().map(render).transpose()
    }

    /// Sets what is still open to its default; one without a default is an error.
    pub fn complete(&mut self, template: &Template) -> Result<(), TemplateError> {
        for parameter in &template.parameters {
            if self.get(&parameter.name).is_some() {
                continue;
            }
            let default = self.default_of(template, parameter)?.ok_or_else(|| TemplateError::MissingValue {
                template: template.name.clone(),
                name: parameter.name.clone(),
            })?;
            self.set(template, &parameter.name, &default)?;
        }
        Ok(())
    }

    /// Returns the values together with the platform that a file is for.
    pub(super) fn for_platform(&self, platform: &str) -> BTreeMap<String, String> {
        let mut values = self.values.clone();
        values.insert("platform".to_owned(), platform.to_owned());
        values
    }

    pub(super) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

/// Makes a name the path of an image's repository: lower case, with single separators inside only.
fn image_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let is_separator = |c: char| !c.is_ascii_alphanumeric();
    let separated_twice = lower.as_bytes().windows(2).any(|pair| pair.iter().all(|b| !b.is_ascii_alphanumeric()));
    if separated_twice || lower.starts_with(is_separator) || lower.ends_with(is_separator) {
        return lower.split(is_separator).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_image_is_one_that_registries_take() {
        for (name, expected) in
            [("filter", "filter"), ("MyFilter", "myfilter"), ("my_filter-2", "my_filter-2"), ("a_-b__", "a-b")]
        {
            assert_eq!(image_name(name), expected);
        }
    }
}
