//! What a step goes through: how its items are found, and which they are, as far as that can be told before it runs.

use serde::Serialize;
use serde_json::Value;

use crate::machine::variables;
use crate::playbook::model::{ForEach, Items};
use crate::rehearsal::performance::Performance;

use super::Occasion;

/// What a step goes through: it is done once for each item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Each {
    /// Where the items come from, as the playbook writes it.
    pub list: String,
    /// The name of one item in the step's parameters.
    pub name: String,
    /// How many at most; where there are more, the rest is left out and the step fails.
    pub at_most: u32,
    /// How many at once.
    pub parallel: u32,
    /// The items, secrets as references; nothing if they can't be told now.
    pub items: Option<Vec<Value>>,
    /// Why they can't be told now.
    pub untold: Option<String>,
}

/// What a step of runs goes through.
pub(super) fn each(each: &ForEach, rehearsed: &[&Performance], occasion: &Occasion<'_>) -> Each {
    let (items, untold) = match items(each, rehearsed, occasion) {
        Ok(items) => (Some(items), None),
        Err(why) => (None, Some(why)),
    };
    Each {
        list: each.list.source().to_owned(),
        name: each.name.clone(),
        at_most: each.at_most,
        parallel: each.parallel,
        items,
        untold,
    }
}

fn items(each: &ForEach, rehearsed: &[&Performance], occasion: &Occasion<'_>) -> Result<Vec<Value>, String> {
    if let Items::Computed(expression) = &each.list {
        if let Some(steps) = expression.reads("steps") {
            let steps: Vec<String> = steps.into_iter().map(|step| format!("`{step}`")).collect();
            let steps = if steps.is_empty() { "steps before it".to_owned() } else { steps.join(", ") };
            return Err(format!("they come of what {steps} will have come to"));
        }
        if occasion.by_hand && expression.reads("alert").is_some() {
            return Err("they come of the alert; name one with --alert FILE".to_owned());
        }
    }
    let first = rehearsed.first().ok_or("no run of this playbook begins here")?;
    each.list.evaluate(&variables(&first.run), occasion.at)
}
