//! A copy of a database while it is in use: SQLite writes the database of one moment to a new file.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::store::upkeep::{BackupMade, CopyError};

use super::schema::{close, read_only, refuse_other, version_of};

/// How many faults of a copy are told.
const FAULTS_SHOWN_MAX: usize = 3;

/// Copies the database at `path` to `target`.
pub async fn backup(path: &Path, target: &Path, overwrite: bool) -> Result<BackupMade, CopyError> {
    let failed = |error: &dyn std::fmt::Display| failed(target, error);
    if !overwrite && target.exists() {
        return Err(exists(target));
    }
    let mut connection = read_only(path).await?;
    refuse_other(&mut connection, path).await?;
    // Under another name until it is whole and sound; it is its owner's alone from the beginning.
    let folder = folder_of(target);
    let fresh = tempfile::Builder::new().prefix(".standdown-backup-").tempfile_in(&folder);
    let fresh = fresh.map_err(|error| failed(&error))?;
    let place = fresh.path().to_string_lossy().into_owned();
    let copied = sqlx::query("VACUUM INTO ?1").bind(place).execute(&mut connection).await;
    close(connection).await;
    copied.map_err(|error| failed(&error))?;
    fresh.as_file().sync_all().map_err(|error| failed(&error))?;
    let schema = check(fresh.path()).await?;
    let bytes = fresh.as_file().metadata().map_err(|error| failed(&error))?.len();
    if overwrite {
        fresh.persist(target).map_err(|error| failed(&error.error))?;
    } else {
        fresh.persist_noclobber(target).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(target),
            _ => failed(&error.error),
        })?;
    }
    sync_folder(&folder)?;
    Ok(BackupMade { file: target.to_owned(), bytes, schema })
}

/// Finds a copy sound, or says what is wrong with it; gives the version of its tables.
pub async fn check(copy: &Path) -> Result<i64, CopyError> {
    let mut connection = read_only(copy).await?;
    let found = async {
        let version = version_of(&mut connection).await?;
        let faults: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
        Ok::<_, sqlx::Error>((version, faults))
    };
    let found = found.await;
    close(connection).await;
    let unsound = |reason: String| CopyError::Unsound { path: copy.to_owned(), reason };
    let (version, faults) = found.map_err(|error| unsound(error.to_string()))?;
    if faults.iter().any(|fault| fault != "ok") {
        let shown: Vec<String> = faults.into_iter().take(FAULTS_SHOWN_MAX).collect();
        return Err(unsound(shown.join("; ")));
    }
    if version == 0 {
        return Err(unsound("it has none of Standdown's tables".to_owned()));
    }
    Ok(version)
}

/// The folder that a file is in.
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), CopyError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(folder, &error))
}

/// The error for a file that could not be read or written.
pub fn failed(path: &Path, error: &dyn std::fmt::Display) -> CopyError {
    CopyError::File { path: path.to_owned(), reason: error.to_string() }
}

fn exists(target: &Path) -> CopyError {
    CopyError::Exists { path: target.to_owned(), hint: "name another file, or add --force to replace it" }
}
