//! Notices that a folder of playbooks changed: at once where the system says so, and otherwise by looking.
//!
//! The system follows what was opened and not the path: a folder that is replaced, mounted over or made later is seen only
//! by looking at the path again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// A folder as it was looked at: which one it is, and the name, age and size of what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    folder: (u64, u64),
    files: BTreeMap<OsString, (Option<SystemTime>, u64, u64)>,
}

impl Snapshot {
    /// Looks at a folder; `None` if there is none that can be read.
    pub fn of(path: &Path) -> Option<Self> {
        let identity = std::fs::metadata(path).ok()?;
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(path).ok()? {
            let entry = entry.ok()?;
            // What a link leads to counts: an orchestrator replaces that and leaves the link.
            let Ok(found) = std::fs::metadata(entry.path()) else { continue };
            files.insert(entry.file_name(), (found.modified().ok(), found.len(), found.ino()));
        }
        Some(Self { folder: (identity.dev(), identity.ino()), files })
    }
}

/// A folder that is watched.
pub(super) struct Watch {
    folder: PathBuf,
    every: Duration,
    bell: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    /// The folder that the system watches.
    watched: Option<(u64, u64)>,
    seen: Option<Snapshot>,
    /// The last complaint, so that it is not repeated every time.
    complaint: String,
}

impl Watch {
    /// A watch that also looks for itself every so often. The bell may be rung by others too.
    pub fn new(folder: &Path, every: Duration, bell: Arc<Notify>) -> Self {
        let mut new = Self {
            folder: folder.to_owned(),
            every,
            bell,
            watcher: None,
            watched: None,
            seen: None,
            complaint: String::new(),
        };
        new.seen();
        new
    }

    /// Takes the folder as it is now for known; whether it can be read.
    pub fn seen(&mut self) -> bool {
        self.seen = Snapshot::of(&self.folder);
        self.follow();
        self.seen.is_some()
    }

    /// Ready when the folder changed, or somebody rang.
    pub async fn changed(&mut self) {
        loop {
            tokio::select! {
                () = self.bell.notified() => return,
                () = tokio::time::sleep(self.every) => {}
            }
            if Snapshot::of(&self.folder) != self.seen {
                return;
            }
            self.follow();
        }
    }

    /// Lets the system watch the folder that is at the path now.
    fn follow(&mut self) {
        let there = self.seen.as_ref().map(|seen| seen.folder);
        if there == self.watched && there.is_some() {
            return;
        }
        let ring = self.bell.clone();
        let told = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.kind.is_access() => {}
            Ok(_) => ring.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "a change of the playbooks may have been missed; they are looked at");
                ring.notify_one();
            }
        };
        let watching = notify::recommended_watcher(told).and_then(|mut watcher| {
            watcher.watch(&self.folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let complaint = match watching {
            Ok(watcher) => {
                (self.watcher, self.watched) = (Some(watcher), there);
                String::new()
            }
            Err(error) => {
                (self.watcher, self.watched) = (None, None);
                error.to_string()
            }
        };
        if complaint != self.complaint && !complaint.is_empty() {
            let (folder, every_seconds) = (self.folder.display(), self.every.as_secs());
            tracing::warn!(
                error = complaint, %folder, every_seconds,
                "the folder of the playbooks can't be watched; it is looked at every so often"
            );
        }
        self.complaint = complaint;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn changes(watch: &mut Watch) {
        tokio::time::timeout(PATIENCE, watch.changed()).await.expect("the change is noticed");
        watch.seen();
    }

    #[tokio::test]
    async fn a_folder_that_appears_later_and_one_that_is_replaced_are_watched() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("playbooks");
        let mut watch = Watch::new(&folder, Duration::from_millis(20), Arc::default());
        assert!(!watch.seen());
        std::fs::create_dir(&folder).unwrap();
        changes(&mut watch).await;
        std::fs::write(folder.join("a.yaml"), "one").unwrap();
        changes(&mut watch).await;
        let other = root.path().join("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::rename(&folder, root.path().join("old")).unwrap();
        std::fs::rename(&other, &folder).unwrap();
        changes(&mut watch).await;
        while Snapshot::of(&folder) != watch.seen {
            changes(&mut watch).await;
        }
        // Looking is out of the way now: only the system can tell.
        watch.every = PATIENCE * 10;
        std::fs::write(folder.join("b.yaml"), "two").unwrap();
        changes(&mut watch).await;
    }

    #[test]
    fn a_file_of_the_same_name_and_size_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, new) = (folder.path().join("a.yaml"), folder.path().join("a.new"));
        std::fs::write(&path, "one").unwrap();
        std::fs::write(&new, "two").unwrap();
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::File::options().write(true).open(&new).unwrap().set_modified(time).unwrap();
        let before = Snapshot::of(folder.path());
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&new, &path).unwrap();
        let after = Snapshot::of(folder.path()).unwrap();
        assert_eq!(after.files.len(), 1);
        assert_ne!(before.unwrap().files.get(path.file_name().unwrap()), after.files.get(path.file_name().unwrap()));
    }
}
