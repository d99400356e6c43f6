//! Playbooks that run each other, as a daemon serves them: which versions a run may start, and what is left to serve when
//! they do not fit together.
//!
//! A run is given the versions of everything that its steps may run when it begins, and its steps run nothing else. So a
//! person who approves such a step decides about a text that can't change under them, and what was approved is neither
//! held up nor changed by an edit on disk.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use crate::domain::{Digest, PlaybookName, Run};
use crate::language::{Level, Source};
use crate::playbook::{Playbook, compile, descendants, family};
use crate::store::{Playbooks as _, ReadError, Store};

use super::change::PlaybookChange;
use super::record::Recorded;
use super::{Library, LibraryError};

type Serving = BTreeMap<PlaybookName, Arc<Playbook>>;

impl Library {
    /// The versions that serve now of everything that a run of this playbook may start, directly or in turn.
    #[must_use]
    pub fn versions_of(&self, playbook: &Playbook) -> BTreeMap<PlaybookName, Digest> {
        let serving = self.serving();
        let names = descendants(playbook, |name| serving.get(name).map(|playbook| &**playbook));
        names.into_iter().filter_map(|name| Some((name.clone(), serving.get(name)?.digest))).collect()
    }

    /// Those of a run's versions that a child of it may start in turn.
    pub(in crate::engine) fn versions_within(
        &self,
        child: &Playbook,
        versions: &BTreeMap<PlaybookName, Digest>,
    ) -> BTreeMap<PlaybookName, Digest> {
        let known: Serving =
            versions.iter().filter_map(|(name, digest)| Some((name.clone(), self.remembered(digest)?))).collect();
        let names = descendants(child, |name| known.get(name).map(|playbook| &**playbook));
        names.into_iter().filter_map(|name| Some((name.clone(), *versions.get(name)?))).collect()
    }

    /// A version that was used in this process before.
    pub(in crate::engine) fn remembered(&self, digest: &Digest) -> Option<Arc<Playbook>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(digest)?.clone().ok()
    }

    /// Whether a version was found not to compile: in this process it never will, because its actions stay what they are.
    fn is_known_broken(&self, digest: &Digest) -> bool {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(digest).is_some_and(Result::is_err)
    }

    /// The version that a run is on; those that its steps may run are remembered as well, so that they can be started
    /// without waiting. One of those that can't be used fails only the step that wants it; where it can't be read at the
    /// moment, nothing is decided.
    pub async fn of_run(&self, store: &Store, run: &Run) -> Result<Arc<Playbook>, LibraryError> {
        for (name, digest) in &run.versions {
            if self.is_known_broken(digest) {
                continue;
            }
            match self.pinned(store, digest).await {
                Ok(_) => {}
                Err(error @ LibraryError::Read(ReadError::Unavailable { .. })) => return Err(error),
                Err(error) => {
                    tracing::error!(run.id = %run.id, playbook.name = %name, %error, "a playbook that the run may start can't be used");
                }
            }
        }
        self.pinned(store, &run.digest).await
    }

    /// What served last: in this process, or before it by the record. `None` if nothing ever did.
    pub(super) async fn last_set(
        &self,
        store: &Store,
        recorded: Option<&Recorded>,
        loaded_before: bool,
    ) -> Result<Option<Serving>, ReadError> {
        if loaded_before {
            return Ok(Some(Serving::clone(&self.serving())));
        }
        let Some(recorded) = recorded else { return Ok(None) };
        let mut last = Serving::new();
        for (name, version) in &recorded.set {
            let Some(stored) = store.playbook(&version.digest).await? else { continue };
            let source = Source { name: version.file.clone(), text: stored.text };
            match compile(&source, &self.catalogue_of(stored.approvals.as_ref())) {
                Ok((playbook, _)) => drop(last.insert(name.clone(), Arc::new(playbook))),
                Err(faults) => {
                    let reason = faults.first().map(|fault| fault.message.as_str()).unwrap_or_default();
                    tracing::error!(playbook.name = %name, reason, "the version that served last no longer compiles");
                }
            }
        }
        Ok(Some(last))
    }

    /// Adds the texts of what changed; the text before stands in the store.
    pub(super) async fn compare(store: &Store, change: &mut PlaybookChange, now: &Serving) -> Result<(), ReadError> {
        let mut before = BTreeMap::new();
        for changed in &change.changed {
            if let Some(stored) = store.playbook(&changed.from).await? {
                before.insert(changed.playbook.clone(), stored.text);
            }
        }
        change.compare(|name| Some((before.get(name)?.as_str(), &*now.get(name)?.text)));
        Ok(())
    }
}

/// Those that can serve although others can't: without the playbooks at fault, and without what would run those.
pub(super) fn without_faults(mut serving: Serving, mut broken: BTreeMap<PlaybookName, String>) -> Serving {
    loop {
        let found = family(serving.values().map(|playbook| &**playbook), &broken);
        let faulty =
            |playbook: &Playbook| found.iter().any(|fault| fault.level == Level::Error && fault.file == playbook.file);
        let out: Vec<PlaybookName> = serving.values().filter(|one| faulty(one)).map(|one| one.name.clone()).collect();
        if out.is_empty() {
            return serving;
        }
        for name in out {
            broken.extend(serving.remove(&name).map(|playbook| (name, playbook.file.clone())));
        }
    }
}
