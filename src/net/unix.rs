//! Unix sockets that clean up after themselves and after a predecessor that could not.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use crate::failure::Failure;

/// Why a socket cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Someone listens there already.
    #[error("another process listens on `{}`", .0.display())]
    InUse(PathBuf),
    /// Something that is no socket is in the way, and is left there.
    #[error("`{}` is in the way: it is no socket", .0.display())]
    InTheWay(PathBuf),
    /// The path is longer than the system allows for a socket (108 bytes on Linux).
    #[error("`{}` is too long for a socket", .0.display())]
    TooLong(PathBuf),
    /// Any other reason.
    #[error("cannot make the socket `{}`", path.display())]
    Other {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        let failure = Failure::machine(&error);
        match error {
            SocketError::InUse(_) => failure.hint("run `edgectl stop` if that is a simulation of this solution"),
            SocketError::InTheWay(path) => failure.hint(format!("move `{}` away", path.display())),
            SocketError::TooLong(_) => failure.hint("set `XDG_RUNTIME_DIR` or `TMPDIR` to a folder with a short path"),
            SocketError::Other { path, source } => {
                failure.cause(source).hint(format!("make sure that you can write where `{}` is", path.display()))
            }
        }
    }
}

/// A listening unix socket; its file goes when it is dropped.
#[derive(Debug)]
pub struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSocket {
    /// Listens on `path` with the permissions `mode`.
    ///
    /// A socket that nobody listens on any more is replaced. Between its making and the change of mode a socket has
    /// the permissions of the process' umask, so the folder must be private if `mode` is to protect it.
    pub async fn bind(path: &Path, mode: u32) -> Result<Self, SocketError> {
        clear(path).await?;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::InvalidInput => SocketError::TooLong(path.to_owned()),
            io::ErrorKind::AddrInUse => SocketError::InUse(path.to_owned()),
            _ => SocketError::Other { path: path.to_owned(), source },
        };
        let listener = UnixListener::bind(path).map_err(failed)?;
        let socket = Self { listener, path: path.to_owned() };
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
        Ok(socket)
    }

    /// Waits for the next connection.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }

    /// Returns the path that clients dial.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Whoever removed it before has done our work.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes a socket that nobody listens on.
async fn clear(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketError::InTheWay(path.to_owned())),
        Ok(_) => {}
    }
    // A listener whose queue is full makes us wait; it is alive all the same.
    match tokio::time::timeout(Duration::from_secs(1), UnixStream::connect(path)).await {
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| SocketError::Other { path: path.to_owned(), source })
        }
        Ok(Err(source)) => Err(SocketError::Other { path: path.to_owned(), source }),
        Ok(Ok(_)) | Err(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_has_its_mode_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.sock");
        let socket = UnixSocket::bind(&path, 0o666).await.expect("bound");
        assert_eq!(fs::metadata(socket.path()).expect("there").permissions().mode() & 0o777, 0o666);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "the standard library leaves the file");
        let _live = UnixSocket::bind(&path, 0o600).await.expect("replaced");
        let error = UnixSocket::bind(&path, 0o600).await.expect_err("in use");
        assert!(matches!(error, SocketError::InUse(_)), "{error}");
    }

    #[tokio::test]
    async fn a_file_in_the_way_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.sock");
        fs::write(&path, "precious").expect("written");
        let error = UnixSocket::bind(&path, 0o600).await.expect_err("in the way");
        assert!(matches!(error, SocketError::InTheWay(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = UnixSocket::bind(&folder.path().join("x".repeat(120)), 0o600).await.expect_err("too long");
        assert!(matches!(error, SocketError::TooLong(_)), "{error}");
    }
}
