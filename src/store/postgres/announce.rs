//! Telling other replicas what was changed: after the commit, on a connection of its own, and seldom.
//!
//! A `NOTIFY` inside the transaction would make every commit wait for the one before it. What was changed is gathered for
//! a moment, so that a thousand commits are one word. A word that can't be sent is kept until it can; that words get lost
//! all the same is provided for by whoever listens.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{sleep, timeout};

use crate::store::rows::Change;

use super::connect::{Connected, Connector, Purpose};
use super::trouble::Trouble;

/// The channel of all replicas.
pub const CHANNEL: &str = "standdown";
/// The statement that tells.
pub const TELL: &str = "SELECT pg_notify('standdown', $1)";
/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(5);
const PAUSE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is to be told.
pub struct Announcer {
    /// Who tells; the listener of the same process passes over its own words.
    name: String,
    pending: AtomicU8,
    woken: Notify,
    connected: Mutex<Option<Connected>>,
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Announcer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The words of the channel.
const WORDS: [(Change, u8, &str); 4] = [
    (Change::Runs, 1, "runs"),
    (Change::Messages, 2, "messages"),
    (Change::Holds, 4, "holds"),
    (Change::Everything, 8, "everything"),
];

impl Announcer {
    /// An announcer of that name.
    pub fn new(name: String) -> Self {
        let (pending, woken, connected) = (AtomicU8::new(0), Notify::new(), Mutex::default());
        Self { name, pending, woken, connected }
    }

    /// Notes what is to be told.
    pub fn note(&self, changes: &[Change]) {
        let bits = WORDS.iter().filter(|(change, ..)| changes.contains(change)).fold(0, |bits, (_, bit, _)| bits | bit);
        if bits != 0 {
            self.pending.fetch_or(bits, Ordering::AcqRel);
            self.woken.notify_one();
        }
    }

    /// Tells what is noted, for ever.
    pub async fn run(&self, connector: &Connector) {
        loop {
            self.woken.notified().await;
            sleep(GATHER).await;
            if !self.flush(connector).await {
                sleep(PAUSE).await;
                self.woken.notify_one();
            }
        }
    }

    /// Tells what is noted now; whether that was possible.
    pub async fn flush(&self, connector: &Connector) -> bool {
        let bits = self.pending.swap(0, Ordering::AcqRel);
        if bits == 0 {
            return true;
        }
        match timeout(TIMEOUT, self.tell(connector, bits)).await.unwrap_or_else(|_| Err(Trouble::slow("a word"))) {
            Ok(()) => true,
            Err(trouble) => {
                tracing::debug!(store.error = %trouble, "other replicas could not be told of a change; they look by themselves");
                self.pending.fetch_or(bits, Ordering::AcqRel);
                false
            }
        }
    }

    async fn tell(&self, connector: &Connector, bits: u8) -> Result<(), Trouble> {
        let mut kept = self.connected.lock().await;
        // Taken out first: one that breaks is not put back.
        let mut connected = match kept.take().filter(|connected| connected.moves == connector.moves()) {
            Some(connected) => connected,
            None => connector.connect(Purpose::Other).await?,
        };
        sqlx::query(TELL).bind(payload(&self.name, bits)).execute(&mut connected.connection).await?;
        *kept = Some(connected);
        Ok(())
    }
}

fn payload(name: &str, bits: u8) -> String {
    let words = WORDS.iter().filter(|(_, bit, _)| bits & bit != 0).map(|(_, _, word)| *word);
    words.fold(name.to_owned(), |text, word| text + " " + word)
}

/// What another replica tells; nothing if the words are one's own, and everything if they are not understood.
pub fn changes_in(payload: &str, own_name: &str) -> Vec<Change> {
    let mut words = payload.split(' ');
    if words.next() == Some(own_name) {
        return Vec::new();
    }
    let known = |word: &str| WORDS.iter().find(|(_, _, known)| *known == word).map(|(change, ..)| *change);
    words.map(|word| known(word).unwrap_or(Change::Everything)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard_by_others() {
        let told = payload("a", 1 | 4);
        assert_eq!(told, "a runs holds");
        assert_eq!(changes_in(&told, "b"), [Change::Runs, Change::Holds]);
        assert_eq!(changes_in(&told, "a"), []);
        assert_eq!(changes_in("c inventory", "b"), [Change::Everything]);
    }

    #[test]
    fn changes_are_gathered_once_each() {
        let announcer = Announcer::new("a".to_owned());
        announcer.note(&[Change::Runs]);
        announcer.note(&[Change::Runs, Change::Messages]);
        announcer.note(&[]);
        assert_eq!(announcer.pending.load(Ordering::Acquire), 3);
    }
}
