//! State files: small, private, replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::Durability;

/// Replaces a file: at every moment a reader finds the old content or the new one.
///
/// The file is readable by its owner only. A failure leaves the old content and nothing beside it.
pub fn save(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let saved = write(&beside, bytes, durability).and_then(|()| fs::rename(&beside, path));
    if saved.is_err() {
        // What matters is why it was not saved; there may be nothing to remove.
        let _ = fs::remove_file(&beside);
    }
    saved?;
    match (durability, path.parent()) {
        (Durability::Power, Some(folder)) => sync_folder(folder),
        _ => Ok(()),
    }
}

/// Returns the content of a file, or `None` if there is none.
pub fn load(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a folder, and those above it that are missing, for its owner only.
pub fn create_folder(folder: &Path, durability: Durability) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|folder| !folder.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match durability {
        Durability::Power if missing > 0 => folder.ancestors().take(missing + 1).try_for_each(sync_folder),
        _ => Ok(()),
    }
}

/// Makes new names in a folder survive the end of the machine.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn write(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    match durability {
        Durability::Process => Ok(()),
        Durability::Power => file.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_saved_file_is_private_and_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("identities.json");
        assert_eq!(load(&path).expect("readable"), None);
        for (content, durability) in [("old", Durability::Process), ("new", Durability::Power)] {
            save(&path, content.as_bytes(), durability).expect("saved");
            assert_eq!(load(&path).expect("readable").as_deref(), Some(content.as_bytes()));
        }
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("twins.json");
        fs::create_dir(&path).expect("a folder is in the way");
        save(&path, b"{}", Durability::Process).expect_err("a folder is not replaced");
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }
}
