//! The playbooks that serve, and every version that a run may still be on.
//!
//! A folder is reloaded whole or not at all for each file: a broken file keeps its last good version serving, and its
//! diagnostics are kept to be shown. A version is stored before it may start a run.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::domain::{Digest, PlaybookName};
use crate::language::{Diagnostic, Level, Source};
use crate::playbook::{Catalogue, Playbook, compile, compile_folder};
use crate::store::{Commit, CommitError, Playbooks, ReadError, Row, Store, Writer};

/// Why a playbook version can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LibraryError {
    /// The store does not have it.
    #[error("failed to find playbook version {0}: the store does not have it")]
    Missing(Digest),
    /// It no longer compiles: the actions that it names have changed.
    #[error("failed to use playbook version {digest}: it no longer compiles: {reason}")]
    Broken {
        /// The version.
        digest: Digest,
        /// The first fault.
        reason: String,
    },
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What a (re)load brought.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// How many playbooks serve now.
    pub serving: usize,
    /// The names that a broken file left on an older version.
    pub kept: Vec<PlaybookName>,
    /// Every fault and warning.
    pub diagnostics: Vec<Diagnostic>,
    /// The files as they were read, to show faults in them.
    pub sources: Vec<Source>,
}

/// The playbooks of a daemon.
pub struct Library {
    catalogue: Catalogue,
    folder: PathBuf,
    serving: ArcSwap<BTreeMap<PlaybookName, Arc<Playbook>>>,
    pinned: Mutex<HashMap<Digest, Arc<Playbook>>>,
}

impl Library {
    /// An empty library over a folder.
    #[must_use]
    pub fn new(catalogue: Catalogue, folder: PathBuf) -> Self {
        Self { catalogue, folder, serving: ArcSwap::default(), pinned: Mutex::default() }
    }

    /// The folder that it reads.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The playbooks that serve, by name.
    #[must_use]
    pub fn serving(&self) -> Arc<BTreeMap<PlaybookName, Arc<Playbook>>> {
        self.serving.load_full()
    }

    /// Reads the folder and serves what compiles. What no longer compiles keeps its last good version: from memory, or
    /// after a restart from the store.
    pub async fn load(&self, store: &Store, now: Timestamp) -> Result<Loaded, LoadError> {
        let read = compile_folder(&self.folder, &self.catalogue);
        let mut serving: BTreeMap<PlaybookName, Arc<Playbook>> =
            read.playbooks.into_iter().map(|playbook| (playbook.name.clone(), Arc::new(playbook))).collect();
        let mut loaded = Loaded { diagnostics: read.diagnostics, sources: read.sources, ..Loaded::default() };
        if loaded.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
            for (name, playbook) in self.last_good(store, &loaded).await? {
                if let Entry::Vacant(slot) = serving.entry(name) {
                    loaded.kept.push(slot.key().clone());
                    slot.insert(playbook);
                }
            }
        }
        let rows = serving.values().map(|playbook| Row::Playbook {
            digest: playbook.digest,
            name: playbook.name.clone(),
            text: playbook.text.to_string(),
            at: now,
        });
        store.commit(Commit { guards: Vec::new(), rows: rows.collect() }).await?;
        loaded.serving = serving.len();
        self.remember(serving.values());
        self.serving.store(Arc::new(serving));
        Ok(loaded)
    }

    /// The last good versions of the files that are broken now.
    async fn last_good(&self, store: &Store, loaded: &Loaded) -> Result<Vec<(PlaybookName, Arc<Playbook>)>, ReadError> {
        let broken: Vec<&str> = loaded
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.level == Level::Error)
            .map(|diagnostic| diagnostic.file.as_str())
            .collect();
        let before = self.serving();
        let in_memory = before.iter().filter(|(_, playbook)| broken.contains(&playbook.file.as_str()));
        let mut found: Vec<(PlaybookName, Arc<Playbook>)> =
            in_memory.map(|(name, playbook)| (name.clone(), playbook.clone())).collect();
        if before.is_empty() {
            // A start with a broken file: only a file whose text still names its playbook can be matched to a version.
            for (name, _, text) in store.newest_playbooks().await? {
                let named = |source: &&Source| {
                    broken.contains(&source.name.as_str()) && names_playbook(&source.text, name.as_str())
                };
                if let Some(file) = loaded.sources.iter().find(named) {
                    let source = Source { name: file.name.clone(), text };
                    if let Ok((playbook, _)) = compile(&source, &self.catalogue) {
                        found.push((name, Arc::new(playbook)));
                    }
                }
            }
        }
        Ok(found)
    }

    /// A version that a run is on.
    pub async fn pinned(&self, store: &Store, digest: &Digest) -> Result<Arc<Playbook>, LibraryError> {
        if let Some(known) = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Ok(known.clone());
        }
        let text = store.playbook_text(digest).await?.ok_or(LibraryError::Missing(*digest))?;
        let source = Source { name: format!("version {}", digest.prefix()), text };
        let (playbook, _) = compile(&source, &self.catalogue).map_err(|faults| LibraryError::Broken {
            digest: *digest,
            reason: faults.first().map(|fault| fault.message.clone()).unwrap_or_default(),
        })?;
        let playbook = Arc::new(playbook);
        self.remember(std::iter::once(&playbook));
        Ok(playbook)
    }

    fn remember<'a>(&self, playbooks: impl Iterator<Item = &'a Arc<Playbook>>) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.extend(playbooks.map(|playbook| (playbook.digest, playbook.clone())));
    }
}

/// Whether a text that may not parse says `playbook: NAME` on a line of its own.
fn names_playbook(text: &str, name: &str) -> bool {
    text.lines()
        .any(|line| line.strip_prefix("playbook:").is_some_and(|rest| rest.trim().trim_matches(['"', '\'']) == name))
}

/// Why the playbooks could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Versions could not be stored.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Versions could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
