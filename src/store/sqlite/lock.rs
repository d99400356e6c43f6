//! The lock file beside the database: a second daemon on the same database would break what one writer promises.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::store::backend::OpenError;

/// A lock that is held as long as this lives. The file stays: taking it away would let two daemons lock two files.
#[derive(Debug)]
pub struct LockFile {
    _file: File,
}

impl LockFile {
    /// Takes the lock beside the database, or says who has it.
    pub fn take(database: &Path) -> Result<Self, OpenError> {
        let path = path_beside(database);
        let unusable = |error: std::io::Error| OpenError::Unusable { path: path.clone(), reason: in_words(&error) };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(unusable)?;
                return Err(OpenError::Locked { path: path.clone(), pid: holder.trim().parse().ok() });
            }
            Err(error) => return Err(unusable(error.into())),
        }
        file.set_len(0).map_err(unusable)?;
        file.seek(SeekFrom::Start(0)).map_err(unusable)?;
        writeln!(file, "{}", std::process::id()).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

/// An error of a file, with what to do about it.
pub fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            format!("{error}; the daemon's user must be able to write the file and its folder")
        }
        std::io::ErrorKind::NotFound => format!("{error}; make the folder first"),
        _ => error.to_string(),
    }
}

fn path_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
