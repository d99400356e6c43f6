//! The result of a call in fewer words, for a run that has no room left for all of them.
//!
//! The machine looks at the room before a call is made, so this is the last resort: that something was done is recorded
//! whatever it answered, because a fact that can't be written down would be taken for a call that was lost.

use serde_json::json;

use crate::domain::EventKind;
use crate::domain::event::{CallOutcome, Proof};

/// The most characters of a text that are kept.
const WORDS_MAX: usize = 200;

/// The same fact with fewer words, if it can be said so. What was only read is taken for not sent.
pub(super) fn smaller(kind: &EventKind) -> Option<EventKind> {
    let left_out = || json!({ "left_out": "too large" });
    let cut = |text: &str| text.chars().take(WORDS_MAX).collect::<String>();
    let less = match kind.clone() {
        EventKind::AttemptPrepared { path, .. } => {
            let reason = "what was there before is more than the run can keep".to_owned();
            EventKind::AttemptEnded { path, outcome: CallOutcome::Refused { reason, retry: false } }
        }
        EventKind::AttemptEnded { path, outcome } => {
            let outcome = match outcome {
                CallOutcome::Applied { .. } => CallOutcome::Applied { output: left_out() },
                CallOutcome::AlreadyDone { .. } => CallOutcome::AlreadyDone { output: left_out() },
                CallOutcome::NotSent { reason } => CallOutcome::NotSent { reason: cut(&reason) },
                CallOutcome::Refused { reason, retry } => CallOutcome::Refused { reason: cut(&reason), retry },
                CallOutcome::Ambiguous { reason } => CallOutcome::Ambiguous { reason: cut(&reason) },
            };
            EventKind::AttemptEnded { path, outcome }
        }
        EventKind::AttemptChecked { path, applied, detail } => {
            EventKind::AttemptChecked { path, applied, detail: cut(&detail) }
        }
        EventKind::AttemptProved { path, proof } => EventKind::AttemptProved { path, proof: briefly(proof, cut) },
        EventKind::Rechecked { path, proof } => EventKind::Rechecked { path, proof: briefly(proof, cut) },
        _ => return None,
    };
    (less != *kind).then_some(less)
}

fn briefly(proof: Proof, cut: impl Fn(&str) -> String) -> Proof {
    match proof {
        Proof::Seen { detail } => Proof::Seen { detail: cut(&detail) },
        Proof::NotSeen { detail } => Proof::NotSeen { detail: cut(&detail) },
        Proof::Blind { detail } => Proof::Blind { detail: cut(&detail) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_stays_what_it_is_and_only_its_words_are_cut() {
        let path: crate::domain::StepPath = "act".parse().unwrap();
        let ended = |outcome| EventKind::AttemptEnded { path: path.clone(), outcome };
        let long = "x".repeat(100_000);
        let less = smaller(&ended(CallOutcome::Applied { output: json!(long) })).unwrap();
        assert_eq!(less, ended(CallOutcome::Applied { output: json!({ "left_out": "too large" }) }));
        assert_eq!(smaller(&less), None, "it can't be said with less");
        let doubt = smaller(&ended(CallOutcome::Ambiguous { reason: long.clone() })).unwrap();
        assert_eq!(doubt, ended(CallOutcome::Ambiguous { reason: "x".repeat(200) }));
        let read = EventKind::AttemptPrepared { path: path.clone(), baseline: None, snapshot: Some(json!(long)) };
        let refused = smaller(&read).unwrap();
        assert!(matches!(refused, EventKind::AttemptEnded { outcome: CallOutcome::Refused { retry: false, .. }, .. }));
        assert_eq!(smaller(&EventKind::Ticked), None);
    }
}
