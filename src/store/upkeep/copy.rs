//! Copies of a store: made while a daemon serves, put back while none does.
//!
//! A backup is one file, complete and checked before it has its name. A restore is prepared beside the database and takes
//! its place in one rename, so that a crash at any moment leaves one whole database there.

use std::path::{Path, PathBuf};

use super::super::backend::OpenError;
use super::super::sqlite;

/// Why a copy was not made or not put back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The store is no file.
    #[error(
        "failed to copy the store: this command copies SQLite files only; for PostgreSQL use pg_dump and pg_restore, \
         and before the first start after it `standdown restore --settle`"
    )]
    NotAFile,
    /// The store can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something is there already.
    #[error("failed to write {}: it is there already; {hint}", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// A file can't be read or written.
    #[error("failed to copy {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A copy is not what it should be.
    #[error("failed to use {} as a backup: {reason}; take another one", path.display())]
    Unsound {
        /// The copy.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BackupMade {
    /// The file.
    pub file: PathBuf,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of its tables.
    pub schema: i64,
}

/// What a restore left.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// The database that serves from now on.
    pub database: PathBuf,
    /// Where the one before it is kept, if there was one.
    pub kept: Option<PathBuf>,
}

/// Copies the store at a URL to a file, for its owner alone. The store may be in use: the copy is the store of one moment.
/// When this returns, the copy is on disk and was found sound.
pub async fn backup(url: &str, file: &Path, overwrite: bool) -> Result<BackupMade, CopyError> {
    sqlite::backup(&database_of(url)?, file, overwrite).await
}

/// A restore under way: the copy lies beside the database, and nobody else can open that.
#[derive(Debug)]
pub struct Restoration(sqlite::StagedRestore);

impl Restoration {
    /// Checks a backup and lays a copy of it beside the database. Refused while a daemon has the database.
    pub async fn begin(url: &str, backup: &Path) -> Result<Self, CopyError> {
        sqlite::StagedRestore::begin(&database_of(url)?, backup).await.map(Self)
    }

    /// The URL of the copy, so that what must be written before it serves can be written.
    #[must_use]
    pub fn staged_url(&self) -> String {
        self.0.staged_url()
    }

    /// Puts the copy, which must be closed, in the place of the database, and keeps that as `*.before-restore`.
    pub async fn finish(self) -> Result<Restored, CopyError> {
        self.0.finish().await
    }
}

fn database_of(url: &str) -> Result<PathBuf, CopyError> {
    match sqlite::path_of(url) {
        Some(path) => Ok(path),
        None if url.starts_with("postgres") => Err(CopyError::NotAFile),
        None => Err(OpenError::Url.into()),
    }
}
