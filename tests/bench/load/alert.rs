//! The alerts that are sent: about 1 KB each, every one different, spread evenly over the agents of the inventory.

/// The rule that the measured playbook matches.
pub const STARTS_A_RUN: &str = "bench-run";
/// A rule that no playbook matches.
pub const STARTS_NOTHING: &str = "bench-record";
/// A rule whose playbooks wait for hours.
pub const WAITS: &str = "bench-wait";
/// A rule whose playbook makes a call that is never answered.
pub const HOLDS: &str = "bench-hold";

/// The id of an agent of the inventory.
pub fn agent(number: u64) -> String {
    format!("agent-{number:05}")
}

/// The body of the alert of that number; alerts of one number in different series differ.
pub fn body(series: &str, number: u64, rule: &str, agents: u64) -> String {
    let agent = agent(number % agents);
    format!(
        r#"{{"id":"{agent}/{rule}/{series}/{number}","rule":"{rule}","title":"{agent} spends far above its baseline (number {number})","severity":"high","status":"firing","agent":"{agent}","group":"spend","resources":["openai/gpt","ledger-7"],"labels":{{"environment":"production","region":"eu-central-1","team":"payments","cluster":"prod-7","namespace":"agents","pod":"{agent}-6f7c9d8b5d-x2x9z"}},"fields":{{"number":"{number}","requests_per_minute":1187,"baseline_per_minute":41,"window_seconds":300,"cost_microdollars":91827364,"model":"large-2026-09","tool_calls":["ledger.read","ledger.write","mail.send","files.list"],"detail":"{DETAIL}"}}}}"#
    )
}

const DETAIL: &str = "The agent made calls to the ledger and to the mail system at a rate that is twenty-nine times its \
baseline of the last thirty days. The calls began four minutes after a change of its prompt, which nobody has reviewed \
yet. No maintenance window is announced.";
