//! What is heard of a call when its run is no longer this replica's, or its attempt has moved on: kept, and nothing else.

use crate::domain::{Actor, EventKind};
use crate::machine::{Call, Entry, Tone};
use crate::store::{Commit, CommitError, LateReply, Row, Writer};

use super::Engine;
use super::live::Claim;

impl Engine {
    /// Writes down what was heard too late. It asks for no claim and changes nothing in the run.
    pub(super) async fn record_late(&self, call: &Call, claim: &Claim, kind: &EventKind) -> Result<(), CommitError> {
        let late = LateReply {
            run: call.run,
            step: call.path.clone(),
            attempt: call.attempt,
            epoch: claim.epoch(),
            replica: claim.replica(),
            at: self.clock().now(),
            kind: kind.as_str().to_owned(),
            outcome: serde_json::to_value(kind).unwrap_or_default(),
        };
        let rows = vec![Row::LateReply(Box::new(late))];
        self.inner.store.commit(Commit { guards: Vec::new(), rows }).await
    }
}

/// A late reply as a line of the run's timeline.
pub(super) fn entry(late: &LateReply) -> Entry {
    let text = format!(
        "heard too late, of try {} under epoch {} by {}; it changed nothing: {}",
        late.attempt,
        late.epoch,
        late.replica,
        heard(late)
    );
    Entry { at: late.at, actor: Actor::System, step: Some(late.step.clone()), text, tone: Tone::Bad }
}

fn heard(late: &LateReply) -> String {
    use crate::domain::event::{CallOutcome, Proof};
    match serde_json::from_value(late.outcome.clone()) {
        Ok(EventKind::AttemptEnded { outcome, .. }) => match outcome {
            CallOutcome::NotSent { reason } => format!("it was not sent: {reason}"),
            CallOutcome::Refused { reason, .. } => format!("it was refused: {reason}"),
            CallOutcome::Ambiguous { reason } => format!("it is not known whether it was applied: {reason}"),
            CallOutcome::Applied { .. } => "it was applied".to_owned(),
            CallOutcome::AlreadyDone { .. } => "it had been done before".to_owned(),
        },
        Ok(EventKind::AttemptChecked { applied, .. }) => match applied {
            Some(true) => "the target says that it was applied".to_owned(),
            Some(false) => "the target says that it was not applied".to_owned(),
            None => "the target could not say whether it was applied".to_owned(),
        },
        Ok(EventKind::AttemptProved { proof, .. } | EventKind::Rechecked { proof, .. }) => match proof {
            Proof::Seen { detail } => format!("its effect was seen: {detail}"),
            Proof::NotSeen { detail } | Proof::Blind { detail } => format!("its effect was not seen: {detail}"),
        },
        _ => late.kind.replace('_', " "),
    }
}
