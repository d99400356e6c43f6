//! The agents that are known, and which of them an alert means.
//!
//! What an alert claims is evidence and not identity: a claim is resolved by exact match alone, and one that fits two
//! agents resolves to neither, because containing the wrong agent is worse than asking a person. Where the entries come
//! from is not known here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use crate::domain::agent::Agent;
use crate::domain::alert::Claimed;
use crate::domain::directory::Directory;
use crate::domain::names::AgentId;

/// Every known agent, and the people who answer for them.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    agents: BTreeMap<AgentId, Arc<Agent>>,
    /// Agents by alias; `None` where two share one.
    aliases: BTreeMap<String, Option<Arc<Agent>>>,
    /// Agents by the name that people read; `None` where two share one.
    names: BTreeMap<String, Option<Arc<Agent>>>,
    directory: Directory,
}

impl Inventory {
    /// An inventory of these agents. Of two with the same id the first stays.
    #[must_use]
    pub fn new(agents: Vec<Agent>, directory: Directory) -> Self {
        let mut inventory = Self { directory, ..Self::default() };
        for agent in agents {
            let Entry::Vacant(slot) = inventory.agents.entry(agent.id.clone()) else { continue };
            let agent = Arc::clone(slot.insert(Arc::new(agent)));
            for alias in &agent.aliases {
                add(&mut inventory.aliases, alias, &agent);
            }
            add(&mut inventory.names, &agent.name, &agent);
        }
        inventory
    }

    /// The agent that an alert means: by its id, then by an alias of that id, then by the name it shows. Only what is
    /// exactly equal counts, and an id that is unknown is not overruled by a name.
    #[must_use]
    pub fn resolve(&self, claimed: &Claimed) -> Option<Arc<Agent>> {
        match (claimed.id.as_deref(), claimed.name.as_deref()) {
            (Some(id), _) => self.named(id),
            (None, Some(name)) => self.named(name),
            (None, None) => None,
        }
    }

    fn named(&self, text: &str) -> Option<Arc<Agent>> {
        if let Some(agent) = self.agents.get(text) {
            return Some(Arc::clone(agent));
        }
        if let Some(agent) = self.aliases.get(text) {
            return agent.clone();
        }
        self.names.get(text).cloned().flatten()
    }

    /// The agent of this id.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<Arc<Agent>> {
        self.agents.get(id).cloned()
    }

    /// Every agent, in the order of ids.
    pub fn agents(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values()
    }

    /// The people.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

fn add(index: &mut BTreeMap<String, Option<Arc<Agent>>>, name: &str, agent: &Arc<Agent>) {
    match index.entry(name.to_owned()) {
        Entry::Vacant(slot) => {
            slot.insert(Some(Arc::clone(agent)));
        }
        Entry::Occupied(mut slot) => {
            if slot.get().as_ref().is_none_or(|other| other.id != agent.id) {
                slot.insert(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(id: &str, name: &str, aliases: &[&str]) -> Agent {
        Agent {
            name: name.to_owned(),
            known: true,
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            ..Agent::unknown(AgentId::parse(id).unwrap())
        }
    }

    fn resolved(inventory: &Inventory, id: Option<&str>, name: Option<&str>) -> Option<String> {
        let claimed = Claimed { id: id.map(str::to_owned), instance: None, name: name.map(str::to_owned) };
        inventory.resolve(&claimed).map(|agent| agent.id.to_string())
    }

    fn inventory() -> Inventory {
        let agents = vec![
            agent("billing-bot", "Billing", &["spiffe:prod/billing", "shared", "billing-bot"]),
            agent("mail-bot", "Billing", &["shared", "Mail", "Mail"]),
            agent("Billing-2", "billing-bot", &[]),
            agent("mail-bot", "A second entry", &["ghost"]),
        ];
        Inventory::new(agents, Directory::default())
    }

    #[test]
    fn an_id_wins_over_an_alias_and_an_alias_over_a_name() {
        let inventory = inventory();
        assert_eq!(resolved(&inventory, Some("billing-bot"), None).as_deref(), Some("billing-bot"));
        assert_eq!(resolved(&inventory, Some("spiffe:prod/billing"), None).as_deref(), Some("billing-bot"));
        assert_eq!(resolved(&inventory, None, Some("Mail")).as_deref(), Some("mail-bot"));
        assert_eq!(resolved(&inventory, None, Some("Billing-2")).as_deref(), Some("Billing-2"));
    }

    #[test]
    fn only_what_is_exactly_equal_counts() {
        let inventory = inventory();
        for claim in ["BILLING-BOT", "billing-bot ", "billing", "billing-bot\u{200b}", ""] {
            assert_eq!(resolved(&inventory, Some(claim), None), None, "{claim:?}");
        }
        assert_eq!(resolved(&inventory, None, None), None);
    }

    #[test]
    fn an_unknown_id_is_not_overruled_by_a_known_name() {
        assert_eq!(resolved(&inventory(), Some("stranger"), Some("Mail")), None);
    }

    #[test]
    fn a_name_that_two_agents_share_means_neither() {
        assert_eq!(resolved(&inventory(), Some("shared"), None), None);
        assert_eq!(resolved(&inventory(), None, Some("Billing")), None);
    }

    #[test]
    fn agents_are_listed_once_in_the_order_of_ids() {
        let inventory = inventory();
        let ids: Vec<_> = inventory.agents().map(|agent| agent.id.to_string()).collect();
        assert_eq!(ids, ["Billing-2", "billing-bot", "mail-bot"]);
        assert_eq!(inventory.agent(&AgentId::parse("mail-bot").unwrap()).unwrap().name, "Billing");
        assert_eq!(resolved(&inventory, Some("ghost"), None), None);
    }
}
