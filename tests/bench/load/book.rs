//! What happened to each alert and when: written by the load generator and by the target, read when a measure is over.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many calls a run makes.
pub const CALLS: usize = 3;

/// One measure's books.
pub struct Book {
    began: Instant,
    pages: Vec<Page>,
    /// Third calls that were made, of different alerts.
    pub completed: AtomicU64,
    /// Calls that nobody ordered: for a number or a step that does not exist.
    pub strangers: AtomicU64,
}

/// One alert. Times are microseconds since the beginning, plus one; 0 means that it did not happen.
#[derive(Default)]
struct Page {
    planned: AtomicU64,
    acknowledged: AtomicU64,
    calls: [AtomicU64; CALLS],
    keys: [AtomicU64; CALLS],
    repeats: AtomicU32,
    other_keys: AtomicU32,
}

/// Times of one kind, sorted.
pub struct Delays(Vec<Duration>);

impl Book {
    pub fn new(alerts: usize) -> Self {
        let pages = std::iter::repeat_with(Page::default).take(alerts).collect();
        Self { began: Instant::now(), pages, completed: AtomicU64::new(0), strangers: AtomicU64::new(0) }
    }

    /// An alert is due at this moment, whether or not anybody is free to send it.
    pub fn plan(&self, number: u64, at: Instant) {
        self.page(number).planned.store(self.stamp(at), Ordering::Relaxed);
    }

    pub fn acknowledge(&self, number: u64) {
        self.page(number).acknowledged.store(self.stamp(Instant::now()), Ordering::Relaxed);
    }

    /// The target was called: step 0, 1 or 2 for an alert, with the digest of the key.
    pub fn call(&self, number: u64, step: usize, key: u64) {
        let Some(page) = self.pages.get(usize::try_from(number).unwrap_or(usize::MAX)).filter(|_| step < CALLS) else {
            self.strangers.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let now = self.stamp(Instant::now());
        if page.calls[step].compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            page.repeats.fetch_add(1, Ordering::Relaxed);
            if page.keys[step].load(Ordering::Relaxed) != key {
                page.other_keys.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        page.keys[step].store(key, Ordering::Relaxed);
        if step == CALLS - 1 {
            self.completed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// From the moment that an alert was due until it was acknowledged.
    pub fn acknowledgements(&self) -> Delays {
        self.delays(|page| &page.planned, |page| &page.acknowledged)
    }

    /// From the moment that an alert was due until that call of its run.
    pub fn until_call(&self, step: usize) -> Delays {
        self.delays(|page| &page.planned, |page| &page.calls[step])
    }

    /// From the acknowledgement until the last call, for the first so many alerts that were acknowledged.
    pub fn from_acknowledgement(&self, first: usize) -> Delays {
        let mut pages: Vec<&Page> =
            self.pages.iter().filter(|page| page.acknowledged.load(Ordering::Relaxed) > 0).collect();
        pages.sort_by_key(|page| page.acknowledged.load(Ordering::Relaxed));
        pages.truncate(first);
        let made = pages.into_iter().map(|page| {
            let (from, to) = (page.acknowledged.load(Ordering::Relaxed), page.calls[CALLS - 1].load(Ordering::Relaxed));
            if to == 0 { Duration::MAX } else { Duration::from_micros(to.saturating_sub(from)) }
        });
        Delays::from(made.collect::<Vec<_>>())
    }

    /// Calls that were made again, and how many of them with another key.
    pub fn repeats(&self) -> (u64, u64) {
        let sum = |field: fn(&Page) -> &AtomicU32| {
            self.pages.iter().map(|page| u64::from(field(page).load(Ordering::Relaxed))).sum()
        };
        (sum(|page| &page.repeats), sum(|page| &page.other_keys))
    }

    fn delays(&self, from: fn(&Page) -> &AtomicU64, to: impl Fn(&Page) -> &AtomicU64) -> Delays {
        let read = |time: &AtomicU64| time.load(Ordering::Relaxed);
        let made = self.pages.iter().filter(|page| read(from(page)) > 0 && read(to(page)) > 0);
        Delays::from(
            made.map(|page| Duration::from_micros(read(to(page)).saturating_sub(read(from(page))))).collect::<Vec<_>>(),
        )
    }

    fn page(&self, number: u64) -> &Page {
        &self.pages[usize::try_from(number).unwrap()]
    }

    fn stamp(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_micros()).unwrap() + 1
    }
}

impl From<Vec<Duration>> for Delays {
    fn from(mut delays: Vec<Duration>) -> Self {
        delays.sort();
        Self(delays)
    }
}

impl Delays {
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The delay that so many of a hundred do not exceed; zero if there are none.
    pub fn percentile(&self, percent: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() as f64 * percent / 100.0) as usize;
        self.0.get(at.min(last)).copied().unwrap_or_default()
    }
}
