//! A backup put in the place of a database: a copy of it is laid beside, checked, and renamed over it.
//!
//! The write-ahead log of the old database would be read into the new one, so it is copied into the old one first, or,
//! where that one is too damaged, kept beside it under its new name.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::store::backend::OpenError;
use crate::store::upkeep::{CopyError, Restored};

use super::super::lock::LockFile;
use super::backup::{check, failed, folder_of, sync_folder};
use super::schema::known;

/// What a database file may have beside it.
const LOG: &str = "-wal";
const SHARED_MEMORY: &str = "-shm";
const LOCK: &str = ".lock";

/// A restore under way. Whoever drops it leaves the database as it was.
#[derive(Debug)]
pub struct StagedRestore {
    database: PathBuf,
    staged: PathBuf,
    _lock: LockFile,
}

impl StagedRestore {
    /// Takes the lock, copies the backup beside the database and checks the copy.
    pub async fn begin(database: &Path, backup: &Path) -> Result<Self, CopyError> {
        let lock = LockFile::take(database)?;
        if !backup.is_file() {
            return Err(OpenError::Missing { path: backup.to_owned() }.into());
        }
        let kept = with(database, ".before-restore");
        if kept.exists() {
            let hint = "it is what an earlier restore replaced; move it away first";
            return Err(CopyError::Exists { path: kept, hint });
        }
        let log = with(backup, LOG);
        if log.metadata().is_ok_and(|log| log.len() > 0) {
            let reason = format!("{} lies beside it, so it is no backup but a database in use", log.display());
            return Err(CopyError::Unsound { path: backup.to_owned(), reason });
        }
        let this = Self { database: database.to_owned(), staged: with(database, ".restoring"), _lock: lock };
        this.sweep()?;
        copy_private(backup, &this.staged).map_err(|error| failed(&this.staged, &error))?;
        let version = check(&this.staged).await.map_err(|error| match error {
            // What is wrong is wrong with the backup.
            CopyError::Unsound { reason, .. } => CopyError::Unsound { path: backup.to_owned(), reason },
            other => other,
        })?;
        if version > known() {
            return Err(OpenError::Newer { version, known: known() }.into());
        }
        Ok(this)
    }

    /// The URL of the copy.
    pub fn staged_url(&self) -> String {
        format!("sqlite:{}", self.staged.display())
    }

    /// Puts the copy in the place of the database.
    pub async fn finish(self) -> Result<Restored, CopyError> {
        if with(&self.staged, LOG).metadata().is_ok_and(|log| log.len() > 0) {
            return Err(failed(&self.staged, &"it is still in use"));
        }
        let file = OpenOptions::new().read(true).open(&self.staged);
        file.and_then(|file| file.sync_all()).map_err(|error| failed(&self.staged, &error))?;
        let kept = self.keep_old().await?;
        fs::rename(&self.staged, &self.database).map_err(|error| failed(&self.database, &error))?;
        sync_folder(&folder_of(&self.database))?;
        Ok(Restored { database: self.database.clone(), kept })
    }

    /// Gives the old database a second name, and leaves nothing beside the first that the new one would read.
    async fn keep_old(&self) -> Result<Option<PathBuf>, CopyError> {
        if !self.database.exists() {
            return Ok(None);
        }
        if let Err(error) = empty_log(&self.database).await {
            tracing::warn!(store.error = %error, "the old database is damaged; its log is kept beside it");
        }
        let kept = with(&self.database, ".before-restore");
        fs::hard_link(&self.database, &kept).map_err(|error| failed(&kept, &error))?;
        let (log, kept_log) = (with(&self.database, LOG), with(&kept, LOG));
        if log.exists() {
            fs::rename(&log, &kept_log).map_err(|error| failed(&kept_log, &error))?;
        }
        remove(&with(&self.database, SHARED_MEMORY))?;
        sync_folder(&folder_of(&self.database))?;
        Ok(Some(kept))
    }

    /// Removes what is left of a copy.
    fn sweep(&self) -> Result<(), CopyError> {
        for suffix in ["", LOG, SHARED_MEMORY, LOCK] {
            remove(&with(&self.staged, suffix))?;
        }
        Ok(())
    }
}

impl Drop for StagedRestore {
    fn drop(&mut self) {
        if let Err(error) = self.sweep() {
            tracing::warn!(%error, "what was left of a restore could not be removed");
        }
    }
}

/// Copies the write-ahead log into its database; closing the only connection then removes it.
async fn empty_log(database: &Path) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(database).disable_statement_logging();
    let mut connection = options.connect().await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    connection.close().await
}

fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = OpenOptions::new().read(true).open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

fn remove(path: &Path) -> Result<(), CopyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
