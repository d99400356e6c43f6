//! How much one source may cause before others have said the same.

use std::time::Duration;

use crate::domain::Impact;

/// How many sources must speak of an agent before a playbook does all that it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corroborate {
    /// How many different sources; at least 2.
    pub sources: u32,
    /// In which time after the run began. What still waits then is not done.
    pub within: Duration,
    /// What is done until then.
    pub until_then: UntilThen,
}

/// What is done before a playbook is corroborated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UntilThen {
    /// Nothing.
    Observe,
    /// Telling people.
    Notify,
    /// What can be taken back.
    Contain,
}

impl UntilThen {
    /// Whether what is this strong may be done.
    #[must_use]
    pub const fn covers(self, impact: Impact) -> bool {
        match (self, impact) {
            (Self::Notify | Self::Contain, Impact::Notify) | (Self::Contain, Impact::Contain) => true,
            (Self::Observe, _) | (Self::Notify, Impact::Contain) | (_, Impact::Destroy | Impact::Release) => false,
        }
    }
}
