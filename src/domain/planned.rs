//! The steps of a pinned plan, read back from its JSON.
//!
//! A plan is kept as the very JSON that its digest is over, so that it can be compared for ever; whoever words or checks
//! it reads it here and nowhere else. A field that is missing is empty: a plan of another version is shown with less, and
//! is never a reason to fail. Nothing here knows how plans are made or shown.

use serde_json::Value;

use super::action::Impact;
use super::approval::Plan;
use super::ids::HoldId;

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep<'a> {
    /// Its path, e.g. `pause` or `revoke[2]`.
    pub path: &'a str,
    /// Its action, e.g. `agent.pause`.
    pub action: &'a str,
    /// How strong it is, as the plan has it.
    pub impact: &'a str,
    /// The playbook that it runs, and in which version.
    pub runs: Option<(&'a str, &'a str)>,
    /// What it would restore; `None` if it is no undo.
    pub undoes: Option<Vec<Undone<'a>>>,
    /// All of it.
    pub body: &'a Value,
}

/// A step whose effect a plan would restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its action.
    pub action: &'a str,
    /// The hold that it placed.
    pub hold: Option<HoldId>,
    /// Holds that its run took over from another, which are lifted together with its own.
    pub taken_over: Vec<HoldId>,
}

impl Undone<'_> {
    /// Whether this hold would be lifted.
    #[must_use]
    pub fn lifts(&self, hold: HoldId) -> bool {
        // What was taken over is lifted with a hold of the run's own, and not with what placed none.
        self.hold.is_some_and(|own| own == hold || self.taken_over.contains(&hold))
    }
}

impl Plan {
    /// Its steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = PlannedStep<'_>> {
        list(&self.body, "steps").map(PlannedStep::of)
    }
}

impl<'a> PlannedStep<'a> {
    fn of(body: &'a Value) -> Self {
        let runs = body.get("runs").map(|runs| (text(runs, "playbook"), text(runs, "version")));
        let undoes = body.get("undoes").map(|_| list(body, "undoes").map(Undone::of).collect());
        Self {
            path: text(body, "step"),
            action: text(body, "action"),
            impact: text(body, "impact"),
            runs,
            undoes,
            body,
        }
    }

    /// Whether it has this impact.
    #[must_use]
    pub fn has(&self, impact: Impact) -> bool {
        self.impact == impact.as_str()
    }
}

impl<'a> Undone<'a> {
    fn of(line: &'a Value) -> Self {
        let id = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
        Self {
            path: text(line, "step"),
            action: text(line, "action"),
            hold: line.get("hold").and_then(id),
            taken_over: list(line, "inherited_holds").filter_map(id).collect(),
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_read_back_and_what_it_lacks_is_empty() {
        let (own, other) = (HoldId::generate(Timestamp::UNIX_EPOCH), HoldId::generate(Timestamp::UNIX_EPOCH));
        let undoes = json!([
            { "step": "pause", "action": "agent.pause", "hold": own, "inherited_holds": [other] },
            { "step": "revoke", "action": null, "hold": null, "inherited_holds": [other] },
        ]);
        let steps = json!([
            { "step": "resume", "action": "undo", "impact": "release", "undoes": undoes },
            { "step": "wipe", "impact": "destroy", "runs": { "playbook": "wipe-all" } },
            7,
        ]);
        let plan = Plan::new(json!({ "steps": steps }));
        let read: Vec<PlannedStep<'_>> = plan.steps().collect();
        assert_eq!((read[0].path, read[0].action, read[0].runs), ("resume", "undo", None));
        assert!(read[0].has(Impact::Release) && read[1].has(Impact::Destroy));
        let undone = read[0].undoes.as_ref().unwrap();
        assert_eq!((undone[0].path, undone[0].action), ("pause", "agent.pause"));
        assert!(undone[0].lifts(own) && undone[0].lifts(other));
        assert!(!undone[1].lifts(other), "nothing is lifted with what placed no hold");
        assert_eq!((read[1].action, read[1].runs, read[1].undoes.is_none()), ("", Some(("wipe-all", "")), true));
        assert_eq!((read[2].path, read[2].impact), ("", ""));
        assert_eq!(Plan::new(json!(null)).steps().count(), 0);
    }
}
