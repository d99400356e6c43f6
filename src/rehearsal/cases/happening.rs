//! What happens in a case after its alert: time passes, people decide, more alerts come.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::approval::Choice;
use crate::domain::event::Resolution;
use crate::domain::{Alert, Assurance, PersonId};
use crate::playbook::{Fields, Node, Report};
use crate::rehearsal::codes;
use crate::rehearsal::place::Place;

use super::expectation::{self, Expectation};
use super::words::{person, step};
use super::{Moment, Setting};

const KEYS: [&str; 13] = [
    "after", "approve", "reject", "escalate", "resolve", "alert", "cancel", "by", "reason", "identity", "as",
    "refused", "expect",
];
const ACTS: [&str; 6] = ["approve", "reject", "escalate", "resolve", "alert", "cancel"];
const IDENTITIES: [(&str, Assurance); 4] =
    [("link", Assurance::Link), ("api", Assurance::Api), ("login", Assurance::Login), ("step_up", Assurance::StepUp)];
const RESOLUTIONS: [(&str, Resolution); 3] =
    [("applied", Resolution::Applied), ("not_applied", Resolution::NotApplied), ("retry", Resolution::Retry)];

/// One thing that happens.
#[derive(Clone, Debug)]
pub struct Happening {
    /// How much time passes before.
    pub after: Option<Duration>,
    /// What somebody does then, if anything.
    pub act: Option<Act>,
    /// That it is refused, and words of the reason.
    pub refused: Option<String>,
    /// How things stand then.
    pub expect: Expectation,
    /// Where it stands in the file.
    pub pointer: String,
}

/// What somebody does.
#[derive(Clone, Debug)]
pub enum Act {
    /// A person votes on the request of a step.
    Vote {
        /// The step that asks.
        step: Place,
        /// Who; the first of those asked, if nobody is named.
        by: Option<PersonId>,
        /// Yes or no.
        choice: Choice,
        /// Why.
        reason: String,
        /// How sure it is that it was they; as sure as the request demands, if left out.
        identity: Option<Assurance>,
    },
    /// A person asks for more people.
    Escalate {
        /// The step that asks.
        step: Place,
        /// Who.
        by: Option<PersonId>,
    },
    /// A person says what became of a call.
    Resolve {
        /// The step.
        step: Place,
        /// What they say.
        resolution: Resolution,
        /// Why.
        reason: String,
    },
    /// A further alert.
    Alert(Arc<Alert>),
    /// A person stops the run.
    Cancel(String),
}

/// Reads `then:`.
pub(super) fn read_all(
    report: &mut Report,
    setting: &Setting<'_>,
    moment: &mut Moment<'_, '_>,
    node: &Node<'_>,
) -> Vec<Happening> {
    let items = node.items(report, "a list of what happens, in order").unwrap_or_default();
    items.iter().filter_map(|item| read(report, setting, moment, item)).collect()
}

fn read(report: &mut Report, setting: &Setting<'_>, moment: &mut Moment<'_, '_>, node: &Node<'_>) -> Option<Happening> {
    let fields = Fields::open_named(report, node, &KEYS, &[])?;
    let after = fields.get("after").and_then(|node| node.duration(report));
    moment.at = after.and_then(|span| moment.at.checked_add(span).ok()).unwrap_or(moment.at);
    let acts: Vec<&str> = ACTS.into_iter().filter(|act| fields.has(act)).collect();
    if let [_, second, ..] = acts.as_slice() {
        let message = "one thing happens after the other";
        report.error_at_key(&fields.at(second), codes::CASE, message).hint("make it an item of its own");
    }
    let act = acts.first().and_then(|act| self::act(report, setting, moment, &fields, act));
    let expect = fields.get("expect").map(|node| expectation::read(report, setting, &node)).unwrap_or_default();
    if acts.is_empty() && !fields.has("after") && !fields.has("expect") {
        let message = "nothing happens here";
        report.error(&node.pointer, codes::CASE, message).hint(format!("add `after:` or one of {}", ACTS.join(", ")));
    }
    let refused = fields.get("refused").and_then(|node| node.text(report)).map(str::to_owned);
    Some(Happening { after, act, refused, expect, pointer: node.pointer.clone() })
}

fn act(
    report: &mut Report,
    setting: &Setting<'_>,
    moment: &mut Moment<'_, '_>,
    fields: &Fields<'_>,
    act: &str,
) -> Option<Act> {
    let node = fields.get(act)?;
    let reason = fields.get("reason").and_then(|node| node.text(report)).unwrap_or("looked at it").to_owned();
    let by = fields.get("by").and_then(|node| person(report, setting, &node));
    let identity = fields.get("identity").and_then(|node| node.word_of(report, &IDENTITIES));
    match act {
        "approve" | "reject" => {
            let choice = if act == "approve" { Choice::Approve } else { Choice::Reject };
            Some(Act::Vote { step: step(report, setting, &node)?, by, choice, reason, identity })
        }
        "escalate" => Some(Act::Escalate { step: step(report, setting, &node)?, by }),
        "resolve" => {
            let resolution = fields.require(report, "as")?.word_of(report, &RESOLUTIONS);
            Some(Act::Resolve { step: step(report, setting, &node)?, resolution: resolution?, reason })
        }
        "cancel" => Some(Act::Cancel(node.text(report)?.to_owned())),
        _ => moment.further_alert(report, &node).map(Act::Alert),
    }
}
