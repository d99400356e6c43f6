//! The way to the server that takes writes, of all that are named.
//!
//! Hosts are tried in order, beginning with the one that was good last. One that can't write is passed over: it is a
//! standby. So is one whose timeline is older than the newest seen: it is a former primary that came back after a standby
//! had taken its place, and what is written there would be lost. Settings that a promise hangs on are set and read back.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row as _};
use tokio::time::timeout;

use crate::store::backend::Password;

use super::address::Address;
use super::trouble::{Remedy, Trouble};

/// How long one host may take to let us in.
const HOST_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a read may take on the server.
pub const READ_TIMEOUT_MS: u64 = 10_000;
/// How long a writer waits for a lock of another.
const LOCK_TIMEOUT_MS: u64 = 5_000;
/// How long a transaction may stand still before the server ends it: a process that was stopped must not hold its locks.
const IDLE_TIMEOUT_MS: u64 = 10_000;
/// More than there are statements.
const STATEMENTS_CACHED_MAX: usize = 200;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads; it can't write.
    Read,
    /// Writes. No statement is ended by the server, because a `COMMIT` that waits for a standby and is ended would be
    /// called done; the writer counts the time itself.
    Write,
    /// Making tables, listening.
    Other,
}

/// Settings, and what the server says of itself afterwards. A writer's statements find rows by their keys; a plan that
/// was made while a table was small and reads all of it must not outlive that.
const SETTLE: &str = "SELECT
    set_config('statement_timeout', $1, false),
    set_config('lock_timeout', $2, false),
    set_config('idle_in_transaction_session_timeout', $3, false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('default_transaction_read_only',
        CASE WHEN $4 THEN 'on' ELSE current_setting('default_transaction_read_only') END, false),
    set_config('enable_seqscan', CASE WHEN $5 THEN 'off' ELSE current_setting('enable_seqscan') END, false),
    set_config('enable_hashjoin', CASE WHEN $5 THEN 'off' ELSE current_setting('enable_hashjoin') END, false),
    set_config('enable_mergejoin', CASE WHEN $5 THEN 'off' ELSE current_setting('enable_mergejoin') END, false),
    set_config('plan_cache_mode', CASE WHEN $5 THEN 'force_generic_plan' ELSE current_setting('plan_cache_mode') END,
        false),
    set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
        THEN 'on' ELSE current_setting('synchronous_commit') END, false) AS synchronous,
    pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS read_only,
    current_setting('server_encoding') AS encoding,
    current_setting('fsync') AS fsync,
    CASE WHEN pg_is_in_recovery() THEN 0
        ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END AS timeline";

/// A connection to the server that takes writes.
pub struct Connected {
    /// The connection.
    pub connection: PgConnection,
    /// Which of the moves from server to server it belongs to; see [`Connector::moves`].
    pub moves: usize,
}

/// What makes connections.
#[derive(Debug)]
pub struct Connector {
    address: Address,
    password: Option<Password>,
    good: AtomicUsize,
    moves: AtomicUsize,
    newest_timeline: AtomicI64,
}

impl Connector {
    /// A connector to the hosts of an address.
    pub fn new(address: Address, password: Option<Password>) -> Self {
        let (good, moves) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { address, password, good, moves, newest_timeline: AtomicI64::new(0) }
    }

    /// The hosts as they may be shown.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    /// How often another server became the one that takes writes. A connection of an earlier move may lead to a server
    /// that no longer has the last word.
    pub fn moves(&self) -> usize {
        self.moves.load(Ordering::Acquire)
    }

    /// Connects to the first host that takes writes.
    pub async fn connect(&self, purpose: Purpose) -> Result<Connected, Trouble> {
        let hosts = &self.address.hosts;
        let first = self.good.load(Ordering::Acquire);
        let mut reasons = Vec::with_capacity(hosts.len());
        for index in (0..hosts.len()).map(|step| (first + step) % hosts.len()) {
            let Some((host, port)) = hosts.get(index) else { continue };
            let attempt = timeout(HOST_TIMEOUT, self.connect_to(host, *port, purpose)).await;
            match attempt.unwrap_or_else(|_| Err(Trouble::slow("a connection"))) {
                Ok(connection) => {
                    if self.good.swap(index, Ordering::AcqRel) != index {
                        self.moves.fetch_add(1, Ordering::AcqRel);
                        tracing::warn!(store.host = %host, store.port = port, "another server takes the writes now");
                    }
                    return Ok(Connected { connection, moves: self.moves() });
                }
                Err(trouble) => reasons.push(format!("{host}:{port}: {trouble}")),
            }
        }
        Err(Trouble::new(Remedy::Reconnect, reasons.join("; ")))
    }

    /// The options of the host that was good last, for whoever has to connect by itself.
    pub fn last_good(&self) -> Result<PgConnectOptions, Trouble> {
        let hosts = &self.address.hosts;
        let good = hosts.get(self.good.load(Ordering::Acquire)).or_else(|| hosts.first());
        let (host, port) = good.ok_or_else(|| Trouble::new(Remedy::Wait, "no host is named"))?;
        self.options(host, *port)
    }

    fn options(&self, host: &str, port: u16) -> Result<PgConnectOptions, Trouble> {
        let mut options = PgConnectOptions::new()
            .host(host)
            .port(port)
            .ssl_mode(self.address.tls)
            .application_name("standdown")
            .statement_cache_capacity(STATEMENTS_CACHED_MAX)
            .disable_statement_logging();
        if let Some(user) = &self.address.user {
            options = options.username(user);
        }
        if let Some(database) = &self.address.database {
            options = options.database(database);
        }
        if let Some(file) = &self.address.authorities {
            options = options.ssl_root_cert(file);
        }
        if let Some(password) = &self.address.password {
            options = options.password(password.expose_secret());
        } else if let Some(password) = &self.password {
            let secret = password.resolve().map_err(|reason| Trouble::new(Remedy::Wait, reason))?;
            options = options.password(secret.expose_secret());
        }
        Ok(options)
    }

    async fn connect_to(&self, host: &str, port: u16, purpose: Purpose) -> Result<PgConnection, Trouble> {
        let mut connection = self.options(host, port)?.connect().await?;
        match self.settle(&mut connection, purpose).await {
            Ok(()) => Ok(connection),
            Err(trouble) => {
                // It is given up whether or not the server hears of it.
                connection.close().await.unwrap_or_default();
                Err(trouble)
            }
        }
    }

    async fn settle(&self, connection: &mut PgConnection, purpose: Purpose) -> Result<(), Trouble> {
        let statement_timeout = if purpose == Purpose::Read { READ_TIMEOUT_MS } else { 0 };
        let (lock_timeout, idle_timeout) =
            if purpose == Purpose::Write { (LOCK_TIMEOUT_MS, IDLE_TIMEOUT_MS) } else { (0, 0) };
        let settled = sqlx::query(SETTLE)
            .bind(statement_timeout.to_string())
            .bind(lock_timeout.to_string())
            .bind(idle_timeout.to_string())
            .bind(purpose == Purpose::Read)
            .bind(purpose == Purpose::Write)
            .fetch_one(&mut *connection)
            .await?;
        if settled.try_get("read_only")? {
            return Err(Trouble::new(Remedy::OtherHost, "the server is a standby, or takes no writes"));
        }
        self.check_timeline(settled.try_get("timeline")?)?;
        let encoding: &str = settled.try_get("encoding")?;
        if encoding != "UTF8" {
            return Err(Trouble::new(Remedy::Wait, format!("the database's encoding is {encoding} instead of UTF8")));
        }
        let fsync: &str = settled.try_get("fsync")?;
        if fsync != "on" {
            return Err(Trouble::new(Remedy::Wait, "the server's fsync is off: a commit could be lost"));
        }
        let synchronous: &str = settled.try_get("synchronous")?;
        if matches!(synchronous, "off" | "local") {
            let reason = format!("synchronous_commit stays {synchronous} instead of on: a commit could be lost");
            return Err(Trouble::new(Remedy::Wait, reason));
        }
        Ok(())
    }

    fn check_timeline(&self, timeline: i64) -> Result<(), Trouble> {
        let newest = self.newest_timeline.fetch_max(timeline, Ordering::AcqRel);
        if timeline < newest {
            let reason = format!(
                "the server is on timeline {timeline}, but {newest} was seen: it is a former primary; \
                 make it a standby of the new one"
            );
            return Err(Trouble::new(Remedy::OtherHost, reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_primary_is_passed_over() {
        let connector = Connector::new(Address::parse("postgres://db1,db2/x").unwrap(), None);
        assert_eq!(connector.check_timeline(3), Ok(()));
        assert_eq!(connector.check_timeline(4), Ok(()));
        assert_eq!(connector.check_timeline(3).unwrap_err().remedy, Remedy::OtherHost);
        assert_eq!(connector.check_timeline(4), Ok(()));
    }
}
