//! The way of a run's change from the engine to the store, the same for runs that begin and runs that go on.
//!
//! It is a place of its own so that the engine's tests can let a process die, or a caller hear an error, on either side of
//! the commit. Nothing of that is in the program that ships.

use crate::store::{Commit, CommitError, Writer};

use super::Engine;

impl Engine {
    /// Commits changes of runs.
    pub(super) async fn write(&self, commit: Commit) -> Result<(), CommitError> {
        #[cfg(test)]
        let moments = super::tests::fate::of(self).before_the_commit(&commit).await;
        let written = self.inner.store.commit(commit).await;
        #[cfg(test)]
        let written = super::tests::fate::of(self).after_the_commit(moments, written).await;
        written
    }
}

/// What may happen on the way; in the program that ships, nothing.
#[derive(Default)]
pub(super) struct Passage {
    #[cfg(test)]
    pub(super) fate: std::sync::OnceLock<std::sync::Arc<super::tests::fate::Fate>>,
}
