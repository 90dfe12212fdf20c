//! Writing a file so that a reader sees the old text or the new one, never half of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the folder lets in.
    Everybody,
    /// The user alone: the file holds a secret.
    Owner,
}

/// Writes a file beside the target and renames it over it; folders that lead there are made.
///
/// On failure the target is what it was, and named as `shown`. A target that exists keeps its permissions.
pub fn replace_file(path: &Path, shown: &str, text: &str, readers: Readers) -> Outcome {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let made = fs::create_dir_all(folder);
    let written = made.and_then(|()| write(&beside, text, readers, path)).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of the attempt says nothing; the reason does.
        let _ = fs::remove_file(&beside);
    }
    written.map_err(|error| Failure::unwritable(format!("cannot write `{shown}`"), "that place", &error))
}

fn write(beside: &Path, text: &str, readers: Readers, target: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file: File = options.open(beside)?;
    if let (Readers::Everybody, Ok(existing)) = (readers, fs::metadata(target)) {
        file.set_permissions(existing.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
