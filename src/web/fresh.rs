//! An answer that is made anew at most every so often, however many ask at once: whoever watches must cost little.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

/// A value with the time at which it was made.
pub(super) struct Fresh<T> {
    lifetime: SignedDuration,
    kept: Mutex<Option<(Timestamp, T)>>,
}

impl<T: Clone> Fresh<T> {
    pub fn new(lifetime: SignedDuration) -> Self {
        Self { lifetime, kept: Mutex::new(None) }
    }

    /// The value, made anew if it is too old. Those who ask meanwhile wait for the one that is being made; one that could
    /// not be made is not kept.
    pub async fn get<E>(&self, now: Timestamp, make: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut kept = self.kept.lock().await;
        if let Some((at, value)) = kept.as_ref() {
            let age = now.duration_since(*at);
            // The clock may have been put back: a value from the future is as old as one can be.
            if !age.is_negative() && age < self.lifetime {
                return Ok(value.clone());
            }
        }
        let value = make.await?;
        *kept = Some((now, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_value_is_made_once_in_its_lifetime_and_never_kept_when_it_failed() {
        let fresh = Fresh::new(SignedDuration::from_secs(2));
        let counter = AtomicU32::new(0);
        let ask = async |second: i64, good: bool| {
            let make = async {
                let count = counter.fetch_add(1, Ordering::Relaxed);
                if good { Ok(count) } else { Err(count) }
            };
            fresh.get(Timestamp::from_second(second).unwrap(), make).await
        };
        assert_eq!(ask(10, false).await, Err(0));
        assert_eq!((ask(10, true).await, ask(11, true).await), (Ok(1), Ok(1)));
        assert_eq!((ask(12, true).await, ask(13, false).await), (Ok(2), Ok(2)));
        assert_eq!(ask(5, true).await, Ok(3), "the clock was put back");
    }
}
