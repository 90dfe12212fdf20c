//! Writes a plan: all of it, or nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::plan::{Edit, Mode, Plan, PlannedFile};
use crate::failure::{Failure, Outcome};

/// Writes the files of a plan into a folder of their own, then those beside it, then the edits.
///
/// The folder is claimed by making it, so that nothing of another's is ever overwritten or, when a write fails
/// midway, removed. An edit replaces the file at once: a reader sees the old text or the new one.
pub fn write(plan: &Plan) -> Outcome {
    let mut made = Made::default();
    if !plan.files.is_empty() {
        made.claim(plan)?;
    }
    let written = write_files(plan)
        .and_then(|()| plan.beside.iter().try_for_each(|file| made.write_beside(file)))
        .and_then(|()| write_edits(&plan.edits));
    if written.is_err() {
        made.remove();
    }
    written.map_err(|(path, error)| write_failure(&plan.shown(&path), &error))
}

/// Refuses a folder that exists, so that nobody is asked for what cannot be made.
pub fn refuse_existing(root: &Path, folder: &Path) -> Outcome {
    if root.join(folder).symlink_metadata().is_ok() {
        Err(exists_failure(&folder.display().to_string()))
    } else {
        Ok(())
    }
}

/// The path that could not be written, and why.
type WriteError = (PathBuf, io::Error);

/// What was made for a plan, and is removed again if it cannot be finished.
#[derive(Default)]
struct Made {
    /// The parents that were missing, outermost first.
    parents: Vec<PathBuf>,
    folder: Option<PathBuf>,
    /// The files outside the folder.
    beside: Vec<PathBuf>,
}

impl Made {
    fn claim(&mut self, plan: &Plan) -> Outcome {
        let folder = plan.root.join(&plan.folder);
        self.parents.extend(missing_parents(&folder));
        let claimed = fs::create_dir_all(folder.parent().unwrap_or(&plan.root));
        let claimed = claimed.and_then(|()| fs::create_dir(&folder));
        claimed.map(|()| self.folder = Some(folder)).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists_failure(&plan.folder.display().to_string()),
            _ => write_failure(&plan.folder.display().to_string(), &error),
        })
    }

    fn write_beside(&mut self, file: &Edit) -> Result<(), WriteError> {
        self.parents.extend(missing_parents(&file.path));
        let new = PlannedFile { path: PathBuf::new(), contents: file.text.clone().into_bytes(), mode: Mode::Plain };
        write_file(&file.path, &new).map_err(|error| (file.path.clone(), error))?;
        self.beside.push(file.path.clone());
        Ok(())
    }

    /// Removes what was made; what can't be removed is left, for the write error is what the user must know.
    fn remove(self) {
        for file in &self.beside {
            let _ = fs::remove_file(file);
        }
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
        for parent in self.parents.iter().rev() {
            let _ = fs::remove_dir(parent);
        }
    }
}

fn missing_parents(folder: &Path) -> Vec<PathBuf> {
    let missing = folder.ancestors().skip(1).take_while(|parent| !parent.as_os_str().is_empty() && !parent.exists());
    let mut parents: Vec<_> = missing.map(Path::to_owned).collect();
    parents.reverse();
    parents
}

fn write_files(plan: &Plan) -> Result<(), WriteError> {
    for file in &plan.files {
        let path = plan.root.join(&plan.folder).join(&file.path);
        write_file(&path, file).map_err(|error| (path, error))?;
    }
    Ok(())
}

fn write_file(path: &Path, file: &PlannedFile) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if file.mode == Mode::Executable {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
    }
    options.open(path)?.write_all(&file.contents)
}

/// Replaces the files in turn; when one fails, those before it get their old text back.
fn write_edits(edits: &[Edit]) -> Result<(), WriteError> {
    let mut replaced: Vec<(&Path, Vec<u8>)> = Vec::new();
    for edit in edits {
        let outcome = fs::read(&edit.path).and_then(|old| replace(&edit.path, edit.text.as_bytes()).map(|()| old));
        match outcome {
            Ok(old) => replaced.push((&edit.path, old)),
            Err(error) => {
                for (path, old) in replaced {
                    let _ = replace(path, &old);
                }
                return Err((edit.path.clone(), error));
            }
        }
    }
    Ok(())
}

/// Replaces a file's content at once, keeping its permissions; a link stays one.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".edgectl-new");
    let fresh = path.with_file_name(name);
    let written = write_fresh(&path, &fresh, contents).and_then(|()| fs::rename(&fresh, &path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

fn write_fresh(path: &Path, fresh: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::create(fresh)?;
    file.set_permissions(fs::metadata(path)?.permissions())?;
    file.write_all(contents)?;
    file.sync_all()
}

fn exists_failure(folder: &str) -> Failure {
    Failure::request(format!("`{folder}` already exists")).hint("choose another name, or remove it first")
}

fn write_failure(path: &str, error: &io::Error) -> Failure {
    Failure::unwritable(format!("cannot write `{path}`, so nothing was written"), "the folder", error)
}
