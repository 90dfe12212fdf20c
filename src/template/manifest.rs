//! `template.yaml`: what a template is for and what it asks.

use regex_lite::{Regex, RegexBuilder};

use crate::document::{Document, Node};
use crate::text::TextError;

use super::error::TemplateError;
use super::render::Source;

/// What every file knows besides the parameters.
const RESERVED: [&str; 6] = ["name", "image_name", "platform", "folder", "debug_port", "version"];

/// The longest value of a parameter, in bytes: defaults may name each other, and double each time.
const LONGEST_VALUE: usize = 4096;

/// What a compiled pattern may take, in bytes.
const LARGEST_PATTERN: usize = 1 << 20;

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The folder of a solution.
    Solution,
    /// A module of a solution.
    Module,
    /// The pipeline that builds and tests a solution.
    Pipeline,
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
    /// One line of text, which as a whole matches this regular expression.
    Text(String),
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
    /// The port that the debugger of its debug variant listens on, if that is one.
    pub debug_port: Option<u16>,
    /// `debug.json.hbs`: what its debug variant wants; see [`super::Debugging`].
    pub(super) debugging: Option<String>,
    pub(super) sources: Vec<Source>,
}

/// The files of a template's folder, as they were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `template.yaml`.
    pub(super) manifest: String,
    /// `debug.json.hbs`.
    pub(super) debugging: Option<String>,
    /// What stands below `files/`.
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
            Self::Text(pattern) => !value.contains(char::is_control) && whole(pattern).is_ok_and(|p| p.is_match(value)),
        }
    }

    /// Describes what is acceptable, with an example.
    pub fn expectation(&self) -> String {
        match self {
            Self::OneOf(words) => format!("one of `{}`", words.join("`, `")),
            Self::Image => "an image such as `localhost:5000/filter:1.0`".to_owned(),
            Self::Repository => "a repository without tag such as `localhost:5000/filter`".to_owned(),
            Self::Text(pattern) if pattern == ANYTHING => "one line of text".to_owned(),
            Self::Text(pattern) => format!("a text that matches `{pattern}`"),
        }
    }
}

/// The pattern of a text that may be anything.
const ANYTHING: &str = ".*";

/// Compiles a pattern so that it matches a value as a whole.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(LARGEST_PATTERN).build()
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
        if value.len() > LONGEST_VALUE {
            let (name, value) = (self.name.clone(), format!("{}…", value.chars().take(20).collect::<String>()));
            return Err(TemplateError::Value {
                name,
                value,
                expected: format!("a text of at most {LONGEST_VALUE} bytes"),
            });
        }
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
    pub(super) fn parse(name: &str, found: Found) -> Result<Self, TextError> {
        let document = Document::parse(&format!("{name}/template.yaml"), &found.manifest)?;
        let root = document.root();
        root.refuse_unknown(&["for", "language", "summary", "parameters", "executable", "only", "debug_port"])?;
        let purpose = |word: &str| match word {
            "solution" => Some(Purpose::Solution),
            "module" => Some(Purpose::Module),
            "pipeline" => Some(Purpose::Pipeline),
            _ => None,
        };
        Ok(Self {
            name: name.to_owned(),
            purpose: root.need("for")?.word(&["solution", "module", "pipeline"], purpose)?,
            language: optional_text(&root, "language")?,
            summary: root.need("summary")?.text()?.to_owned(),
            parameters: parse_parameters(&root)?,
            executable: root.get("executable").map_or(Ok(Vec::new()), |node| node.texts())?,
            only: parse_only(&root)?,
            debug_port: parse_port(&root)?,
            debugging: found.debugging,
            sources: found.sources,
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
    node.refuse_unknown(&["prompt", "accepts", "pattern", "default"])?;
    if RESERVED.contains(&name) {
        return Err(node.key_error(format!("`{name}` has a value of its own")).hint("choose another name"));
    }
    Ok(Parameter {
        name: name.to_owned(),
        prompt: optional_text(node, "prompt")?,
        accepts: parse_accepts(node)?,
        default: optional_text(node, "default")?,
    })
}

/// What `accepts` says; without it, a text.
fn parse_accepts(node: &Node) -> Result<Accepts, TextError> {
    let kind = |word: &str| match word {
        "image" => Some(Accepts::Image),
        "repository" => Some(Accepts::Repository),
        "text" => Some(Accepts::Text(ANYTHING.to_owned())),
        _ => None,
    };
    let accepts = match node.get("accepts") {
        None => Accepts::Text(ANYTHING.to_owned()),
        Some(accepts) => match accepts.texts() {
            Ok(words) => Accepts::OneOf(words),
            Err(_) => accepts.word(&["image", "repository", "text"], kind)?,
        },
    };
    let Some(pattern) = node.get("pattern") else { return Ok(accepts) };
    if !matches!(accepts, Accepts::Text(_)) {
        return Err(pattern.key_error("only a text has a pattern").hint("leave out `pattern`, or `accepts`"));
    }
    let text = pattern.text()?;
    whole(text).map_err(|error| pattern.error(error).hint("write a regular expression such as `[a-z]+`"))?;
    Ok(Accepts::Text(text.to_owned()))
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

fn parse_port(root: &Node) -> Result<Option<u16>, TextError> {
    let port = root.get("debug_port").map(|node| node.whole_number(u16::MAX.into())).transpose()?;
    Ok(port.and_then(|port| u16::try_from(port).ok()))
}

fn optional_text(node: &Node, key: &str) -> Result<Option<String>, TextError> {
    node.get(key).map(|node| node.text().map(str::to_owned)).transpose()
}
