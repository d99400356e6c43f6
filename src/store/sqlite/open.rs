//! Opening a database file: lock, version, settings that are read back, migrations, the writer and the readers.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};

use crate::store::backend::{OpenError, StoreOptions};
use crate::store::seat::{Neighbours, Seat};

use super::bundle::BUNDLES_MAX;
use super::copier::Copier;
use super::eras::Eras;
use super::lock::{LockFile, in_words};
use super::readers::Readers;
use super::recall::Recall;
use super::writer::WriterHandle;
use super::{Inner, SqliteStore, claims, sending, upkeep};

/// Every migration, oldest first. A file that was released is never changed; a change is a new file.
pub const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "first", include_str!("../../../migrations/sqlite/0001_first.sql")),
    (2, "approvals_of_playbooks", include_str!("../../../migrations/sqlite/0002_approvals_of_playbooks.sql")),
    (3, "bundles_of_approvals", include_str!("../../../migrations/sqlite/0003_bundles_of_approvals.sql")),
];

/// The oldest SQLite that the store trusts: before it a checkpoint could lose a write (fixed in 3.51.3).
const VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
/// What SQLite calls `FULL`.
const SYNCHRONOUS_FULL: i64 = 2;
/// Every statement in each of its lengths, and the look-up.
const STATEMENTS_CACHED_MAX: usize = 224 + BUNDLES_MAX;
/// The size of a page of a new database, in bytes. What a busy writer writes lies side by side, and a page costs two calls
/// of the system whatever its size: with pages of 8 KiB a batch was on disk a tenth sooner than with 4.
const PAGE_SIZE: u32 = 8192;
/// How much of the database the writer keeps in memory: 8 MiB. Whenever a page of an index was split, the commit looks at
/// every page in memory (SQLite numbers pages anew through a number beyond the last one); with 64 MiB that took a fifth of
/// the writer's time.
const WRITER_CACHE: &str = "-8192";
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database at `path`, creating it if it is not there.
pub async fn open(path: &Path, options: &StoreOptions) -> Result<SqliteStore, OpenError> {
    let unusable = |reason: String| OpenError::Unusable { path: path.to_owned(), reason };
    let lock = LockFile::take(path)?;
    create_private(path).map_err(|error| unusable(in_words(&error)))?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        .synchronous(SqliteSynchronous::Full)
        .page_size(PAGE_SIZE)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();

    // The log is copied into the database beside the writer; so no commit does it on its own.
    let mut writer = connect
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", "0")
        .pragma("journal_size_limit", "134217728")
        .pragma("cache_size", WRITER_CACHE)
        .connect()
        .await
        .map_err(|error| unusable(error.to_string()))?;
    check_settings(&mut writer, path).await?;
    upkeep::refuse_newer(&mut writer, path).await?;
    migrator().run(&mut writer).await.map_err(|error| OpenError::Migration(error.to_string()))?;

    let (seat, lease) = (Seat::new(), options.lease);
    claims::bury(&mut writer).await.map_err(|error| unusable(error.to_string()))?;
    claims::register(&mut writer, seat.replica(), lease).await.map_err(|error| unusable(error.to_string()))?;

    let copier = Copier::new(connect.clone().pragma("wal_autocheckpoint", "0"));
    let readers = Readers::open(connect.pragma("query_only", "ON"), options.read_connections).await;
    let readers = readers.map_err(|error| unusable(error.to_string()))?;
    let recall = Recall::read(&mut writer).await.map_err(|error| unusable(error.to_string()))?;
    let eras = Arc::new(Eras::read(&mut writer).await.map_err(|error| unusable(error.to_string()))?);
    let writer = WriterHandle::start(writer, copier, recall, Arc::clone(&eras), lock, log_bytes(path), options)
        .map_err(|error| unusable(error.to_string()))?;
    let (neighbours, sending) = (Neighbours::default(), sending::Sending::default());
    let inner = Inner { writer, readers, eras: Some(eras), lease, neighbours, sending };
    Ok(SqliteStore { inner: Arc::new(inner), seat: Arc::new(seat) })
}

/// Opens the database at `path` for reading, also beside a daemon. Nothing is created, and nothing can be committed.
pub async fn open_for_reading(path: &Path) -> Result<SqliteStore, OpenError> {
    let mut connection = upkeep::read_only(path).await?;
    let checked = upkeep::refuse_other(&mut connection, path).await;
    connection.close().await.map_err(|error| unusable(path, &error))?;
    checked?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
        .pragma("query_only", "ON");
    let readers = Readers::open(connect, 1).await.map_err(|error| unusable(path, &error))?;
    let inner = Inner {
        writer: WriterHandle::absent(),
        readers,
        eras: None,
        lease: Duration::ZERO,
        neighbours: Neighbours::default(),
        sending: sending::Sending::default(),
    };
    Ok(SqliteStore { inner: Arc::new(inner), seat: Arc::new(Seat::new()) })
}

fn unusable(path: &Path, error: &sqlx::Error) -> OpenError {
    OpenError::Unusable { path: path.to_owned(), reason: error.to_string() }
}

/// The path in `sqlite:PATH` or `sqlite://PATH`.
pub fn path_of(url: &str) -> Option<PathBuf> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    (!path.is_empty() && !path.starts_with(':') && !path.contains('?')).then(|| PathBuf::from(path))
}

/// Creates the file for its owner alone; SQLite gives the files beside it the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

/// How long the write-ahead log beside the database is, in bytes.
fn log_bytes(path: &Path) -> usize {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // One that can't be looked at is like none: the writer counts what it adds.
    std::fs::metadata(log).map_or(0, |log| usize::try_from(log.len()).unwrap_or(usize::MAX))
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, name, text)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.to_vec())
}

async fn check_settings(writer: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let unusable = |reason: String| OpenError::Unusable { path: path.to_owned(), reason };
    let failed = |error: sqlx::Error| unusable(error.to_string());
    writer.ping().await.map_err(failed)?;
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut *writer).await.map_err(failed)?;
    if parse_version(&version) < Some(VERSION_MIN) {
        return Err(unusable(format!("SQLite {version} is linked, but 3.51.3 or newer is needed")));
    }
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *writer).await.map_err(failed)?;
    if journal != "wal" {
        let reason = format!("its journal mode stays {journal} instead of wal; is it on a network file system?");
        return Err(unusable(reason));
    }
    match synchronous(writer).await.map_err(failed)? {
        SYNCHRONOUS_FULL => Ok(()),
        other => Err(unusable(format!("synchronous is {other} instead of 2 (FULL): a commit could be lost"))),
    }
}

async fn synchronous(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA synchronous").fetch_one(connection).await
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use crate::domain::Actor;
    use crate::store::{Commit, Row, Subject, Writer as _};

    use super::*;

    #[test]
    fn a_url_names_a_file_and_nothing_else() {
        assert_eq!(path_of("sqlite:/var/lib/standdown.db"), Some(PathBuf::from("/var/lib/standdown.db")));
        assert_eq!(path_of("sqlite:///var/lib/standdown.db"), Some(PathBuf::from("/var/lib/standdown.db")));
        assert_eq!(path_of("sqlite:standdown.db"), Some(PathBuf::from("standdown.db")));
        for wrong in ["sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "postgres://db"] {
            assert_eq!(path_of(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_could_lose_a_commit_is_refused() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("standdown.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        for (journal, synchronous, complaint) in [
            (SqliteJournalMode::Wal, SqliteSynchronous::Normal, Some("synchronous is 1")),
            (SqliteJournalMode::Delete, SqliteSynchronous::Full, Some("journal mode stays delete")),
            (SqliteJournalMode::Wal, SqliteSynchronous::Full, None),
        ] {
            let options = options.clone().journal_mode(journal).synchronous(synchronous);
            let mut connection = options.connect().await.unwrap();
            let checked = check_settings(&mut connection, &path).await.map_err(|error| error.to_string());
            connection.close().await.unwrap();
            match complaint {
                Some(complaint) => assert!(checked.unwrap_err().contains(complaint)),
                None => assert_eq!(checked, Ok(())),
            }
        }
    }

    /// A small commit.
    fn word(at: jiff::Timestamp) -> Commit {
        let (kind, body) = ("tested", serde_json::json!({}));
        let row = Row::Event { subject: Subject::Daemon, at, actor: Actor::System, kind, body };
        Commit { guards: Vec::new(), rows: vec![row] }
    }

    #[tokio::test]
    async fn a_long_log_that_a_killed_daemon_left_is_copied_into_the_database_by_the_next_one() {
        let directory = tempfile::TempDir::new().unwrap();
        let [alive, left] = ["alive.db", "left.db"].map(|name| directory.path().join(name));
        open(&alive, &StoreOptions::default()).await.unwrap().close().await;
        let connect = SqliteConnectOptions::new().filename(&alive).pragma("wal_autocheckpoint", "0");
        let mut writer = connect.connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE filler (bytes BLOB)").execute(&mut writer).await.unwrap();
        for _ in 0..33 {
            sqlx::query("INSERT INTO filler VALUES (zeroblob(4194304))").execute(&mut writer).await.unwrap();
        }
        // What a killed process leaves: a database, and beside it a log that nobody copied.
        std::fs::copy(&alive, &left).unwrap();
        std::fs::copy(directory.path().join("alive.db-wal"), directory.path().join("left.db-wal")).unwrap();
        let length = log_bytes(&left);
        assert!(length > 33 * 4_194_304 && std::fs::metadata(&left).unwrap().len() < 4_194_304, "{length}");

        let store = open(&left, &StoreOptions::default()).await.unwrap();
        let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        // The second is taken when everything that follows the first is done.
        store.commit(word(at)).await.unwrap();
        store.commit(word(at)).await.unwrap();
        let length = std::fs::metadata(&left).unwrap().len();
        assert!(length > 33 * 4_194_304, "the log was not copied: the database has {length} bytes");
        writer.close().await.unwrap();
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(parse_version("3.9.0") < Some(VERSION_MIN));
        assert!(parse_version("3.100.0") > Some(VERSION_MIN));
        assert!(parse_version("newest") < Some(VERSION_MIN));
    }
}
