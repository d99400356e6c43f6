//! The database file from outside, as somebody with a file tool would see and spoil it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// The database of a daemon in that folder.
pub fn file(folder: &Path) -> PathBuf {
    folder.join("standdown.db")
}

async fn open(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

/// Changes a database that nobody has open; fails the test unless every statement but the schema's changes something.
pub async fn change(file: &Path, statements: &str) {
    let mut connection = open(file).await;
    for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
        let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        let schema = ["DROP", "CREATE"].iter().any(|word| statement.trim().starts_with(word));
        assert!(schema || done.rows_affected() > 0, "nothing was changed by: {statement}");
    }
    connection.close().await.unwrap();
}

/// Keeps whoever has the database open from writing to it, until the connection is closed.
pub async fn occupy(file: &Path) -> SqliteConnection {
    let mut connection = open(file).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

/// One number from a database.
pub async fn number(file: &Path, question: &str) -> i64 {
    let mut connection = open(file).await;
    let row = sqlx::query(AssertSqlSafe(question.to_owned())).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    row.get(0)
}

/// Every row of every table, as text, sorted.
pub async fn dump(file: &Path) -> BTreeMap<String, Vec<String>> {
    let mut connection = open(file).await;
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let columns = format!(
            "SELECT group_concat('quote(\"' || name || '\")', ' || ''|'' || ') FROM pragma_table_info('{table}')"
        );
        let columns: String = sqlx::query_scalar(AssertSqlSafe(columns)).fetch_one(&mut connection).await.unwrap();
        let rows = AssertSqlSafe(format!("SELECT {columns} AS line FROM {table} ORDER BY line"));
        all.insert(table, sqlx::query_scalar(rows).fetch_all(&mut connection).await.unwrap());
    }
    connection.close().await.unwrap();
    all
}
