//! The private folder of a running simulation: its sockets.
//!
//! A path of a unix socket ends at 108 bytes and a solution may lie deep, so sockets live in a short folder of their own:
//! `$XDG_RUNTIME_DIR/edgectl/<hash>`, else `<temporary folder>/edgectl-<user>/<hash>`. `.edgectl/run.json` says where.

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::failure::{Failure, Outcome};
use crate::identity::{DeviceId, Identity};
use crate::store::{self, Durability};

/// `.edgectl/run.json`: where the running simulation can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The simulator's process.
    pub pid: u32,
    /// The folder of its sockets.
    pub folder: PathBuf,
    /// The device that is meant where none is named.
    #[serde(default)]
    pub device: Option<DeviceId>,
}

impl RunRecord {
    /// Reads the record of the simulation that runs, or last ran, for a solution.
    pub fn load(state: &Path) -> Option<Self> {
        serde_json::from_slice(&store::load(&state.join("run.json")).ok()??).ok()
    }

    /// Writes the record.
    pub fn save(&self, state: &Path) -> io::Result<()> {
        store::save(&state.join("run.json"), serde_json::json!(self).to_string().as_bytes(), Durability::Process)
    }

    /// Removes the record.
    pub fn remove(state: &Path) {
        // It is only a pointer: one that stays is found to be stale by the next command.
        let _ = fs::remove_file(state.join("run.json"));
    }

    /// Returns the path of the control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.folder.join("control.sock")
    }
}

/// The folder of the sockets, removed with everything in it when dropped.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder for a solution's state folder, empty and for its owner only.
    pub fn create(environment: &Environment, state: &Path) -> Outcome<Self> {
        let parent = match environment.get("XDG_RUNTIME_DIR") {
            Some(runtime) if Path::new(runtime).is_dir() => Path::new(runtime).join("edgectl"),
            _ => temporary(environment),
        };
        let path = parent.join(short_hash(state));
        make_private(&parent).and_then(|()| clear(&path)).and_then(|()| make_private(&path)).map_err(|error| {
            let doing = format!("cannot make the folder of the sockets, `{}`", path.display());
            let place = format!("`{}`", parent.display());
            let failure = Failure::unwritable(doing, place, &error);
            failure.hint("or set `XDG_RUNTIME_DIR` to a folder of your own")
        })?;
        Ok(Self { path })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder that holds one module's `workload.sock`, to be mounted into its container.
    pub fn module(&self, module: &Identity) -> Outcome<PathBuf> {
        let path = self.path.join(short_hash(Path::new(&module.to_string())));
        // Whoever runs in the container must reach the socket; the folder above keeps other users of the machine out.
        let made = DirBuilder::new().recursive(true).mode(0o755).create(&path);
        made.map_err(|error| {
            let place = format!("`{}`", self.path.display());
            Failure::unwritable(format!("cannot make `{}`", path.display()), place, &error)
        })?;
        Ok(path)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // Sockets without a listener harm nobody; the next start clears them.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn temporary(environment: &Environment) -> PathBuf {
    environment.temporary().join(format!("edgectl-{}", rustix::process::getuid().as_raw()))
}

fn short_hash(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder with mode 0700, or checks that the one that is there is ours and closed to others.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_private(path),
        made => made,
    }
}

fn check_private(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let ours = found.is_dir() && found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o077 == 0;
    match ours {
        true => Ok(()),
        false => Err(io::Error::other(format!("`{}` is not a folder of this user alone", path.display()))),
    }
}

/// The failure of a command that needs a running simulation.
pub(super) fn nothing_runs(project: &Path) -> Failure {
    let place = if project == Path::new(".") { "this folder".to_owned() } else { format!("`{}`", project.display()) };
    let failure = Failure::request(format!("no simulation runs for {place}"));
    match project.is_dir() {
        true => failure.hint("start one with `edgectl simulate --detach`"),
        false => failure.cause("there is no such folder").hint("name the solution's folder with `-C`, or change to it"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn environment(runtime: &Path) -> Environment {
        [("XDG_RUNTIME_DIR".to_owned(), runtime.to_str().expect("UTF-8").to_owned())].into_iter().collect()
    }

    #[test]
    fn the_folder_is_private_and_goes_with_its_owner() {
        let runtime = tempfile::tempdir().expect("a temporary folder");
        let folder = RunFolder::create(&environment(runtime.path()), Path::new("/s/.edgectl")).expect("made");
        let mode = fs::metadata(folder.path()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let runtime = tempfile::tempdir().expect("a temporary folder");
        let parent = runtime.path().join("edgectl");
        DirBuilder::new().mode(0o777).create(&parent).expect("made");
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o777)).expect("set");
        let refused = RunFolder::create(&environment(runtime.path()), Path::new("/s")).expect_err("refused");
        assert_eq!(refused.causes(), [format!("`{}` is not a folder of this user alone", parent.display())]);
    }

    #[test]
    fn a_socket_path_stays_short_however_deep_the_solution_lies() {
        let runtime = tempfile::tempdir().expect("a temporary folder");
        let deep = PathBuf::from("/").join("a/".repeat(300));
        let folder = RunFolder::create(&environment(runtime.path()), &deep).expect("made");
        let module = Identity::parse(&format!("d/{}", "m".repeat(128))).expect("valid");
        let socket = folder.module(&module).expect("made").join("workload.sock");
        assert!(socket.as_os_str().len() - runtime.path().as_os_str().len() < 60);
    }
}
