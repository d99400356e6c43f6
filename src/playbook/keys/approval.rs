//! The keys of a request to people.

use super::key::{Key, Section, Takes};
use super::words;

const IDENTITIES: [(&str, &str); 4] = words::shown(&words::IDENTITIES);
const ON_TIMEOUT: [(&str, &str); 3] = words::shown(&words::ON_TIMEOUT);
const REASON_MODES: [(&str, &str); 2] = words::shown(&words::REASON_MODES);

/// The most votes that a threshold may ask for.
pub const VOTES_MAX: u32 = 50;

/// `approval`.
pub static APPROVAL: Section = Section {
    name: "approval",
    help: "A request to people. Silence never releases and never destroys. What it leaves out, the configuration may fill: `approvals` by name, `default_approval` for all.",
    keys: &[
        Key::new("use", Takes::Name, "an approval of the configuration, for what is left out here")
            .default("`default_approval` of the configuration alone fills what is left out"),
        Key::new("ask", Takes::Template, "the question, in your own words; needed, here or in the configuration"),
        Key::new("releases", Takes::StepNames, "later steps that are held back until people approve"),
        Key::new("approvers", Takes::People, "who may vote").default("owner"),
        Key::new("exclude", Takes::People, "who may not"),
        Key::new("thresholds", Takes::Sections(&THRESHOLD), "how many of whom decide; any one that is reached does")
            .default("one approval, or one rejection"),
        Key::new("prevent_self_review", Takes::Flag, "whether whoever started the run never votes").default("true"),
        Key::new("reason", Takes::Section(&REASON), "whether a decision needs a reason").default("required"),
        Key::new("identity", Takes::Words(&IDENTITIES), "how sure we must be of a voter")
            .default("link; api before a step that destroys"),
        Key::new("timeout", Takes::Duration, "how long people have; needed, here or in the configuration"),
        Key::new("on_timeout", Takes::Words(&ON_TIMEOUT), "what silence does")
            .default("reject; escalate before a step that contains or destroys"),
        Key::new("valid_for", Takes::Duration, "how long a decision holds until it is carried out").default("10m"),
        Key::new("escalate_to", Takes::People, "who is asked besides, when silence escalates").default("fallback"),
    ],
    reserved: &["form", "reminders", "escalation", "channels"],
};

/// An item of `thresholds`.
pub static THRESHOLD: Section = Section {
    name: "threshold",
    help: "How many of whom decide.",
    keys: &[
        Key::new("approve", Takes::Count(1, VOTES_MAX), "how many approvals decide").default("1"),
        Key::new("reject", Takes::Count(1, VOTES_MAX), "how many rejections decide").default("1"),
        Key::new("from", Takes::People, "whose votes count").default("every approver"),
    ],
    reserved: &["all_of"],
};

/// `reason`.
pub static REASON: Section = Section {
    name: "reason",
    help: "The reason of a decision, kept in the history.",
    keys: &[
        Key::new("mode", Takes::Words(&REASON_MODES), "whether one must be given").default("required"),
        Key::new("prompt", Takes::Text, "what it should answer"),
    ],
    reserved: &[],
};
