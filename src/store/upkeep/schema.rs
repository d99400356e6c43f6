//! The version of a store's tables: what is there, what this program knows, and bringing the one up to the other.

use super::super::backend::{OpenError, StoreOptions};
use super::super::{postgres, sqlite};

/// How the tables stand.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SchemaState {
    /// The version of the tables; none while there is no store.
    pub version: Option<i64>,
    /// The newest version that this program knows.
    pub known: i64,
    /// What is to be done, oldest first, as `0002_name`.
    pub pending: Vec<String>,
}

/// How the tables of the store at a URL stand. Changes nothing.
pub async fn schema(url: &str, options: &StoreOptions) -> Result<SchemaState, OpenError> {
    if postgres::is_address(url) {
        return postgres::schema(url, options).await;
    }
    sqlite::schema(&sqlite::path_of(url).ok_or(OpenError::Url)?).await
}

/// Brings the tables up to date, creating the store if there is none; says how they stood before. Refused while a daemon
/// has the file.
pub async fn migrate(url: &str, options: &StoreOptions) -> Result<SchemaState, OpenError> {
    if postgres::is_address(url) {
        return postgres::migrate(url, options).await;
    }
    sqlite::migrate(&sqlite::path_of(url).ok_or(OpenError::Url)?).await
}
