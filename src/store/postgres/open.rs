//! Opening a database: the address, the way to it, migrations, and everything that is kept running.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use tokio::sync::{broadcast, oneshot};
use tokio::time::{sleep, timeout};

use crate::store::backend::{OpenError, StoreOptions};
use crate::store::seat::Seat;

use super::address::Address;
use super::alone::Alone;
use super::announce::Announcer;
use super::connect::{Connected, Connector, Purpose};
use super::listen::Listener;
use super::looks::Looks;
use super::readers::Readers;
use super::trouble::Trouble;
use super::writer::WriterHandle;
use super::{Inner, PostgresStore, upkeep};

/// Every migration, oldest first. A file that was released is never changed; a change is a new file.
pub const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "first", include_str!("../../../migrations/postgres/0001_first.sql")),
    (2, "approvals_of_playbooks", include_str!("../../../migrations/postgres/0002_approvals_of_playbooks.sql")),
    (3, "bundles_of_approvals", include_str!("../../../migrations/postgres/0003_bundles_of_approvals.sql")),
];

/// How long a server may take to begin to answer: it may have been started together with this process.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);
/// How long the first connection of the listener is waited for.
const LISTENING: Duration = Duration::from_secs(5);
/// How many words may wait for a listener; one that is behind is told so, and looks at everything.
const WORDS_MAX: usize = 64;

/// Opens the database at an address.
pub async fn open(url: &str, options: &StoreOptions) -> Result<PostgresStore, OpenError> {
    let address = Address::parse(url)?;
    let connector = Arc::new(Connector::new(address, options.password.clone()));
    let mut connected = patiently(&connector).await.map_err(|trouble| refused(&connector, trouble.reason))?;
    upkeep::refuse_newer(&connector, &mut connected.connection).await?;
    migrator().run(&mut connected.connection).await.map_err(|error| OpenError::Migration(error.to_string()))?;
    let store = start(connector, options).await?;
    store.join().await.map_err(|error| refused(&store.inner.connector, error.to_string()))?;
    Ok(store)
}

/// A store of its own over a database whose tables are up to date.
pub async fn start(connector: Arc<Connector>, options: &StoreOptions) -> Result<PostgresStore, OpenError> {
    let seat = Seat::new();
    let changes = Arc::new(broadcast::Sender::new(WORDS_MAX));
    let name = seat.replica().to_string();
    let announcer = Arc::new(Announcer::new(name.clone()));
    let (begin, listening) = oneshot::channel();
    let listener = Listener::new(name, Arc::clone(&changes), begin);
    let writer = WriterHandle::start(Arc::clone(&connector), announcer, listener, options)
        .map_err(|error| refused(&connector, error.to_string()))?;
    // An error means that it takes longer; then the listener itself says what was missed.
    timeout(LISTENING, listening).await.map_or_else(drop, drop);
    let readers = Readers::new(Arc::clone(&connector), options.read_connections);
    let (alone, heart) = (Alone::new(Arc::clone(&connector)), Alone::new(Arc::clone(&connector)));
    let inner =
        Inner { connector, writer, readers, alone, heart, looks: Looks::default(), changes, options: options.clone() };
    Ok(PostgresStore { inner: Arc::new(inner), seat: Arc::new(seat) })
}

pub fn refused(connector: &Connector, reason: String) -> OpenError {
    OpenError::Server { hosts: connector.shown(), reason }
}

pub async fn patiently(connector: &Connector) -> Result<Connected, Trouble> {
    let start = Instant::now();
    loop {
        match connector.connect(Purpose::Other).await {
            Err(trouble) if start.elapsed() < PATIENCE && may_pass(&trouble) => sleep(PAUSE).await,
            answer => return answer,
        }
    }
}

/// A server that is not there yet, or that begins to be, is worth waiting for; a wrong password is not.
fn may_pass(trouble: &Trouble) -> bool {
    ["[57P03]", "refused", "did not answer in time"].iter().any(|sign| trouble.reason.contains(sign))
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, name, text)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.to_vec())
}
