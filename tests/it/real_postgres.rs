//! What a store in PostgreSQL does when its server restarts, fails over, refuses, or is used by several replicas.

#![allow(clippy::wildcard_imports, reason = "the samples of the store read like words of the language")]

mod doubt;
mod failover;
mod refusals;
mod replicas;
mod restart;
mod tls;

use std::time::Duration;

use standdown::store::{Commit, CommitError, Guard, Inbox, Store, StoreOptions, Writer};

use crate::harness::patience::poll;
use crate::harness::servers::Postgres;
use crate::store::samples::*;

/// How long a store may take to come back once its server is there.
const LIMIT: Duration = Duration::from_secs(40);

async fn opened(url: &str) -> Store {
    Store::open(url, StoreOptions::default()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A delivery that is recorded once.
fn delivery(name: &str) -> Commit {
    guarded(Guard::NewDelivery { source: source(), delivery: name.to_owned() }, [delivery_row(name)])
}

/// Commits again and again until the store takes it; every refusal before has to be an honest one.
async fn commit_in_the_end(store: &Store, name: &str) {
    let taken = poll(LIMIT, || async {
        match store.commit(delivery(name)).await {
            Ok(()) => Some(()),
            Err(CommitError::Unavailable(_)) => None,
            Err(other) => panic!("{other}"),
        }
    });
    taken.await.unwrap_or_else(|| panic!("the store never took {name}"));
}

async fn is_recorded(store: &Store, name: &str) -> bool {
    store.delivery(&source(), name).await.unwrap().is_some()
}

/// Whether the server itself has it, whatever the store says.
async fn count_of(server: &Postgres, name: &str) -> i64 {
    let mut connection = server.connection().await.unwrap();
    let text = "SELECT count(*) FROM deliveries WHERE delivery = $1";
    sqlx::query_scalar(text).bind(name.to_owned()).fetch_one(&mut connection).await.unwrap()
}
