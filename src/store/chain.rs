//! The chain of a history: how the hash of an event is taken, and how a history is checked against it.
//!
//! Every subject has a chain of its own, so that one subject's history can be checked, exported and one day forgotten
//! without another's. This knows no database: the writer of each backend numbers and links events with it, and `fsck`
//! checks them with it.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::digest::canonical_json;
use crate::domain::{Actor, Digest};

use super::rows::{StoredEvent, Subject};

/// Why a history is not the one that was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An event is missing, or one was put in.
    #[error(
        "failed to verify the history: event {expected} should be here, but number {found} is; compare with a backup"
    )]
    Numbering {
        /// The number that should be here.
        expected: u64,
        /// The number that is here.
        found: u64,
    },
    /// An event does not continue the one before it.
    #[error("failed to verify the history: event {seq} does not continue the one before it; compare with a backup")]
    Link {
        /// The number of the event.
        seq: u64,
    },
    /// An event was changed after it was written.
    #[error("failed to verify the history: event {seq} is not what was written; compare with a backup")]
    Content {
        /// The number of the event.
        seq: u64,
    },
}

/// The canonical JSON of an event, cut where its number goes: everything else is known before the event has one.
///
/// Keys sort as `actor, at, body, kind, seq, subject`.
#[derive(Clone, Debug)]
pub struct Link {
    before_seq: String,
    after_seq: String,
}

impl Link {
    /// The two halves of an event. `actor` and `body` are canonical JSON already.
    #[must_use]
    pub fn new(subject: &Subject, at: Timestamp, actor: &str, kind: &str, body: &str) -> Self {
        let at = Value::String(at.to_string());
        let kind = Value::String(kind.to_owned());
        Self {
            before_seq: format!(r#"{{"actor":{actor},"at":{at},"body":{body},"kind":{kind},"seq":"#),
            after_seq: format!(r#","subject":{}}}"#, subject_json(subject)),
        }
    }

    /// The hash of the event as number `seq` after `prev_hash`: SHA-256 over the 32 bytes of `prev_hash` and the JSON.
    #[must_use]
    pub fn hash(&self, prev_hash: &Digest, seq: u64) -> Digest {
        let mut bytes = Vec::with_capacity(32 + self.before_seq.len() + 20 + self.after_seq.len());
        bytes.extend_from_slice(prev_hash.as_bytes());
        bytes.extend_from_slice(self.before_seq.as_bytes());
        bytes.extend_from_slice(seq.to_string().as_bytes());
        bytes.extend_from_slice(self.after_seq.as_bytes());
        Digest::of(&bytes)
    }
}

fn subject_json(subject: &Subject) -> String {
    match subject {
        Subject::Run(id) => format!(r#"{{"run":"{id}"}}"#),
        Subject::Incident(id) => format!(r#"{{"incident":"{id}"}}"#),
        Subject::Agent(id) => format!(r#"{{"agent":{}}}"#, Value::String(id.to_string())),
        Subject::Daemon => r#""daemon""#.to_owned(),
    }
}

/// An actor as canonical JSON.
#[must_use]
pub fn actor_json(actor: &Actor) -> String {
    // An actor is made of names and words only, so it always has a JSON form.
    serde_json::to_value(actor).map(|value| canonical_json(&value)).unwrap_or_default()
}

/// A history that is checked event by event, so that it need not be in memory as a whole.
#[derive(Clone, Debug)]
pub struct ChainCheck {
    subject: Subject,
    last_seq: u64,
    last_hash: Digest,
}

impl ChainCheck {
    /// A history of which nothing was seen yet.
    #[must_use]
    pub const fn new(subject: Subject) -> Self {
        Self { subject, last_seq: 0, last_hash: Digest::ZERO }
    }

    /// Whether this is the next event, as it was written. After an error the rest is compared with what is there.
    pub fn next(&mut self, event: &StoredEvent) -> Result<(), ChainError> {
        let (expected, prev_hash) = (self.last_seq + 1, self.last_hash);
        (self.last_seq, self.last_hash) = (event.seq, event.hash);
        if event.seq != expected {
            return Err(ChainError::Numbering { expected, found: event.seq });
        }
        if event.prev_hash != prev_hash {
            return Err(ChainError::Link { seq: event.seq });
        }
        let (actor, body) = (actor_json(&event.actor), canonical_json(&event.body));
        let link = Link::new(&self.subject, event.at, &actor, &event.kind, &body);
        if link.hash(&prev_hash, event.seq) != event.hash {
            return Err(ChainError::Content { seq: event.seq });
        }
        Ok(())
    }

    /// The number of the last event that was seen.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

/// Checks a whole history, oldest first, against its chain. An empty history is sound.
pub fn verify_chain(events: &[StoredEvent], subject: &Subject) -> Result<(), ChainError> {
    let mut check = ChainCheck::new(subject.clone());
    events.iter().try_for_each(|event| check.next(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunId;
    use serde_json::json;

    #[test]
    fn the_two_halves_make_the_canonical_json_of_the_event() {
        let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        let body = json!({"b": [1.5, "é"], "a": null});
        for subject in [
            Subject::Run(RunId::generate(at)),
            Subject::Agent(crate::domain::AgentId::parse("billing-bot").unwrap()),
            Subject::Daemon,
        ] {
            let whole = json!({
                "subject": subject, "seq": 7, "at": at, "actor": Actor::System, "kind": "run_started", "body": body,
            });
            let mut bytes = Digest::ZERO.as_bytes().to_vec();
            bytes.extend_from_slice(canonical_json(&whole).as_bytes());
            let link = Link::new(&subject, at, &actor_json(&Actor::System), "run_started", &canonical_json(&body));
            assert_eq!(link.hash(&Digest::ZERO, 7), Digest::of(&bytes));
        }
    }
}
