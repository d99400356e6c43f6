//! How one plan differs from another that is decided together with it, in a line that a person reads.
//!
//! Each plan is about an agent of its own, so its parameters name that agent: what stands for the agent in both is no
//! difference. Everything else is one, and is shown: a decision is about each plan as it is. Where a line is cut, it says so.

use serde_json::Value;

use crate::domain::approval::Plan;
use crate::domain::planned::PlannedStep;
use crate::domain::{Agent, RunId};
use crate::machine::notice::whole_line;

/// The most characters of one difference.
pub(super) const DIFFERENCE_CHARACTERS_MAX: usize = 240;

/// Names that are shorter say nothing of an agent: they stand in any text by chance.
const NAME_BYTES_MIN: usize = 3;

/// What stands in a text for the agent itself.
const AGENT: &str = "\u{fffc}";

/// A plan and the agent that it is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub run: RunId,
    pub agent: &'a Agent,
    pub plan: &'a Plan,
}

impl About<'_> {
    /// The texts by which its plan names its own agent, the longest first.
    fn own(&self) -> Vec<String> {
        let handles = self.agent.handles.values().flat_map(|handle| handle.references.values().cloned());
        let names = [self.run.to_string(), self.agent.id.to_string(), self.agent.name.clone()];
        let mut own: Vec<String> = handles.chain(names).filter(|name| name.len() >= NAME_BYTES_MIN).collect();
        own.sort_by_key(|name| std::cmp::Reverse(name.len()));
        own
    }
}

/// What this plan does otherwise than the first of its list; `None` where it is the same but for its agent.
pub(super) fn difference(this: About<'_>, first: About<'_>) -> Option<String> {
    let (own, theirs) = (this.own(), first.own());
    let steps = |about: &About<'_>| about.plan.steps().map(|step| shape(&step)).collect::<Vec<String>>();
    let (here, there) = (steps(&this), steps(&first));
    if here != there {
        return Some(cut(&format!("Here it is: {}", here.join(", "))));
    }
    let mut found = Vec::new();
    for (step, other) in this.plan.steps().zip(first.plan.steps()) {
        parameters(&step, &other, &own, &theirs, &mut found);
    }
    let versions = |about: &About<'_>| about.plan.body.get("playbook_versions").cloned();
    if versions(&this) != versions(&first) {
        found.push("the playbooks that it runs have other versions".to_owned());
    }
    (!found.is_empty()).then(|| cut(&format!("Here: {}", found.join("; "))))
}

/// A step without its parameters; which of the items of a list it is about stands beside the agent's name.
fn shape(step: &PlannedStep<'_>) -> String {
    let name = step.path.split_once('[').map_or(step.path, |(name, _)| name);
    let runs = step.runs.map(|(playbook, _)| format!(" {playbook}")).unwrap_or_default();
    format!("{name} ({}{runs}, {})", step.action, step.impact)
}

fn parameters(
    step: &PlannedStep<'_>,
    other: &PlannedStep<'_>,
    own: &[String],
    theirs: &[String],
    found: &mut Vec<String>,
) {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (here, there) = (fields(step.body), fields(other.body));
    for (key, value) in here.iter().filter(|(key, _)| *key != "step") {
        let same = |value: &Value, other: Option<&Value>| {
            other.is_some_and(|other| neutral(value, own) == neutral(other, theirs))
        };
        if same(value, there.get(key)) {
            continue;
        }
        let (Some(given), true) = (value.as_object(), key == "parameters") else {
            found.push(format!("{}: {key} = {}", step.path, short(value)));
            continue;
        };
        let others = there.get(key).map(fields).unwrap_or_default();
        for (name, value) in given.iter().filter(|(name, value)| !same(value, others.get(*name))) {
            found.push(format!("{} with {name} = {}", step.path, short(value)));
        }
        for name in others.keys().filter(|name| !given.contains_key(*name)) {
            found.push(format!("{} without {name}", step.path));
        }
    }
    for key in there.keys().filter(|key| !here.contains_key(*key)) {
        found.push(format!("{} without {key}", step.path));
    }
}

/// A value in which the agent is a place and not a name.
fn neutral(value: &Value, own: &[String]) -> Value {
    match value {
        Value::String(text) => {
            Value::String(own.iter().fold(text.clone(), |text, name| text.replace(name.as_str(), AGENT)))
        }
        Value::Array(items) => items.iter().map(|item| neutral(item, own)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), neutral(value, own))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", whole_line(text)),
        other => whole_line(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    const MORE: &str = "… and more: standdown approvals show";
    let line = whole_line(text);
    if line.chars().count() <= DIFFERENCE_CHARACTERS_MAX {
        return line;
    }
    let kept = DIFFERENCE_CHARACTERS_MAX.saturating_sub(MORE.chars().count());
    line.chars().take(kept).chain(MORE.chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::AgentId;

    use super::*;

    fn between(this: (&str, Value), first: (&str, Value)) -> Option<String> {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let [this, first] = [this, first].map(|(name, steps)| {
            let agent = Agent { name: format!("The {name}"), ..Agent::unknown(AgentId::parse(name).unwrap()) };
            (RunId::generate(at), agent, Plan::new(json!({ "steps": steps })))
        });
        difference(
            About { run: this.0, agent: &this.1, plan: &this.2 },
            About { run: first.0, agent: &first.1, plan: &first.2 },
        )
    }

    fn pause(reason: &str) -> Value {
        json!([{ "step": "pause[1]", "action": "agent.pause", "impact": "contain", "parameters": { "reason": reason } }])
    }

    #[test]
    fn the_agent_itself_is_no_difference_and_everything_else_is_said() {
        assert_eq!(
            between(("bot-1", pause("stop bot-1 (The bot-1)")), ("bot-2", pause("stop bot-2 (The bot-2)"))),
            None
        );
        let said = between(("bot-1", pause("stop bot-2")), ("bot-2", pause("stop bot-2"))).unwrap();
        assert_eq!(said, "Here: pause[1] with reason = \"stop bot-2\"");
        let mut more = pause("x");
        more.as_array_mut().unwrap().push(json!({ "step": "revoke", "action": "okta.revoke", "impact": "contain" }));
        let said = between(("bot-1", more), ("bot-2", pause("x"))).unwrap();
        assert_eq!(said, "Here it is: pause (agent.pause, contain), revoke (okta.revoke, contain)");
        let mut other = pause("x");
        other[0]["action_digest"] = json!("beef");
        other[0]["parameters"] = json!({});
        let said = between(("bot-1", other), ("bot-2", pause("x"))).unwrap();
        assert_eq!(said, "Here: pause[1] without reason; pause[1]: action_digest = \"beef\"");
        let long = between(("bot-1", pause(&"x".repeat(900))), ("bot-2", pause("x"))).unwrap();
        assert_eq!(long.chars().count(), DIFFERENCE_CHARACTERS_MAX);
        assert!(long.ends_with("… and more: standdown approvals show"), "{long}");
    }
}
