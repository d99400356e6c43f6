//! When to look through all live runs for such that nobody has, and where to begin.
//!
//! There may be a hundred thousand, and nearly always none of them is without an owner. What makes one so is seen in the
//! few rows of the replicas; a full look from time to time is the guarantee.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::claim::Taken;

/// How long a look through all runs is good for.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// What was seen when all runs were looked through last.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Look>);

#[derive(Debug, Default)]
struct Look {
    /// The replicas that were alive, and when; nothing while a look is not over.
    done: Option<(Vec<Vec<u8>>, Instant)>,
    /// The replicas that are alive as the look goes on.
    replicas: Vec<Vec<u8>>,
    /// The last run that was looked at.
    after: Vec<u8>,
}

impl Looks {
    /// Whether to look, and after which run. `replicas` are their ids and whether their lease is over; `freed` says that a
    /// run is known to be without an owner.
    pub fn begin(&self, replicas: Vec<(Vec<u8>, bool)>, freed: bool) -> Option<Vec<u8>> {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let somebody_died = replicas.iter().any(|(_, dead)| *dead);
        let replicas: Vec<Vec<u8>> = replicas.into_iter().map(|(id, _)| id).collect();
        let still_good = matches!(&look.done, Some((seen, when)) if *seen == replicas && when.elapsed() < GOOD_FOR);
        if still_good && !somebody_died && !freed {
            return None;
        }
        look.replicas = replicas;
        Some(look.after.clone())
    }

    /// What a look after `after` found, of which there may be more.
    pub fn note(&self, after: &[u8], taken: &[Taken], limit: u32) {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let more = u32::try_from(taken.len()).unwrap_or(u32::MAX) >= limit;
        let last = taken.iter().map(|taken| taken.run.as_bytes().to_vec()).max();
        look.after = if more { last.unwrap_or_default() } else { Vec::new() };
        // Only a look from the first run to the last that found nothing says that there is nothing.
        let nothing = taken.is_empty() && after.is_empty();
        look.done = nothing.then(|| (std::mem::take(&mut look.replicas), Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunId;

    fn taken(seconds: i64) -> Taken {
        let at = jiff::Timestamp::from_second(seconds).unwrap();
        Taken { run: RunId::generate(at), epoch: 2, takeovers: 0 }
    }

    #[test]
    fn nobody_looks_while_everybody_lives() {
        let looks = Looks::default();
        let alive = || vec![(vec![1], false)];
        assert_eq!(looks.begin(alive(), false), Some(Vec::new()));
        looks.note(&[], &[], 2);
        assert_eq!(looks.begin(alive(), false), None);
        assert!(looks.begin(alive(), true).is_some(), "a run was freed");
        assert!(looks.begin(vec![(vec![1], true)], false).is_some(), "somebody died");
        assert!(looks.begin(vec![(vec![2], false)], false).is_some(), "somebody came or went");
    }

    #[test]
    fn a_look_goes_on_where_it_ended_and_is_over_when_a_whole_one_finds_nothing() {
        let looks = Looks::default();
        let alive = || vec![(vec![1], false)];
        let found = [taken(1), taken(2)];
        looks.begin(alive(), false).unwrap();
        looks.note(&[], &found, 2);
        let after = looks.begin(alive(), false).unwrap();
        assert_eq!(after, found[1].run.as_bytes());
        looks.note(&after, &[], 2);
        assert_eq!(looks.begin(alive(), false), Some(Vec::new()));
        looks.note(&[], &[], 2);
        assert_eq!(looks.begin(alive(), false), None);
    }
}
