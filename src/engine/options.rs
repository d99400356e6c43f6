//! What an operator may set of the engine.

use std::collections::BTreeSet;
use std::time::Duration;

use super::retention::Ages;

/// How people can be reached at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether an e-mail channel is configured.
    pub email: bool,
    /// The configured webhooks, by name.
    pub webhooks: BTreeSet<String>,
}

/// Limits and addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many calls may be under way at once.
    pub workers: usize,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
    /// How often every open run is looked at again.
    pub reconcile_every: Duration,
    /// How long what is over is kept.
    pub ages: Ages,
    /// How often runs without an owner are looked for.
    pub take_over_every: Duration,
    /// How people can be reached.
    pub reach: Reach,
    /// Where links point, without a slash at the end; from the configuration, never from a request.
    pub public_url: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workers: 32,
            contained_per_hour: 10,
            reconcile_every: Duration::from_secs(15),
            ages: Ages::default(),
            take_over_every: Duration::from_secs(5),
            reach: Reach::default(),
            public_url: "http://127.0.0.1:8080".to_owned(),
        }
    }
}
