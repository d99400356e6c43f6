//! What a restored store needs before it serves: a word in its history, and a freeze if anything in it could act.
//!
//! A backup does not know what was done after it was made. A call that it says is under way is in doubt like any other
//! after a crash; but one that it says is still to be made may have been made long ago, and nothing can tell. So nothing
//! outside is called until a person has looked at the open runs and thaws.

use jiff::Timestamp;
use serde_json::json;

use crate::domain::{Actor, Hold};
use crate::store::{Agents as _, Commit, CommitError, ReadError, Row, RunLog as _, Store, Subject, Writer as _};

use super::freeze::Freeze;

/// Why a restored store could not be made ready.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RestoredError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What a restored store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredState {
    /// Whether runs in it are not over.
    pub runs_open: bool,
    /// Whether calls to the outside are stopped until a person thaws.
    pub frozen: bool,
    /// The holds that stand in it.
    pub holds: Vec<Hold>,
}

/// Makes a restored store ready to serve. Calls are stopped if runs are open, unless they shall `go_on`.
pub async fn settle_restored(
    store: &Store,
    by: &Actor,
    at: Timestamp,
    backup: &str,
    go_on: bool,
) -> Result<RestoredState, RestoredError> {
    let runs_open = !store.open_runs(None, 1).await?.is_empty();
    let frozen = runs_open && !go_on;
    let body = json!({ "backup": backup, "frozen": frozen });
    let (subject, actor) = (Subject::Daemon, by.clone());
    let mut rows = vec![Row::Event { subject, at, actor, kind: "restored", body }];
    if frozen {
        let reason = format!("restored from {backup}: look at the open runs, what they will do may have been done");
        rows.extend(Freeze { frozen, reason, by: by.clone(), at }.rows());
    }
    store.commit(Commit { guards: Vec::new(), rows }).await?;
    Ok(RestoredState { runs_open, frozen, holds: store.holds().await? })
}
