//! The version of the tables of a database file.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::store::backend::{OpenError, StoreOptions};
use crate::store::upkeep::SchemaState;

use super::super::open::{MIGRATIONS, open};

/// The newest version that this program knows.
pub const fn known() -> i64 {
    let [.., (version, _, _)] = MIGRATIONS;
    version
}

/// How the tables of the database at `path` stand.
pub async fn schema(path: &Path) -> Result<SchemaState, OpenError> {
    if !path.exists() {
        return Ok(state(None));
    }
    let mut connection = read_only(path).await?;
    let version = version_of(&mut connection).await;
    close(connection).await;
    let version = version.map_err(|error| unusable(path, &error))?;
    refuse_if_newer(version)?;
    Ok(state(Some(version)))
}

/// Brings the tables up to date; says how they stood before.
pub async fn migrate(path: &Path) -> Result<SchemaState, OpenError> {
    let before = schema(path).await?;
    open(path, &StoreOptions::default()).await?.close().await;
    Ok(before)
}

/// Refuses tables that a newer program made, before anything is done to them.
pub async fn refuse_newer(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version = version_of(connection).await.map_err(|error| unusable(path, &error))?;
    refuse_if_newer(version)
}

/// Refuses tables that are not exactly of the version that this program knows.
pub async fn refuse_other(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let version = version_of(connection).await.map_err(|error| unusable(path, &error))?;
    refuse_if_newer(version)?;
    if version < known() { Err(OpenError::Older { version, known: known() }) } else { Ok(()) }
}

fn refuse_if_newer(version: i64) -> Result<(), OpenError> {
    if version > known() { Err(OpenError::Newer { version, known: known() }) } else { Ok(()) }
}

/// The version of the tables; 0 if there are none.
pub async fn version_of(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    const KEPT: &str = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    const VERSION: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    let kept: i64 = sqlx::query_scalar(KEPT).fetch_one(&mut *connection).await?;
    if kept == 0 { Ok(0) } else { sqlx::query_scalar(VERSION).fetch_one(connection).await }
}

/// A connection that changes nothing.
pub async fn read_only(path: &Path) -> Result<SqliteConnection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    options.connect().await.map_err(|error| unusable(path, &error))
}

/// Closes a connection that only read: what can't be closed any more is closed.
pub async fn close(connection: SqliteConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(store.error = %error, "a connection could not be closed");
    }
}

fn state(version: Option<i64>) -> SchemaState {
    let pending = MIGRATIONS.iter().filter(|(number, _, _)| *number > version.unwrap_or(0));
    SchemaState {
        version,
        known: known(),
        pending: pending.map(|(number, name, _)| format!("{number:04}_{name}")).collect(),
    }
}

fn unusable(path: &Path, error: &sqlx::Error) -> OpenError {
    OpenError::Unusable { path: path.to_owned(), reason: error.to_string() }
}
