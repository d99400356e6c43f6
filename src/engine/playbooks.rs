//! The playbooks that serve, and every version that a run may still be on.
//!
//! A folder is reloaded whole or not at all for each file: a broken file keeps its last good version serving, and its
//! diagnostics are kept to be shown. Where the playbooks together run each other in a way that can't be, the whole folder is
//! refused. A version is stored before it may start a run, together with the fact of what changed.

mod change;
mod family;
pub mod record;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Digest, PlaybookName};
use crate::language::{Diagnostic, Level, Source};
use crate::playbook::{Approvals, Catalogue, Playbook, compile_stored, read_folder};
use crate::store::{Commit, CommitError, Playbooks, ReadError, Row, Store, Writer};

pub use change::{Cause, Changed, Named, PlaybookChange};
pub use record::{Occasion, PlaybookRefusal, RefusedAt};

use change::{Set, Version};
use record::Recorded;

/// Why a playbook version can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LibraryError {
    /// The store does not have it.
    #[error("failed to find playbook version {0}: the store does not have it")]
    Missing(Digest),
    /// It no longer compiles: the actions that it names have changed, or its text is damaged.
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
    /// Whether the folder was refused as a whole, and what served before goes on serving.
    pub refused_whole: bool,
    /// What serves differently than before, if anything does.
    pub change: Option<PlaybookChange>,
    /// Every fault and warning.
    pub diagnostics: Vec<Diagnostic>,
    /// The files as they were read, to show faults in them.
    pub sources: Vec<Source>,
}

/// Reads the approvals of the configuration again; nothing where that has faults, which it tells.
type ReadApprovals = Box<dyn Fn() -> Option<Approvals> + Send + Sync>;

/// The playbooks of a daemon.
pub struct Library {
    catalogue: Catalogue,
    /// The approvals that playbooks are compiled with from now on.
    approvals: ArcSwap<Approvals>,
    read_approvals: Option<ReadApprovals>,
    folder: PathBuf,
    serving: ArcSwap<BTreeMap<PlaybookName, Arc<Playbook>>>,
    /// Of those, the ones that a repeat of an alert can start again: repeats come often, and must not look at all.
    rerunning: ArcSwap<Vec<Arc<Playbook>>>,
    /// Versions that were used or found broken, with the first fault of those: neither changes while the process lives.
    pinned: Mutex<HashMap<Digest, Result<Arc<Playbook>, String>>>,
    /// Loaded by one at a time, so that every change is told once. Whether anything was loaded yet.
    turn: tokio::sync::Mutex<bool>,
}

impl Library {
    /// An empty library over a folder.
    #[must_use]
    pub fn new(catalogue: Catalogue, folder: PathBuf) -> Self {
        let approvals = ArcSwap::from_pointee(catalogue.approvals().clone());
        Self {
            catalogue,
            approvals,
            read_approvals: None,
            folder,
            serving: ArcSwap::default(),
            rerunning: ArcSwap::default(),
            pinned: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
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

    /// The playbooks that serve and can be started again by a repeat of an alert, in order of name.
    #[must_use]
    pub fn rerunning(&self) -> Arc<Vec<Arc<Playbook>>> {
        self.rerunning.load_full()
    }

    /// Has the approvals read again whenever the playbooks are loaded again, whoever asks for that. `None` leaves them as
    /// they were. Versions that runs are on keep theirs.
    #[must_use]
    pub fn reading_approvals(mut self, read: impl Fn() -> Option<Approvals> + Send + Sync + 'static) -> Self {
        self.read_approvals = Some(Box::new(read));
        self
    }

    /// Reads the folder for the first time in this process: [`Library::reload`] because the daemon started.
    pub async fn load(&self, store: &Store, now: Timestamp) -> Result<Loaded, LoadError> {
        self.reload(store, &Occasion::system(Cause::Start), now).await
    }

    /// Reads the folder and serves what compiles. What no longer compiles keeps the version that served last: from memory,
    /// or after a restart from the store. What changed, and why something was refused, goes into the daemon's history.
    pub async fn reload(&self, store: &Store, occasion: &Occasion, now: Timestamp) -> Result<Loaded, LoadError> {
        let mut turn = self.turn.lock().await;
        if let Some(approvals) = self.read_approvals.as_ref().filter(|_| *turn).and_then(|read| read()) {
            self.approvals.store(Arc::new(approvals));
        }
        let recorded = Recorded::read(store).await?;
        let (mut loaded, serving) = self.read(store, recorded.as_ref(), *turn).await?;
        let set: Set = serving.iter().map(|(name, playbook)| (name.clone(), Version::from(&**playbook))).collect();
        let before: Set = if *turn {
            self.serving().iter().map(|(name, playbook)| (name.clone(), Version::from(&**playbook))).collect()
        } else {
            recorded.as_ref().map(|recorded| recorded.set.clone()).unwrap_or_default()
        };
        loaded.change = PlaybookChange::between(&before, &set, occasion.cause, store.replica());
        if let Some(change) = &mut loaded.change {
            Self::compare(store, change, &serving).await?;
        }
        let mut rows: Vec<Row> = serving.values().map(|playbook| version_row(playbook, now)).collect();
        let noted = Recorded { set, refusal: record::refusal_digest(&loaded) };
        rows.extend(record::rows(&loaded, &noted, recorded.as_ref(), (occasion, store.replica(), now)));
        store.commit(Commit { guards: Vec::new(), rows }).await?;
        if let Some(change) = &loaded.change {
            record::announce(change, &occasion.by);
        }
        loaded.serving = serving.len();
        self.remember(serving.values());
        let rerunning = serving.values().filter(|playbook| playbook.rerun_when.is_some());
        self.rerunning.store(Arc::new(rerunning.cloned().collect()));
        self.serving.store(Arc::new(serving));
        *turn = true;
        Ok(loaded)
    }

    /// What would serve, and what is wrong with the folder.
    async fn read(
        &self,
        store: &Store,
        recorded: Option<&Recorded>,
        loaded_before: bool,
    ) -> Result<(Loaded, BTreeMap<PlaybookName, Arc<Playbook>>), ReadError> {
        let catalogue = self.catalogue.clone().with_approvals(Approvals::clone(&self.approvals.load()));
        let read = read_folder(&self.folder, &catalogue);
        let mut broken = read.broken;
        let mut serving: BTreeMap<PlaybookName, Arc<Playbook>> =
            read.playbooks.into_iter().map(|playbook| (playbook.name.clone(), Arc::new(playbook))).collect();
        let mut loaded = Loaded { diagnostics: read.diagnostics, sources: read.sources, ..Loaded::default() };
        let faulty = loaded.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        let mut last = if faulty { self.last_set(store, recorded, loaded_before).await? } else { None };
        let kept: Vec<_> = last.iter().flatten().filter(|(_, playbook)| is_broken(playbook, &loaded)).collect();
        for (name, playbook) in kept {
            if let Entry::Vacant(slot) = serving.entry(name.clone()) {
                broken.remove(name);
                loaded.kept.push(name.clone());
                slot.insert(playbook.clone());
            }
        }
        let found = crate::playbook::family(serving.values().map(|playbook| &**playbook), &broken);
        // A folder that can't be read says nothing of what should serve.
        let folder = self.folder.display().to_string();
        let is_whole = |fault: &Diagnostic| fault.file == folder;
        let error = |fault: &&Diagnostic| fault.level == Level::Error;
        let torn = found.iter().any(|fault| error(&fault)) || loaded.diagnostics.iter().filter(error).any(is_whole);
        loaded.diagnostics.extend(found);
        if torn {
            loaded.refused_whole = true;
            if !faulty {
                last = self.last_set(store, recorded, loaded_before).await?;
            }
            serving = last.unwrap_or_else(|| family::without_faults(serving, broken));
            loaded.kept = serving.keys().cloned().collect();
        }
        Ok((loaded, serving))
    }

    /// A version that a run is on. It was accepted when the run began; what is only forbidden by now does not keep the run
    /// from going on.
    pub async fn pinned(&self, store: &Store, digest: &Digest) -> Result<Arc<Playbook>, LibraryError> {
        let broken = |reason| LibraryError::Broken { digest: *digest, reason };
        if let Some(known) = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return known.clone().map_err(broken);
        }
        let version = store.playbook(digest).await?.ok_or(LibraryError::Missing(*digest))?;
        let source = Source { name: format!("version {}", digest.prefix()), text: version.text };
        let compiled = compile_stored(&source, &self.catalogue, digest, version.approvals.as_ref());
        let found = compiled.map_err(|faults| first_error(&faults)).map(|(playbook, found)| {
            if found.iter().any(|fault| fault.level == Level::Error) {
                let (name, version, reason) = (&playbook.name, digest.prefix(), first_error(&found));
                tracing::warn!(playbook.name = %name, playbook.version = %version, reason, "a rule forbids this version by now; runs that are on it go on, and none begins with it");
            }
            Arc::new(playbook)
        });
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).insert(*digest, found.clone());
        found.map_err(broken)
    }

    /// What a stored version is compiled with to serve again: the actions of now, and the approvals that it came with.
    fn catalogue_of(&self, approvals: Option<&Value>) -> Catalogue {
        self.catalogue.clone().with_approvals(Approvals::pinned(approvals))
    }

    fn remember<'a>(&self, playbooks: impl Iterator<Item = &'a Arc<Playbook>>) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.extend(playbooks.map(|playbook| (playbook.digest, Ok(playbook.clone()))));
    }
}

fn version_row(playbook: &Playbook, now: Timestamp) -> Row {
    Row::Playbook {
        digest: playbook.digest,
        name: playbook.name.clone(),
        text: playbook.text.to_string(),
        approvals: playbook.approvals.clone(),
        at: now,
    }
}

/// The first error in words, with its code, its line in the stored text and its hint.
fn first_error(faults: &[Diagnostic]) -> String {
    let Some(fault) = faults.iter().find(|fault| fault.level == Level::Error) else { return String::new() };
    let line = fault.span.map(|span| format!(", line {}", span.line)).unwrap_or_default();
    let hint = fault.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{}{line}: {}{hint}", fault.code, fault.message)
}

/// Whether the file of a playbook that served last is broken now: the same file, or another one that names it.
fn is_broken(playbook: &Playbook, loaded: &Loaded) -> bool {
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    let mut files = errors.map(|diagnostic| diagnostic.file.as_str());
    let named = |file: &str| {
        let source = loaded.sources.iter().find(|source| source.name == file);
        source.is_some_and(|source| names_playbook(&source.text, playbook.name.as_str()))
    };
    files.any(|file| file == playbook.file || named(file))
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
