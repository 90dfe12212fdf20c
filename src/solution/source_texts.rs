//! The text of modules' own sources, read when somebody asks for a word in it.
//!
//! Only files that a person writes are looked at; of a module with too many, or too large ones, nothing is known.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Source;
use crate::manifest::Sources;

/// What modules are written in.
const CODE: &str = "py js mjs cjs ts mts cs fs vb java kt scala c h cc cpp cxx hpp go rs rb php lua sh";
/// What their settings are written in.
const SETTINGS: &str = "json yaml yml toml xml ini env";
/// Folders of things that were fetched or made.
const NOT_WRITTEN: [&str; 9] =
    ["node_modules", "bin", "obj", "target", "dist", "build", "venv", "vendor", "__pycache__"];
const MOST_FILES: usize = 400;
const LONGEST_FILE: u64 = 512 * 1024;

/// The sources of every module of the solution.
pub(super) struct SourceTexts<'a> {
    sources: &'a BTreeMap<String, Source>,
    /// What was read, by folder; `None` where nothing can be said.
    read: RefCell<BTreeMap<PathBuf, Option<Vec<String>>>>,
}

impl<'a> SourceTexts<'a> {
    /// Reads nothing yet; `sources` are the modules by image.
    pub(super) fn of(sources: &'a BTreeMap<String, Source>) -> Self {
        Self { sources, read: RefCell::default() }
    }
}

impl Sources for SourceTexts<'_> {
    fn hold(&self, image: &str, word: &str) -> Option<bool> {
        let module = &self.sources.get(image)?.module;
        // A context beyond the module's folder brings sources that are not below it.
        let folder = Some(module.folder()).filter(|folder| module.context().starts_with(folder))?;
        let mut read = self.read.borrow_mut();
        let texts = read.entry(folder.to_owned()).or_insert_with(|| read_below(folder));
        texts.as_ref().map(|texts| texts.iter().any(|text| text.contains(word)))
    }
}

/// Reads every source below a folder; `None` if there is no code, or more than can be looked at.
fn read_below(folder: &Path) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut has_code = false;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            let (path, kind) = (entry.path(), entry.file_type().ok()?);
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !name.starts_with('.') && !NOT_WRITTEN.contains(&name.as_str()) {
                open.push(path);
            } else if kind.is_file() && (has_ending(&path, CODE) || has_ending(&path, SETTINGS)) {
                has_code |= has_ending(&path, CODE);
                if texts.len() == MOST_FILES || entry.metadata().ok()?.len() > LONGEST_FILE {
                    return None;
                }
                texts.push(String::from_utf8_lossy(&fs::read(&path).ok()?).into_owned());
            }
        }
    }
    has_code.then_some(texts)
}

fn has_ending(path: &Path, endings: &str) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    endings.split(' ').any(|known| known == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(files: &[(&str, &str)]) -> Option<Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }
        read_below(folder.path())
    }

    #[test]
    fn what_a_person_wrote_is_read_and_nothing_else() {
        let files = [
            ("main.py", "a"),
            ("src/Filter.CS", "b"),
            ("node_modules/x/index.js", "c"),
            (".git/config.json", "d"),
            ("picture.png", "e"),
            ("settings.json", "f"),
        ];
        let mut found = texts_of(&files).expect("two files");
        found.sort();
        assert_eq!(found, ["a", "b", "f"]);
    }

    #[test]
    fn without_code_or_with_a_huge_file_nothing_is_known() {
        assert_eq!(texts_of(&[("Dockerfile", "FROM x"), ("module.json", "{}")]), None);
        assert_eq!(texts_of(&[("main.py", ""), ("data.json", &" ".repeat(600 * 1024))]), None);
    }
}
