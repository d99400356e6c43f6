//! Messages that some replica is sending. Memory is enough to know them: nobody outside this process has the database,
//! and after a crash nobody is sending any.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{MessageId, ReplicaId};
use crate::store::rows::QueuedMessage;

/// Who sends what, and until when it is theirs. A message that was postponed counts one failure more, so that what was
/// said of it before no longer means it.
#[derive(Debug, Default)]
pub struct Sending(Mutex<HashMap<(MessageId, u32), (ReplicaId, Instant)>>);

impl Sending {
    /// How many messages somebody else may be sending.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether somebody else is sending it.
    pub fn is_taken(&self, message: (MessageId, u32), replica: ReplicaId) -> bool {
        let sending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sending.get(&message).is_some_and(|(sender, until)| *sender != replica && Instant::now() < *until)
    }

    /// Takes those of these messages that nobody else is sending, at most `limit`.
    pub fn take(&self, due: Vec<QueuedMessage>, replica: ReplicaId, limit: u32, lease: Duration) -> Vec<QueuedMessage> {
        let now = Instant::now();
        let mut sending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sending.retain(|_, (_, until)| now < *until);
        let free = due.into_iter().filter_map(|queued| {
            let key = (queued.message.id, queued.failures);
            if sending.get(&key).is_some_and(|(sender, _)| *sender != replica) {
                return None;
            }
            sending.insert(key, (replica, now + lease));
            Some(queued)
        });
        free.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
    }
}
