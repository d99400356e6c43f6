//! How often, how long and when again: tries, holds and looks for an effect.
//!
//! Everything that waits has a bound here. What an action brings of its own is the default.

use std::time::Duration;

use crate::domain::HoldLevel;
use crate::playbook::keys::words;
use crate::playbook::{ActionKind, ActionSpec, HoldEnd, HoldRule, Retry, VerifyRule, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::report::Report;

/// The most looks after the first.
const RECHECKS_MAX: usize = 10;
/// How a step is tried again, if it does not say.
const RETRY: Retry =
    Retry { attempts_max: 3, exponential: true, initial: Duration::from_secs(1), max: Duration::from_secs(30) };

/// When a call that certainly was not applied is tried again.
pub(super) fn retry(report: &mut Report, step: &Fields<'_>) -> Retry {
    let Some(node) = step.get("retry") else { return RETRY };
    let Some(fields) = Fields::open(report, &node, &keys::RETRY) else { return RETRY };
    let attempts = fields.get("max_attempts").and_then(|node| node.count(report, &(1..=keys::ATTEMPTS_MAX)));
    let backoff = fields.get("backoff").and_then(|node| node.word(report, &words::BACKOFF));
    let initial = fields.get("initial").and_then(|node| node.duration(report)).unwrap_or(RETRY.initial);
    let max = fields.get("max").and_then(|node| node.duration(report)).unwrap_or(RETRY.max.max(initial));
    if initial > max {
        report
            .error_at_key(&fields.at("initial"), codes::DURATION, "the first pause is longer than the longest")
            .hint("raise `max`, or lower `initial`");
    }
    Retry {
        attempts_max: attempts.unwrap_or(RETRY.attempts_max),
        exponential: backoff.unwrap_or(RETRY.exponential),
        initial,
        max,
    }
}

/// The hold of a step whose action places one.
pub(super) fn hold(report: &mut Report, step: &Fields<'_>, spec: &ActionSpec) -> Option<HoldRule> {
    let ActionKind::Hold(level) = spec.kind else {
        let hint = "it belongs to actions that place a hold, such as `agent.pause`";
        step.refuse(report, &["hold", "on_hold_end"], &format!("on `{}`", spec.name), hint);
        return None;
    };
    let after = step.get("hold").and_then(|node| node.duration(report));
    if level == HoldLevel::Retired {
        let hint = "a retired agent stays retired until a person lifts it";
        step.refuse(report, &["hold", "on_hold_end"], &format!("on `{}`", spec.name), hint);
    } else if !step.has("hold") {
        let hint = "add `hold:` with the time after which it applies, such as `8h`";
        step.refuse(report, &["on_hold_end"], "on a hold without an end", hint);
    }
    let on_end = step.get("on_hold_end").and_then(|node| node.word(report, &words::ON_HOLD_END));
    Some(HoldRule { level, after, on_end: on_end.unwrap_or(HoldEnd::Ask) })
}

/// How the effect of a step is looked for, if its action brings a probe.
pub(super) fn verify(report: &mut Report, step: &Fields<'_>, spec: &ActionSpec) -> Option<VerifyRule> {
    let Some(node) = step.get("verify") else {
        return spec.proves.then(|| VerifyRule { within: spec.prove_within, rechecks: Vec::new() });
    };
    if !spec.proves {
        step.refuse(report, &["verify"], &format!("on `{}`: it brings no probe", spec.name), "remove it");
    }
    let fields = Fields::open(report, &node, &keys::VERIFY)?;
    let within = fields.get("within").and_then(|node| node.duration(report)).unwrap_or(spec.prove_within);
    let rechecks = fields.get("recheck").map(|node| rechecks(report, &node)).unwrap_or_default();
    Some(VerifyRule { within, rechecks })
}

fn rechecks(report: &mut Report, node: &Node<'_>) -> Vec<Duration> {
    let items = node.one_or_more();
    if items.len() > RECHECKS_MAX {
        report.rule(&node.pointer, codes::LIMIT, format!("an effect is looked for again at most {RECHECKS_MAX} times"));
    }
    let found: Vec<Duration> = items.iter().filter_map(|item| item.duration(report)).collect();
    if !found.is_sorted_by(|left, right| left < right) {
        report
            .rule(&node.pointer, codes::DURATION, "the times do not ascend")
            .hint("each is counted from the moment the effect was seen, so write them in order: [10m, 1h]");
    }
    found
}
