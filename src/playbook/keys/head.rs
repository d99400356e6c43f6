//! The keys of a playbook's head and of its stages.

use super::key::{Key, Section, Takes};
use super::start::{MATCH, SCHEDULE, SILENCE};
use super::step::STEP;
use super::words;

/// The most agents that a budget may let through.
pub const BUDGET_MAX: u32 = 100_000;
/// The most variables of a playbook.
pub const VARIABLES_MAX: usize = 64;

const MODES: [(&str, &str); 2] = words::shown(&words::MODES);
const ON_NEW_ALERT: [(&str, &str); 3] = words::shown(&words::ON_NEW_ALERT);
const OVER: [(&str, &str); 1] = words::shown(&words::OVER);
const ORDERS: [(&str, &str); 2] = words::shown(&words::ORDERS);

/// The whole file.
pub static HEAD: Section = Section {
    name: "playbook",
    help: "A playbook: which alerts it takes, how far it may go, and what it does.",
    keys: &[
        Key::new("playbook", Takes::Name, "its name, unique in a daemon").required(),
        Key::new("title", Takes::Text, "one line for people").default("the name"),
        Key::new("owner", Takes::Person, "who answers for this playbook: user:NAME, group:NAME or fallback")
            .default("fallback"),
        Key::new("mode", Takes::Words(&MODES), "whether it acts").default("observe"),
        Key::new("match", Takes::Section(&MATCH), "which alerts start it; needed unless it has a schedule"),
        Key::new("schedule", Takes::Section(&SCHEDULE), "when it starts by itself, besides or instead of `match`"),
        Key::new("for_each_agent", Takes::Condition, "over `agent`: the agents that its schedule starts a run for"),
        Key::new("silence", Takes::OneOrMore(&SILENCE), "windows of time in which it starts nothing"),
        Key::new("incident", Takes::Section(&INCIDENT), "what further alerts about the same subject do"),
        Key::new(
            "rerun_when",
            Takes::Condition,
            "over `alert`, `agent`, `incident`, `last` and `now`: when an alert of an incident starts it again after its last run for it is over; then repeats of an alert can start it, too",
        )
        .default("a repeat of an alert starts nothing, a further alert does"),
        Key::new("budget", Takes::Section(&BUDGET), "how many agents it may contain in a window without a person"),
        Key::new("timeout", Takes::Duration, "how long a run may take"),
        Key::new("vars", Takes::Variables, "values with names, evaluated in this order, once, when a run begins"),
        Key::new("stages", Takes::Sections(&STAGE), "its stages: each starts when the one before has settled")
            .required(),
    ],
    reserved: &[],
};

/// `incident`.
pub static INCIDENT: Section = Section {
    name: "incident",
    help: "What a further alert about the same subject does to a run under way.",
    keys: &[
        Key::new("key", Takes::Value, "text over `alert` and `agent` that the alerts of one incident have in common")
            .default("agent.id"),
        Key::new("on_new_alert", Takes::Words(&ON_NEW_ALERT), "what a further alert does").default("join"),
    ],
    reserved: &[],
};

/// `budget`.
pub static BUDGET: Section = Section {
    name: "budget",
    help: "How many agents the playbook may contain in a window. Over it, people get one request a window, which lists the agents. Nothing is dropped.",
    keys: &[
        Key::new("contain", Takes::Count(1, BUDGET_MAX), "how many agents").required(),
        Key::new("per", Takes::Duration, "in which window").required(),
        Key::new("over", Takes::Words(&OVER), "what happens over it").default("approve"),
    ],
    reserved: &[],
};

/// An item of `stages`.
pub static STAGE: Section = Section {
    name: "stage",
    help: "A stage: steps that belong together. The next stage starts when they have settled.",
    keys: &[
        Key::new("stage", Takes::Name, "its name, unique in the playbook").required(),
        Key::new("when", Takes::Condition, "when it is gone through at all").default("always"),
        Key::new("mode", Takes::Words(&ORDERS), "whether its steps start together").default("parallel"),
        Key::new("timeout", Takes::Duration, "how long it may take; then waits fail, and calls are left to settle"),
        Key::new("steps", Takes::Sections(&STEP), "its steps").required(),
    ],
    reserved: &[],
};
