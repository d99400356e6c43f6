//! The local socket of the command line: readable by its owner alone; whoever connects is known by the system.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use axum::Router;
use rustix::fs::{CWD, RenameFlags};
use tokio::net::{UnixListener, UnixStream};

use crate::engine::Supervisor;
use crate::web::Peer;

/// Why the local socket can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another daemon answers there.
    #[error("failed to listen at {0}: another daemon answers there; stop it, or set another `socket:`")]
    InUse(PathBuf),
    /// Something that is no socket is there.
    #[error("failed to listen at {0}: something that is no socket is there; remove it, or set another `socket:`")]
    NoSocket(PathBuf),
    /// The system said no.
    #[error("failed to listen at {path}: {source}; set another `socket:`")]
    System {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A socket that is bound, and where; the system knows it by the name that it was made with.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// Binds the socket, readable and writable by its owner alone. A socket that a dead daemon left behind is replaced.
pub async fn bind_socket(path: &Path) -> Result<LocalSocket, SocketError> {
    let failed = |source| SocketError::System { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketError::NoSocket(path.to_owned())),
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => return Err(SocketError::InUse(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        },
    }
    // Made in a folder that only its owner enters and moved out once it is private: a chmod at its own place would leave a
    // gap, and a mask counts for the whole process, whatever its other threads write meanwhile.
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let private = tempfile::Builder::new().prefix(".s").rand_bytes(4).tempdir_in(beside).map_err(failed)?;
    let made = private.path().join("s");
    let listener = UnixListener::bind(&made).map_err(failed)?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    match rustix::fs::renameat_with(CWD, &made, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(LocalSocket { listener, path: path.to_owned() }),
        // Another daemon was a moment faster.
        Err(rustix::io::Errno::EXIST) => Err(SocketError::InUse(path.to_owned())),
        Err(error) => Err(failed(error.into())),
    }
}

/// Serves until the supervisor asks for a stop; the socket's file goes with it.
pub async fn serve_socket(socket: LocalSocket, router: Router, supervisor: Supervisor) -> io::Result<()> {
    let LocalSocket { listener, path } = socket;
    let service = router.into_make_service_with_connect_info::<Peer>();
    let stopping = async move { supervisor.stopping().await };
    let ended = axum::serve(listener, service).with_graceful_shutdown(stopping).await;
    // Somebody else may have removed it; the next start replaces what is left.
    std::fs::remove_file(path).unwrap_or_default();
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_a_living_one_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let listener = bind_socket(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(bind_socket(&path).await, Err(SocketError::InUse(_))));
        let entries = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(entries, 1, "what the socket was made in is gone");
        drop(listener);
        assert!(path.exists(), "a dead daemon leaves its socket behind");
        bind_socket(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("precious");
        std::fs::write(&path, "text").unwrap();
        assert!(matches!(bind_socket(&path).await, Err(SocketError::NoSocket(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
    }

    #[tokio::test]
    async fn whoever_connects_is_known_by_the_system_and_a_stop_removes_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let who = axum::routing::get(|peer: axum::extract::ConnectInfo<Peer>| async move { format!("{:?}", peer.0) });
        let supervisor = Supervisor::default();
        let listener = bind_socket(&path).await.unwrap();
        let server = serve_socket(listener, Router::new().route("/", who), supervisor.clone());
        let ask = async {
            let client = reqwest::Client::builder().unix_socket(path.as_path()).build().unwrap();
            let text = client.get("http://local/").send().await.unwrap().text().await.unwrap();
            drop(client);
            supervisor.stop(std::time::Duration::ZERO).await;
            text
        };
        let (ended, text) = tokio::join!(server, ask);
        ended.unwrap();
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(text, format!("Local {{ uid: Some({uid}) }}"));
        assert!(!path.exists());
    }
}
