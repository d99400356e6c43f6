//! What the message says of the agent: evidence, which others resolve against the inventory.

use super::caps;
use super::rule::{Rule, View};
use crate::domain::alert::Claimed;

/// Where the agent is named.
#[derive(Debug, Default)]
pub(super) struct AgentRules {
    pub(super) id: Option<Rule>,
    pub(super) instance: Option<Rule>,
    pub(super) name: Option<Rule>,
}

impl AgentRules {
    pub(super) fn read(&self, view: &mut View) -> Claimed {
        let claimed = Claimed {
            id: view.key(self.id.as_ref()),
            instance: view.key(self.instance.as_ref()),
            name: view.text(self.name.as_ref()).map(|name| caps::cut(&name, caps::KEY_BYTES_MAX).to_owned()),
        };
        if let Some(rule) = self.id.as_ref().filter(|_| claimed == Claimed::default()) {
            view.say(format!("no field {}: the alert names no agent", rule.place()));
        }
        claimed
    }
}
