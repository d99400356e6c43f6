//! The real daemon killed, frozen and cut off under load, and what its callers and its target wrote down meanwhile.
//!
//! Nothing here asks the daemon what it counted: the senders keep a book of what they were told, the target keeps one of
//! what it was asked, and the two are compared with what the API and `fsck` show in the end.

mod books;
mod cycles;
mod database;
mod syncs;
mod zombie;

use std::time::Duration;

use serde_json::json;

use crate::harness::daemon::Setup;
use crate::harness::target::Target;

/// How long anything may take that a daemon does by itself, after a lease and a few looks around.
const LIMIT: Duration = Duration::from_secs(90);

/// How long a replica may be silent in these tests.
const LEASE: &str = "3s";

/// Calls that are sent again with the same key: two of them, one after the other.
const KEYED: &str = "keyed";
/// A call that is never sent twice, and one that is.
const ONCE: &str = "once";
/// A call after which a person is asked, and one that the approval lets happen.
const ASKED: &str = "asked";

/// A daemon's files: playbooks that call the target, and no word about where it keeps things.
fn calling(target: &Target) -> Setup {
    let connection = json!({ "connector": "http", "base_url": target.url(), "networks": ["127.0.0.0/8"] });
    let keyed = format!("{}{}{}", head(KEYED), call("first", "keyed", ""), call("second", "keyed", ""));
    let once = format!("{}{}{}", head(ONCE), call("once", "none", ""), call("after", "keyed", ""));
    let approval = "        approval: { ask: \"May it go on?\", timeout: 1h }\n";
    let asked = format!("{}{}{}", head(ASKED), call("before", "keyed", ""), call("approved", "keyed", approval));
    Setup::new()
        .without_playbooks()
        .set("/connections/target", connection)
        .set("/limits/lease", json!(LEASE))
        .playbook(KEYED, &keyed)
        .playbook(ONCE, &once)
        .playbook(ASKED, &asked)
}

/// The head of a playbook that serves the rule of its own name.
fn head(name: &str) -> String {
    format!(
        "playbook: {name}\nmode: enforce\nmatch: {{ when: \"alert.rule == '{name}'\" }}\n\
         incident: {{ on_new_alert: ignore }}\nstages:\n"
    )
}

/// A stage with one call, to `/STEP/NUMBER` of the target.
fn call(step: &str, protection: &str, more: &str) -> String {
    format!(
        "  - stage: stage_{step}\n    steps:\n      - step: {step}\n        action: http.call\n        impact: notify\n        \
         protection: {protection}\n        timeout: 60s\n        with:\n          connection: target\n          \
         method: POST\n          url: \"/{step}/{{{{alert.fields.number}}}}\"\n          json: {{}}\n{more}"
    )
}
