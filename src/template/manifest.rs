//! `template.yaml`: what a template is for and what it asks.

use crate::document::{Document, Node};
use crate::text::TextError;

use super::error::TemplateError;
use super::render::Source;

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The folder of a solution.
    Solution,
    /// A module of a solution.
    Module,
}

/// What a parameter takes as its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepts {
    /// Reference of an image, perhaps with variables: `python:3.13-slim`, `$CONTAINER_REGISTRY_SERVER/filter:1.0`.
    Image,
    /// Reference without tag and digest.
    Repository,
    /// One of these words.
    OneOf(Vec<String>),
}

/// Something that a template wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name, for `--set` and for the template's files.
    pub name: String,
    /// How a person at a terminal is asked; without it nobody is.
    pub prompt: Option<String>,
    /// What the value may be.
    pub accepts: Accepts,
    /// The value if none is given, rendered before use.
    pub default: Option<String>,
}

/// A scaffold of a solution or a module.
#[derive(Debug, Clone)]
pub struct Template {
    /// The name, for `--template`.
    pub name: String,
    /// What it makes.
    pub purpose: Purpose,
    /// The programming language, if it comes with source.
    pub language: Option<String>,
    /// One line for `edgectl new list`.
    pub summary: String,
    /// What it wants to know, in the order of the questions.
    pub parameters: Vec<Parameter>,
    /// Files, by their path in the template without `.hbs`, that become executable.
    pub(super) executable: Vec<String>,
    /// Files that are made only if a parameter has a value: path, parameter, value.
    pub(super) only: Vec<(String, String, String)>,
    pub(super) sources: Vec<Source>,
}

impl Accepts {
    /// Says whether the value is acceptable; one with characters that would break a file never is.
    pub fn allows(&self, value: &str) -> bool {
        match self {
            Self::OneOf(words) => words.iter().any(|word| word == value),
            Self::Image => is_reference(value),
            Self::Repository => {
                let last = value.rsplit('/').next().unwrap_or_default();
                is_reference(value) && !last.contains([':', '@'])
            }
        }
    }

    /// Describes what is acceptable, with an example.
    pub fn expectation(&self) -> String {
        match self {
            Self::OneOf(words) => format!("one of `{}`", words.join("`, `")),
            Self::Image => "an image such as `localhost:5000/filter:1.0`".to_owned(),
            Self::Repository => "a repository without tag such as `localhost:5000/filter`".to_owned(),
        }
    }
}

/// Says whether every part between slashes begins and ends as the parts of image references do.
fn is_reference(value: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "._-:@${}".contains(c);
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$')
            && part.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '}')
            && part.chars().all(is_inner)
    };
    value.split('/').all(is_part)
}

impl Parameter {
    /// Refuses a value that the parameter does not take.
    pub fn check(&self, value: &str) -> Result<(), TemplateError> {
        if self.accepts.allows(value) {
            return Ok(());
        }
        Err(TemplateError::Value {
            name: self.name.clone(),
            value: value.to_owned(),
            expected: self.accepts.expectation(),
        })
    }
}

impl Template {
    /// Reads the description of a template.
    pub(super) fn parse(name: &str, text: &str, sources: Vec<Source>) -> Result<Self, TextError> {
        let document = Document::parse(&format!("{name}/template.yaml"), text)?;
        let root = document.root();
        root.refuse_unknown(&["for", "language", "summary", "parameters", "executable", "only"])?;
        let purpose = |word: &str| match word {
            "solution" => Some(Purpose::Solution),
            "module" => Some(Purpose::Module),
            _ => None,
        };
        Ok(Self {
            name: name.to_owned(),
            purpose: root.need("for")?.word(&["solution", "module"], purpose)?,
            language: optional_text(&root, "language")?,
            summary: root.need("summary")?.text()?.to_owned(),
            parameters: parse_parameters(&root)?,
            executable: root.get("executable").map_or(Ok(Vec::new()), |node| node.texts())?,
            only: parse_only(&root)?,
            sources,
        })
    }

    /// Says whether the template has files, and so makes a folder.
    pub fn has_files(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Returns the parameter of this name.
    pub fn parameter(&self, name: &str) -> Result<&Parameter, TemplateError> {
        self.parameters.iter().find(|parameter| parameter.name == name).ok_or_else(|| TemplateError::UnknownParameter {
            template: self.name.clone(),
            name: name.to_owned(),
            known: self.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
        })
    }
}

fn parse_parameters(root: &Node) -> Result<Vec<Parameter>, TextError> {
    let Some(node) = root.get("parameters") else { return Ok(Vec::new()) };
    let members = node.members()?;
    members.into_iter().map(|(name, node)| parse_parameter(name, &node)).collect()
}

fn parse_parameter(name: &str, node: &Node) -> Result<Parameter, TextError> {
    node.refuse_unknown(&["prompt", "accepts", "default"])?;
    let accepts = node.need("accepts")?;
    let kind = |word: &str| match word {
        "image" => Some(Accepts::Image),
        "repository" => Some(Accepts::Repository),
        _ => None,
    };
    Ok(Parameter {
        name: name.to_owned(),
        prompt: optional_text(node, "prompt")?,
        accepts: match accepts.texts() {
            Ok(words) => Accepts::OneOf(words),
            Err(_) => accepts.word(&["image", "repository"], kind)?,
        },
        default: optional_text(node, "default")?,
    })
}

fn parse_only(root: &Node) -> Result<Vec<(String, String, String)>, TextError> {
    let Some(node) = root.get("only") else { return Ok(Vec::new()) };
    let mut conditions = Vec::new();
    for (file, condition) in node.members()? {
        for (parameter, value) in condition.members()? {
            conditions.push((file.to_owned(), parameter.to_owned(), value.text()?.to_owned()));
        }
    }
    Ok(conditions)
}

fn optional_text(node: &Node, key: &str) -> Result<Option<String>, TextError> {
    node.get(key).map(|node| node.text().map(str::to_owned)).transpose()
}
