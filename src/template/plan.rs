//! What will be written, decided and rendered before anything is.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::answers::Answers;
use super::debugging::{Debugging, debugging};
use super::error::TemplateError;
use super::manifest::Template;
use super::render::{Source, render};

/// The platforms that a path with `{{platform}}` stands for: those that the runtime and the base images share.
const PLATFORMS: [&str; 2] = ["amd64", "arm64v8"];
/// One more, and also the parameter by which a template whose base image has it offers it: `yes` takes it.
const ON_REQUEST: &str = "arm32v7";

/// What will be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The folder that everything happens in; it exists.
    pub root: PathBuf,
    /// The folder that is made for the files, below `root`; it must not exist yet.
    pub folder: PathBuf,
    /// The new files, by path; without any the folder is not made.
    pub files: Vec<PlannedFile>,
    /// Files that exist and get another text.
    pub edits: Vec<Edit>,
    /// Files outside the folder that are new.
    pub beside: Vec<Edit>,
    /// What the debug variant wants, if there is one.
    pub debugging: Option<Debugging>,
}

/// A new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where it will stand below the folder.
    pub path: PathBuf,
    /// What it will hold.
    pub contents: Vec<u8>,
    /// Whether it can be run.
    pub mode: Mode,
}

/// Whether a file can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is read.
    Plain,
    /// It is run.
    Executable,
}

/// A file outside the folder, and the text that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Plan {
    /// Returns the paths of the new files, as messages name them.
    pub fn new_paths(&self) -> impl Iterator<Item = String> {
        let inside = self.files.iter().map(|file| self.folder.join(&file.path).display().to_string());
        inside.chain(self.beside.iter().map(|file| self.shown(&file.path)))
    }

    /// Returns a path as messages name it: relative to `root` where it is inside.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// Renders every file of a template; `answers` must be complete.
pub fn plan(template: &Template, answers: &Answers, root: &Path, folder: &Path) -> Result<Plan, TemplateError> {
    let mut files = BTreeMap::new();
    for source in template.sources.iter().filter(|source| is_wanted(template, source, answers)) {
        for values in values_for(source, answers) {
            let (path, file) = plan_file(template, source, &values)?;
            if files.insert(path.clone(), file).is_some() {
                return Err(path_error(template, source, &path, "where another file of it stands"));
            }
        }
    }
    Ok(Plan {
        root: root.to_owned(),
        folder: folder.to_owned(),
        files: files.into_values().collect(),
        edits: Vec::new(),
        beside: Vec::new(),
        debugging: debugging(template, answers, folder)?,
    })
}

fn is_wanted(template: &Template, source: &Source, answers: &Answers) -> bool {
    let mut conditions = template.only.iter().filter(|(file, ..)| file == source.target());
    conditions.all(|(_, parameter, value)| answers.get(parameter) == Some(value))
}

fn values_for(source: &Source, answers: &Answers) -> Vec<BTreeMap<String, String>> {
    if source.path.contains("{{platform}}") {
        let on_request = (answers.get(ON_REQUEST) == Some("yes")).then_some(ON_REQUEST);
        PLATFORMS.into_iter().chain(on_request).map(|platform| answers.for_platform(platform)).collect()
    } else {
        vec![answers.values().clone()]
    }
}

fn plan_file(
    template: &Template,
    source: &Source,
    values: &BTreeMap<String, String>,
) -> Result<(String, PlannedFile), TemplateError> {
    let render = |text: &str| render(&template.name, &source.path, text, values);
    let path = render(source.target())?;
    let is_inside = !path.is_empty() && Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
    if !is_inside {
        return Err(path_error(template, source, &path, "which leads out of the folder"));
    }
    let contents = match std::str::from_utf8(&source.contents) {
        Ok(text) if source.is_rendered() => render(text)?.into_bytes(),
        _ => source.contents.clone(),
    };
    let is_executable = template.executable.iter().any(|file| file == source.target());
    let mode = if is_executable { Mode::Executable } else { Mode::Plain };
    Ok((path.clone(), PlannedFile { path: path.into(), contents, mode }))
}

fn path_error(template: &Template, source: &Source, path: &str, problem: &'static str) -> TemplateError {
    TemplateError::Path { template: template.name.clone(), file: source.path.clone(), path: path.to_owned(), problem }
}
