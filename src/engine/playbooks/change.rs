//! What changed between two sets of playbooks: which act now, which came and went, and what was written differently.
//!
//! A playbook that begins to act stands before everything else, because that is what somebody must not overlook. It reads
//! no file and no database: texts come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Mode, PlaybookName, ReplicaId};
use crate::language::unified;
use crate::playbook::Playbook;

/// The most lines of text that are kept of one change.
const LINES_MAX: usize = 200;
/// The most bytes of text that are kept of one change.
const BYTES_MAX: usize = 16 * 1024;

/// Why the playbooks were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The daemon started.
    Start,
    /// Their folder changed.
    FileChange,
    /// The process got the signal SIGHUP.
    Signal,
    /// Somebody asked for it.
    Request,
}

impl Cause {
    /// In words, after "because".
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Start => "the daemon started",
            Self::FileChange => "the folder changed",
            Self::Signal => "the process was told to (SIGHUP)",
            Self::Request => "a person asked for it",
        }
    }
}

/// A playbook as one set has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its version.
    pub digest: Digest,
    /// Whether it acts.
    pub mode: Mode,
    /// The file that it came from.
    pub file: String,
}

impl From<&Playbook> for Version {
    fn from(playbook: &Playbook) -> Self {
        Self { digest: playbook.digest, mode: playbook.mode, file: playbook.file.clone() }
    }
}

/// Playbooks by name.
pub type Set = BTreeMap<PlaybookName, Version>;

/// A playbook that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub playbook: PlaybookName,
    /// Its version.
    pub digest: Digest,
    /// Whether it acts, or acted.
    pub mode: Mode,
}

/// A playbook that has another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its name.
    pub playbook: PlaybookName,
    /// The version before.
    pub from: Digest,
    /// The version now.
    pub to: Digest,
    /// Whether it acted before.
    pub mode_from: Mode,
    /// Whether it acts now.
    pub mode_to: Mode,
}

/// What changed in the playbooks that serve, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookChange {
    /// Why they were read.
    pub cause: Cause,
    /// The replica that read them.
    pub replica: ReplicaId,
    /// Those that act now and did not before.
    #[serde(default)]
    pub now_acting: Vec<PlaybookName>,
    /// Those that acted before and do not now.
    #[serde(default)]
    pub no_longer_acting: Vec<PlaybookName>,
    /// Those that are new.
    #[serde(default)]
    pub added: Vec<Named>,
    /// Those that no longer serve.
    #[serde(default)]
    pub removed: Vec<Named>,
    /// Those that have another version.
    #[serde(default)]
    pub changed: Vec<Changed>,
    /// What was written differently, as a unified comparison; of those that act now first.
    #[serde(default)]
    pub diff: String,
    /// How many lines of the comparison were left off.
    #[serde(default)]
    pub lines_left_off: usize,
}

impl PlaybookChange {
    /// What changed from one set to another, without the texts; `None` if nothing did.
    #[must_use]
    pub fn between(before: &Set, after: &Set, cause: Cause, replica: ReplicaId) -> Option<Self> {
        let acts = |set: &Set, name: &PlaybookName| set.get(name).is_some_and(|it| it.mode == Mode::Enforce);
        let without = |set: &Set, other: &Set| -> Vec<Named> {
            let missing = set.iter().filter(|(name, _)| !other.contains_key(*name));
            missing.map(|(name, it)| Named { playbook: name.clone(), digest: it.digest, mode: it.mode }).collect()
        };
        let changed = after.iter().filter_map(|(name, now)| {
            let was = before.get(name).filter(|was| was.digest != now.digest)?;
            let (mode_from, mode_to) = (was.mode, now.mode);
            Some(Changed { playbook: name.clone(), from: was.digest, to: now.digest, mode_from, mode_to })
        });
        let newly = |set: &Set, other: &Set| -> Vec<PlaybookName> {
            set.keys().filter(|name| acts(set, name) && !acts(other, name)).cloned().collect()
        };
        let change = Self {
            cause,
            replica,
            now_acting: newly(after, before),
            no_longer_acting: newly(before, after),
            added: without(after, before),
            removed: without(before, after),
            changed: changed.collect(),
            diff: String::new(),
            lines_left_off: 0,
        };
        let same = change.added.is_empty() && change.removed.is_empty() && change.changed.is_empty();
        (!same).then_some(change)
    }

    /// Adds what was written differently. `texts` gives the texts before and now of a playbook that changed.
    pub fn compare<'t>(&mut self, texts: impl Fn(&PlaybookName) -> Option<(&'t str, &'t str)>) {
        let mut changed: Vec<&PlaybookName> = self.changed.iter().map(|one| &one.playbook).collect();
        changed.sort_by_key(|name| !self.now_acting.contains(name));
        let lines = changed.into_iter().flat_map(|name| match texts(name) {
            Some((before, now)) if before == now => {
                vec![format!("    {name}: its text is the same; what it is compiled with changed")]
            }
            Some((before, now)) => unified(&format!("{name}.yaml"), before, now),
            None => vec![format!("    {name}: the text before can't be had")],
        });
        let (mut count, mut diff) = (0, String::new());
        let mut left_off = 0;
        for line in lines {
            if left_off > 0 || count == LINES_MAX || diff.len() + line.len() > BYTES_MAX {
                left_off += 1;
                continue;
            }
            count += 1;
            diff.push_str(&line);
            diff.push('\n');
        }
        (self.diff, self.lines_left_off) = (diff, left_off);
    }

    /// One line: how many came, went and changed.
    #[must_use]
    pub fn summary(&self) -> String {
        let parts = [(self.added.len(), "added"), (self.removed.len(), "removed"), (self.changed.len(), "changed")];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests;
