//! The keys of a step.

use super::approval::APPROVAL;
use super::key::{Key, Section, Takes};
use super::words;

/// The most tries of a step.
pub const ATTEMPTS_MAX: u32 = 20;
/// The most items that a step goes through.
pub const ITEMS_MAX: u32 = 100;

/// The most items that all steps of a playbook go through together: more never fit into what is kept of a run.
pub const ITEMS_OF_RUN_MAX: u32 = 400;

const ON_FAILURE: [(&str, &str); 3] = words::shown(&words::ON_FAILURE);
const ON_HOLD_END: [(&str, &str); 2] = words::shown(&words::ON_HOLD_END);
const IMPACTS: [(&str, &str); 4] = words::shown(&words::IMPACTS);
const PROTECTIONS: [(&str, &str); 4] = words::shown(&words::PROTECTIONS);
const BACKOFF: [(&str, &str); 2] = words::shown(&words::BACKOFF);

/// An item of `steps`.
pub static STEP: Section = Section {
    name: "step",
    help: "A step: an action (with or without an approval before it), an approval alone, or a wait.",
    keys: &[
        Key::new("step", Takes::StepName, "its name, unique in the playbook: letters, digits and `_`").required(),
        Key::new("when", Takes::Condition, "when it is done at all").default("always"),
        Key::new("for_each", Takes::Section(&FOR_EACH), "what its action goes through: it is done once for each item"),
        Key::new("action", Takes::Action, "what it does"),
        Key::new(
            "approval",
            Takes::Named(&APPROVAL),
            "people who must say yes: before the action, or as a step alone; a mapping, or the name of an approval of the configuration",
        ),
        Key::new("wait", Takes::Duration, "lets time pass; the step does nothing else"),
        Key::new("until", Takes::Condition, "on a wait: what ends it; if it does not hold in time, the step fails"),
        Key::new("on_failure", Takes::Words(&ON_FAILURE), "what its failure does to the run").default("continue"),
        Key::new("background", Takes::Flag, "whether the stage goes on without it").default("false"),
        Key::new("with", Takes::Parameters, "the parameters of the action").on_action(),
        Key::new("retry", Takes::Section(&RETRY), "when a call that certainly was not applied is tried again")
            .on_action(),
        Key::new(
            "timeout",
            Takes::Duration,
            "how long one call may take; on `run_playbook`, how long that run is waited for before it is stopped",
        )
        .default("what the action says (at most 10s before the first step that contains), or 7d for `run_playbook`")
        .on_action(),
        Key::new("verify", Takes::Section(&VERIFY), "how the effect is looked for, if the action brings a probe")
            .on_action(),
        Key::new("hold", Takes::Duration, "after how long somebody is asked about the hold; it never ends by time")
            .default("never")
            .on_action(),
        Key::new("on_hold_end", Takes::Words(&ON_HOLD_END), "what the end of that time does")
            .default("ask")
            .on_action(),
        Key::new("impact", Takes::Words(&IMPACTS), "how strong the step is, where the action can't know (`http.call`)")
            .on_action(),
        Key::new(
            "protection",
            Takes::Words(&PROTECTIONS),
            "what may be done when it is unknown whether a call was applied, where the action can't know",
        )
        .default("none, or read for GET and HEAD")
        .on_action(),
        Key::new("irreversible", Takes::Section(&IRREVERSIBLE), "why a step that destroys needs nobody's yes")
            .on_action(),
    ],
    reserved: &[],
};

/// `for_each` of a step.
pub static FOR_EACH: Section = Section {
    name: "for_each",
    help: "What a step goes through. The list is frozen when the step's turn comes; what is left out is said.",
    keys: &[
        Key::new("in", Takes::List, "a list, or a mapping, whose items are `{key, value}`").required(),
        Key::new("as", Takes::Text, "the name of one item in the parameters: small letters, digits and `_`")
            .default("item"),
        Key::new("at_most", Takes::Count(1, ITEMS_MAX), "how many items at most; all steps together at most 400")
            .default("100"),
        Key::new("parallel", Takes::Count(1, ITEMS_MAX), "how many at once").default("100"),
    ],
    reserved: &[],
};

/// `retry`.
pub static RETRY: Section = Section {
    name: "retry",
    help: "When a call that certainly was not applied is tried again. Doubtful calls are never simply repeated.",
    keys: &[
        Key::new("max_attempts", Takes::Count(1, ATTEMPTS_MAX), "how often it is tried in all").default("3"),
        Key::new("backoff", Takes::Words(&BACKOFF), "how the pause grows").default("exponential"),
        Key::new("initial", Takes::Duration, "the first pause").default("1s"),
        Key::new("max", Takes::Duration, "the longest pause").default("30s"),
    ],
    reserved: &[],
};

/// `verify`.
pub static VERIFY: Section = Section {
    name: "verify",
    help: "How the effect of a step is looked for. \"Contained\" is said only of an effect that was seen.",
    keys: &[
        Key::new("within", Takes::Duration, "how long it is looked for").default("what the action says"),
        Key::new("recheck", Takes::Durations, "how long after it was seen it is looked for again; at most 10 times"),
    ],
    reserved: &[],
};

/// `irreversible`.
pub static IRREVERSIBLE: Section = Section {
    name: "irreversible",
    help: "Lets a step destroy without an approval.",
    keys: &[Key::new("because", Takes::Text, "why nobody needs to be asked; shown wherever the step is").required()],
    reserved: &[],
};
