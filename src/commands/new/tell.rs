//! What `edgectl new` says that it made, or would make.

use std::path::Path;

use serde::Serialize;

use crate::failure::Outcome;
use crate::template::Plan;
use crate::ui::Ui;

/// What was made, or with `--dry-run` would be; the document that `new solution` and `new module` print with `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Made<'a> {
    /// The solution or module.
    pub(super) name: &'a str,
    /// The template.
    pub(super) template: &'a str,
    /// The new files, relative to the folder that edgectl works in.
    files: Vec<String>,
    /// The files that were edited.
    edited: Vec<String>,
    /// What is left to be added by hand, for edgectl cannot edit the file without losing comments.
    paste: Vec<Paste>,
    /// False with `--dry-run`.
    pub(super) written: bool,
}

/// What is to be added to a file by hand.
#[derive(Debug, Serialize)]
pub(super) struct Paste {
    pub(super) file: String,
    pub(super) text: String,
}

/// Whether the plan was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It was.
    Yes,
    /// It was only shown.
    DryRun,
}

impl<'a> Made<'a> {
    pub(super) fn new(name: &'a str, template: &'a str, plan: &Plan, paste: Vec<Paste>, written: Written) -> Self {
        Self {
            name,
            template,
            files: plan.new_paths().map(|path| slashed(Path::new(&path))).collect(),
            edited: plan.edits.iter().map(|edit| slashed(Path::new(&plan.shown(&edit.path)))).collect(),
            paste,
            written: written == Written::Yes,
        }
    }

    /// Prints the document, or for a dry run the list of files; what is to be pasted is a result, too.
    pub(super) fn print(&self, ui: &Ui) -> Outcome {
        if ui.is_json() {
            return ui.document(self);
        }
        if !self.written {
            for (verb, file) in self.files.iter().map(|f| ("create", f)).chain(self.edited.iter().map(|f| ("edit", f)))
            {
                ui.result(format!("{verb:<6} {file}"))?;
            }
        }
        for Paste { file, text } in &self.paste {
            ui.warn(format!("`{file}` is not edited, for its comments or layout would be lost; add this to it"));
            ui.result(text.trim_end())?;
        }
        Ok(())
    }
}

fn slashed(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}
