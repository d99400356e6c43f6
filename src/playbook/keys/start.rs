//! The keys of what starts a playbook, and of what keeps it from starting.

use super::key::{Key, Section, Takes};
use super::words;

/// The most sources that must have spoken.
pub const SOURCES_MAX: u32 = 10;

const UNTIL_THEN: [(&str, &str); 3] = words::shown(&words::UNTIL_THEN);

/// `match`.
pub static MATCH: Section = Section {
    name: "match",
    help: "Which alerts start the playbook.",
    keys: &[
        Key::new("when", Takes::Condition, "a condition over `alert`, `agent` and `now`").required(),
        Key::new("corroborate", Takes::Section(&CORROBORATE), "how many sources must say the same before it does all"),
    ],
    reserved: &[],
};

/// `corroborate`.
pub static CORROBORATE: Section = Section {
    name: "corroborate",
    help: "How much one source may cause before others have said the same of the agent, by joining the run.",
    keys: &[
        Key::new("sources", Takes::Count(2, SOURCES_MAX), "how many different sources must speak").required(),
        Key::new("within", Takes::Duration, "how long after the run began; what still waits then is not done")
            .required(),
        Key::new("until_then", Takes::Words(&UNTIL_THEN), "what is done before they have spoken").default("notify"),
    ],
    reserved: &[],
};

/// `schedule`.
pub static SCHEDULE: Section = Section {
    name: "schedule",
    help: "When the playbook starts by itself: one run for each agent of `for_each_agent`. Missed times are caught up once.",
    keys: &[
        Key::new(
            "cron",
            Takes::Text,
            "minute, hour, day of the month, month and day of the week, the last by name, as in `0 6 * * MON-FRI`",
        )
        .required(),
        Key::new("timezone", Takes::Text, "whose wall clock it is, such as `Europe/Zurich` or `UTC`").required(),
    ],
    reserved: &[],
};

/// `silence`, or an item of it.
pub static SILENCE: Section = Section {
    name: "silence",
    help: "A window of time, once (`from`, `to`) or again and again (`cron`, `timezone`, `for`), in which nothing is started.",
    keys: &[
        Key::new("because", Takes::Text, "why, for whoever asks what became of an alert").required(),
        Key::new("when", Takes::Condition, "for which alerts and agents, over `alert`, `agent` and `now`")
            .default("all"),
        Key::new("from", Takes::Time, "when it begins"),
        Key::new("to", Takes::Time, "when it ends"),
        Key::new("cron", Takes::Text, "when it begins, as in `schedule`"),
        Key::new("timezone", Takes::Text, "whose wall clock `cron` is, such as `Europe/Zurich` or `UTC`"),
        Key::new("for", Takes::Duration, "how long it is, each time"),
    ],
    reserved: &[],
};
