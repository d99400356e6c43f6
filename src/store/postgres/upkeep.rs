//! The version of the tables of a database, and opening it to look through it.

use std::sync::Arc;

use sqlx::postgres::PgConnection;

use crate::store::backend::{OpenError, StoreOptions};
use crate::store::upkeep::SchemaState;

use super::PostgresStore;
use super::address::Address;
use super::connect::Connector;
use super::open::{MIGRATIONS, open, patiently, refused, start};

const KEPT: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";

/// The newest version that this program knows.
const fn known() -> i64 {
    let [.., (version, _, _)] = MIGRATIONS;
    version
}

/// Opens a database to look through it: nobody joins those who share the work.
pub async fn open_for_reading(url: &str, options: &StoreOptions) -> Result<PostgresStore, OpenError> {
    let connector = connector(url, options)?;
    let version = version(&connector).await?;
    if version < known() {
        return Err(OpenError::Older { version, known: known() });
    }
    start(connector, options).await
}

/// How the tables stand.
pub async fn schema(url: &str, options: &StoreOptions) -> Result<SchemaState, OpenError> {
    let version = version(&*connector(url, options)?).await?;
    let pending = MIGRATIONS.iter().filter(|(number, _, _)| *number > version);
    let pending = pending.map(|(number, name, _)| format!("{number:04}_{name}")).collect();
    Ok(SchemaState { version: (version > 0).then_some(version), known: known(), pending })
}

/// Brings the tables up to date; says how they stood before.
pub async fn migrate(url: &str, options: &StoreOptions) -> Result<SchemaState, OpenError> {
    let before = schema(url, options).await?;
    open(url, options).await?.close().await;
    Ok(before)
}

/// Refuses tables that a newer program made, before anything is done to them.
pub async fn refuse_newer(connector: &Connector, connection: &mut PgConnection) -> Result<(), OpenError> {
    let version = version_of(connection).await.map_err(|error| refused(connector, error.to_string()))?;
    if version > known() { Err(OpenError::Newer { version, known: known() }) } else { Ok(()) }
}

fn connector(url: &str, options: &StoreOptions) -> Result<Arc<Connector>, OpenError> {
    Ok(Arc::new(Connector::new(Address::parse(url)?, options.password.clone())))
}

async fn version(connector: &Connector) -> Result<i64, OpenError> {
    let mut connected = patiently(connector).await.map_err(|trouble| refused(connector, trouble.reason))?;
    refuse_newer(connector, &mut connected.connection).await?;
    version_of(&mut connected.connection).await.map_err(|error| refused(connector, error.to_string()))
}

/// The version of the tables; 0 if there are none.
async fn version_of(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let kept: bool = sqlx::query_scalar(KEPT).fetch_one(&mut *connection).await?;
    if kept { sqlx::query_scalar(VERSION).fetch_one(connection).await } else { Ok(0) }
}
