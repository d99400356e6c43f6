//! What actions do, as a tired person reads it: "Pause the agent Support bot", not "agent.pause".
//!
//! The machine's own actions have verbs; those of connectors stand with the names that the playbook gives them, because a
//! verb of ours could promise what a connector does not do. What exactly is done stands in the plan below.

use std::fmt;

use crate::machine::notice::one_line;

/// The longest name that fits on a button.
const BUTTON_NAME_CHARACTERS_MAX: usize = 32;

/// The agents that a decision is about.
pub(super) enum Whom {
    One(String),
    Each(usize),
}

impl Whom {
    /// One agent by its name, or several by their number.
    pub fn of(name: &str, agents: usize) -> Self {
        if agents > 1 { Self::Each(agents) } else { Self::One(shortened(name)) }
    }

    /// The same, where it is said what kind of thing the name means.
    fn the_agent(&self) -> String {
        match self {
            Self::One(name) => format!("the agent {name}"),
            Self::Each(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(name) => f.pad(name),
            Self::Each(agents) => write!(f, "each of the {agents} agents"),
        }
    }
}

/// Actions in words.
pub(super) struct Deeds {
    /// What has a verb: to do it, and that it is done.
    verbs: Vec<(&'static str, &'static str)>,
    /// The names of what has none.
    others: Vec<String>,
}

impl Deeds {
    /// The words for these actions. One that is named twice is said once.
    pub fn of(actions: &[String]) -> Self {
        let (mut verbs, mut others) = (Vec::new(), Vec::new());
        for action in actions {
            match verb(action) {
                Some(verb) if !verbs.contains(&verb) => verbs.push(verb),
                None if !others.contains(action) => others.push(action.clone()),
                Some(_) | None => {}
            }
        }
        Self { verbs, others }
    }

    /// The button for yes.
    pub fn button(&self, agent: &Whom) -> String {
        let others = self.others.join(", ");
        match (self.to_do().as_str(), others.as_str()) {
            ("", others) => format!("Do {others} for {agent}"),
            (verbs, "") => format!("{} {}", capitalised(verbs), agent.the_agent()),
            (verbs, others) => format!("{} {} and do {others}", capitalised(verbs), agent.the_agent()),
        }
    }

    /// The button for no.
    pub fn refusal(&self, agent: &Whom) -> String {
        let it = match agent {
            Whom::One(_) => "it",
            Whom::Each(_) => "any of them",
        };
        match self.to_do().as_str() {
            verbs if !verbs.is_empty() && self.others.is_empty() => format!("Don't {verbs} {it}"),
            _ => "Don't do it".to_owned(),
        }
    }

    /// What yes does.
    pub fn done(&self, agent: &Whom) -> String {
        let others = self.others.join(", ");
        match (self.verbs.is_empty(), self.others.is_empty()) {
            (true, _) => format!("{others} is done to {agent}."),
            (false, true) => format!("{agent} is {}.", self.are_done()),
            (false, false) => format!("{agent} is {}, and {others} is done.", self.are_done()),
        }
    }

    /// What no does.
    pub fn not_done(&self, agent: &Whom) -> String {
        if self.verbs.is_empty() {
            return format!("{} is not done.", self.others.join(", "));
        }
        let done: Vec<&str> = self.verbs.iter().map(|(_, done)| *done).collect();
        let done = done.join(" or ");
        let verbs = match agent {
            Whom::One(name) => format!("{name} is not {done} by this"),
            Whom::Each(agents) => format!("none of the {agents} agents is {done} by this"),
        };
        if self.others.is_empty() { format!("{verbs}.") } else { format!("{verbs}, and nothing else is done.") }
    }

    fn to_do(&self) -> String {
        let verbs: Vec<&str> = self.verbs.iter().map(|(verb, _)| *verb).collect();
        verbs.join(" and ")
    }

    fn are_done(&self) -> String {
        let verbs: Vec<&str> = self.verbs.iter().map(|(_, done)| *done).collect();
        verbs.join(" and ")
    }
}

fn verb(action: &str) -> Option<(&'static str, &'static str)> {
    match action {
        "agent.pause" => Some(("pause", "paused")),
        "agent.retire" => Some(("retire", "retired")),
        _ => None,
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn shortened(name: &str) -> String {
    let line = one_line(name);
    if line.chars().count() <= BUTTON_NAME_CHARACTERS_MAX {
        return line;
    }
    let mut short: String = line.chars().take(BUTTON_NAME_CHARACTERS_MAX - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(actions: &[&str], agents: usize) -> [String; 4] {
        let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
        let (deeds, whom) = (Deeds::of(&actions), Whom::of("Support bot", agents));
        [deeds.button(&whom), deeds.refusal(&whom), deeds.done(&whom), deeds.not_done(&whom)]
    }

    #[test]
    fn what_is_done_is_said_in_words_that_a_tired_person_reads() {
        let one = [
            "Pause the agent Support bot",
            "Don't pause it",
            "Support bot is paused.",
            "Support bot is not paused by this.",
        ];
        assert_eq!(said(&["agent.pause", "agent.pause"], 1), one);
        let many = [
            "Pause each of the 8 agents",
            "Don't pause any of them",
            "each of the 8 agents is paused.",
            "none of the 8 agents is paused by this.",
        ];
        assert_eq!(said(&["agent.pause"], 8), many);
        let mixed = [
            "Retire the agent Support bot and do okta.clear_sessions",
            "Don't do it",
            "Support bot is retired, and okta.clear_sessions is done.",
            "Support bot is not retired by this, and nothing else is done.",
        ];
        assert_eq!(said(&["agent.retire", "okta.clear_sessions"], 1), mixed);
        let other = [
            "Do okta.clear_sessions for Support bot",
            "Don't do it",
            "okta.clear_sessions is done to Support bot.",
            "okta.clear_sessions is not done.",
        ];
        assert_eq!(said(&["okta.clear_sessions"], 1), other);
    }
}
