//! Counters against guessing and flooding: in memory, a minute at a time, bounded in size.
//!
//! They only ever slow down whoever guesses. A link with its code is always answered, so that nobody can lock people
//! out of an approval by guessing from their network or by sending a link without its code.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

/// How long a count goes on.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The most counters that are kept; the oldest give way.
const KEYS_MAX: u64 = 100_000;

/// What an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Unknown tokens and receipts a minute and address.
    pub unknown_tokens_per_minute: u32,
    /// Proven decisions a minute and person.
    pub decisions_per_minute: u32,
    /// Entries without a code or a reason, a minute, link and address.
    pub incomplete_tries_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unknown_tokens_per_minute: 10, decisions_per_minute: 30, incomplete_tries_per_minute: 30 }
    }
}

/// Where a guess came from: an IPv4 address, or the /64 that one customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Network(IpAddr);

impl Network {
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

/// Counts by key, a minute at a time.
pub(super) struct PerMinute<K> {
    most: u32,
    counts: Cache<K, (Timestamp, u32)>,
}

impl<K: Hash + Eq + Send + Sync + 'static> PerMinute<K> {
    pub fn new(most: u32) -> Self {
        let counts = Cache::builder().max_capacity(KEYS_MAX).time_to_idle(Duration::from_mins(2)).build();
        Self { most, counts }
    }

    /// Counts one more; whether it is still within the limit.
    pub fn take(&self, key: K, now: Timestamp) -> bool {
        let entry = self.counts.entry(key).and_upsert_with(|known| match known.map(moka::Entry::into_value) {
            Some((since, count)) if now.duration_since(since) < WINDOW => (since, count.saturating_add(1)),
            _ => (now, 1),
        });
        entry.into_value().1 <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_for_a_minute_and_for_one_key_only() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        let counter = PerMinute::new(2);
        assert!(counter.take("ana", now) && counter.take("ana", now));
        assert!(!counter.take("ana", now));
        assert!(counter.take("ben", now));
        assert!(!counter.take("ana", now + SignedDuration::from_secs(59)));
        assert!(counter.take("ana", now + SignedDuration::from_secs(60)));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_counter() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
