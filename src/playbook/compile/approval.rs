//! A request to people: who may vote, how sure we must be of them, and what silence does.
//!
//! The rules that keep silence and forwarded links from doing harm stand here, not in the machine, so that a playbook
//! that breaks them never runs. How strong the steps behind the request are comes from the outline.

use std::time::Duration;

use serde_json::Value;

use crate::domain::approval::OnTimeout;
use crate::domain::{Assurance, Impact, Principal, StepName};
use crate::language::Template;
use crate::playbook::keys::words;
use crate::playbook::{ActionKind, ApprovalSpec, Approvals, Threshold, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::{Outline, StepOutline};
use super::report::Report;
use super::scope::Scope;
use super::{named, threshold};

/// What an alert has that its sender did not write freely.
const OWN_ALERT_FIELDS: [&str; 6] = ["id", "source", "status", "severity", "occurred_at", "received_at"];
/// From a decision to its execution, if the playbook does not say.
const VALID_FOR: Duration = Duration::from_mins(10);

/// What a request stands before.
pub(super) enum Subject {
    /// Nobody knows yet: the request stands in the configuration.
    Unknown,
    /// Steps of a playbook.
    Steps {
        /// Whether it stands before its own action.
        guard: bool,
        /// The steps that it releases.
        names: Vec<StepName>,
        /// How strong they are.
        impacts: Vec<Impact>,
        /// Whether it lets another playbook run, which may do anything.
        runs: bool,
    },
}

impl Subject {
    fn may_destroy(&self) -> bool {
        self.has(Impact::Destroy) || self.runs()
    }

    fn has(&self, impact: Impact) -> bool {
        matches!(self, Self::Steps { impacts, .. } if impacts.contains(&impact))
    }

    const fn runs(&self) -> bool {
        matches!(self, Self::Steps { runs: true, .. })
    }

    fn names(&self) -> &[StepName] {
        match self {
            Self::Unknown => &[],
            Self::Steps { names, .. } => names,
        }
    }
}

/// Everything that a request says, apart from its question, its steps and its deadline.
pub(super) struct Terms {
    approvers: Vec<Principal>,
    exclude: Vec<Principal>,
    thresholds: Vec<Threshold>,
    prevent_self_review: bool,
    reason_required: bool,
    reason_prompt: Option<String>,
    identity: Assurance,
    on_timeout: OnTimeout,
    valid_for: Option<Duration>,
    escalate_to: Vec<Principal>,
}

/// Compiles the request of a step; `step` is the one that asks, or that the request guards.
pub(super) fn compile(
    report: &mut Report,
    scope: &Scope<'_>,
    approvals: &Approvals,
    node: &Node<'_>,
    step: &StepOutline,
) -> Option<ApprovalSpec> {
    let filled = named::fill(report, approvals, node)?;
    let value = Value::Object(filled.keys);
    let whole = Node { value: &value, pointer: node.pointer.clone() };
    let fields = Fields::open(report, &whole, &keys::APPROVAL)?;
    let subject = subject(report, scope, &fields, step);
    let ask = fields.require(report, "ask").and_then(|ask| question(report, scope, &ask));
    let terms = terms(report, &fields, &subject);
    let timeout = timeout(report, &fields, approvals);
    // That nobody is asked besides is no fault of a playbook that says so itself of what was lent.
    let own = |key: &str| fields.has(key) && !filled.lent.contains_key(key);
    if own("escalate_to") && terms.on_timeout != OnTimeout::Escalate {
        report
            .warn_at_key(
                &fields.at("escalate_to"),
                codes::APPROVAL_IDLE,
                "nobody is asked besides: silence does not escalate",
            )
            .hint("add `on_timeout: escalate`, or remove `escalate_to`");
    }
    Some(ApprovalSpec {
        ask: ask?,
        releases: subject.names().to_vec(),
        approvers: terms.approvers,
        exclude: terms.exclude,
        thresholds: terms.thresholds,
        prevent_self_review: terms.prevent_self_review,
        reason_required: terms.reason_required,
        reason_prompt: terms.reason_prompt,
        identity: terms.identity,
        timeout: timeout?,
        on_timeout: terms.on_timeout,
        valid_for: terms.valid_for,
        escalate_to: terms.escalate_to,
        lent: filled.lent,
    })
}

/// Who may vote, how sure we must be of them, and what silence does.
pub(super) fn terms(report: &mut Report, fields: &Fields<'_>, subject: &Subject) -> Terms {
    let (approvers, exclude, thresholds) = voters(report, fields);
    let (reason_required, reason_prompt) = reason(report, fields);
    let identity = identity(report, fields, subject);
    let on_timeout = on_timeout(report, fields, subject);
    let escalate_to = fields.get("escalate_to").map(|node| node.principals(report)).unwrap_or_default();
    let valid_for = match fields.get("valid_for") {
        Some(node) => node.duration(report),
        None => (!subject.names().is_empty()).then_some(VALID_FOR),
    };
    let prevent_self_review = fields.get("prevent_self_review").and_then(|node| node.flag(report)).unwrap_or(true);
    Terms {
        approvers,
        exclude,
        thresholds,
        prevent_self_review,
        reason_required,
        reason_prompt,
        identity,
        on_timeout,
        valid_for,
        escalate_to,
    }
}

/// The question. What the sender of an alert wrote must not stand in it: people would take it for the playbook's words.
pub(super) fn question(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Template> {
    let template = scope.words(report, node)?;
    let shown = template.shown();
    let Some(shown) = shown.iter().find(|names| is_from_outside(scope.outline, names)) else { return Some(template) };
    let message = format!("the question would show `{}`, which whoever sends the alert writes", shown.join("."));
    report
        .rule(&node.pointer, codes::APPROVAL_WORDS, message)
        .hint("ask in words of your own, with {{agent.name}} at most; page and message quote the alert below");
    Some(template)
}

/// Whether the value at a path is what the sender of an alert wrote freely, or holds it.
pub(super) fn is_from_outside(outline: &Outline, names: &[String]) -> bool {
    let mut names = names.iter().map(String::as_str);
    match (names.next(), names.next()) {
        (Some("alert"), field) => !field.is_some_and(|field| OWN_ALERT_FIELDS.contains(&field)),
        (Some("vars"), Some(name)) => outline.is_from_outside(name),
        _ => false,
    }
}

fn subject(report: &mut Report, scope: &Scope<'_>, fields: &Fields<'_>, step: &StepOutline) -> Subject {
    let guard = step.guarded;
    if guard {
        fields.refuse(
            report,
            &["releases"],
            "on an approval before an action",
            "it releases its own action; to release others, write a step with the approval alone",
        );
        let names = StepName::parse(&step.name).into_iter().collect();
        return Subject::Steps { guard, names, impacts: step.impact.into_iter().collect(), runs: runs(step) };
    }
    let (mut names, mut impacts, mut is_running) = (Vec::new(), Vec::new(), false);
    for node in fields.get("releases").map(|node| node.one_or_more()).unwrap_or_default() {
        let Some(name) = node.name(report, StepName::parse) else { continue };
        let Some(released) = scope.outline.named(name.as_str()) else {
            let known = scope.outline.steps.iter().map(|step| step.name.as_str());
            report
                .error(&node.pointer, codes::UNKNOWN_STEP, format!("there is no step `{name}`"))
                .did_you_mean(name.as_str(), known);
            continue;
        };
        if !scope.outline.is_before(step.place, released.place) {
            report
                .error(&node.pointer, codes::RELEASES, format!("step `{name}` does not wait for this approval"))
                .hint("a released step stands in a later stage, or below in a `mode: sequential` stage");
        } else if released.is_action {
            impacts.extend(released.impact);
            is_running |= runs(released);
            names.push(name);
        } else {
            report
                .error(&node.pointer, codes::RELEASES, format!("step `{name}` has no action to release"))
                .hint("release steps with an `action`; for the others use `when: steps.NAME.decision == 'approved'`");
        }
    }
    Subject::Steps { guard, names, impacts, runs: is_running }
}

fn runs(step: &StepOutline) -> bool {
    step.spec.as_ref().is_some_and(|spec| spec.kind == ActionKind::RunPlaybook)
}

fn voters(report: &mut Report, fields: &Fields<'_>) -> (Vec<Principal>, Vec<Principal>, Vec<Threshold>) {
    let approvers = match fields.get("approvers") {
        Some(node) => {
            if node.value.as_array().is_some_and(Vec::is_empty) {
                report
                    .rule(&node.pointer, codes::QUORUM, "nobody may vote")
                    .hint("name somebody, or remove `approvers` to ask the agent's owner");
            }
            node.principals(report)
        }
        None => vec![Principal::Owner],
    };
    let exclude = fields.get("exclude").map(|node| node.principals(report)).unwrap_or_default();
    if !approvers.is_empty() && approvers.iter().all(|approver| exclude.contains(approver)) {
        report
            .rule(&fields.at("exclude"), codes::QUORUM, "everybody who may vote is excluded")
            .hint("name somebody else under `approvers`");
    }
    let thresholds = match fields.get("thresholds") {
        Some(node) => threshold::compile(report, &node, &approvers, &exclude),
        None => vec![Threshold { approve: 1, reject: 1, from: Vec::new() }],
    };
    (approvers, exclude, thresholds)
}

fn reason(report: &mut Report, fields: &Fields<'_>) -> (bool, Option<String>) {
    let Some(node) = fields.get("reason") else { return (true, None) };
    let Some(inner) = Fields::open(report, &node, &keys::REASON) else { return (true, None) };
    let mode = inner.get("mode").and_then(|node| node.word(report, &words::REASON_MODES));
    let prompt = inner.get("prompt").and_then(|node| node.text(report)).map(str::to_owned);
    (mode.unwrap_or(true), prompt)
}

fn identity(report: &mut Report, fields: &Fields<'_>, subject: &Subject) -> Assurance {
    let destroys = subject.may_destroy();
    let default = if destroys { Assurance::Api } else { Assurance::Link };
    let Some(node) = fields.get("identity") else { return default };
    let Some(identity) = node.word(report, &words::IDENTITIES) else { return default };
    match identity {
        Assurance::Login | Assurance::StepUp => {
            report
                .error(&node.pointer, codes::NOT_AVAILABLE, format!("`identity: {identity}` is not available yet"))
                .hint("use `link` or `api`");
        }
        Assurance::Link if destroys => {
            let what = if subject.has(Impact::Destroy) { "a step destroy" } else { "a playbook run that may destroy" };
            let message = format!("a link can be forwarded, and this approval lets {what}");
            report.rule(&node.pointer, codes::IDENTITY, message).hint("write `identity: api`");
        }
        Assurance::Link | Assurance::Api => {}
    }
    identity
}

fn timeout(report: &mut Report, fields: &Fields<'_>, approvals: &Approvals) -> Option<Duration> {
    let Some(node) = fields.get("timeout") else {
        let hint = "add `timeout:` with how long people have, such as `4h`";
        // Perhaps it is there, and nobody showed it to us.
        let elsewhere = if approvals.is_configured() {
            ""
        } else {
            "; or give the configuration whose `default_approval` has one, with `--config FILE`"
        };
        report
            .error_at_key(&fields.pointer, codes::APPROVAL_TIMEOUT, "the approval has no deadline")
            .hint(format!("{hint}{elsewhere}"));
        return None;
    };
    node.duration(report)
}

fn on_timeout(report: &mut Report, fields: &Fields<'_>, subject: &Subject) -> OnTimeout {
    let strong = subject.has(Impact::Contain) || subject.has(Impact::Destroy);
    let guard = matches!(subject, Subject::Steps { guard: true, .. });
    let default = if guard && strong { OnTimeout::Escalate } else { OnTimeout::Reject };
    let Some(node) = fields.get("on_timeout") else { return default };
    let Some(on_timeout) = node.word(report, &words::ON_TIMEOUT) else { return default };
    if on_timeout == OnTimeout::Act {
        let wrong = if subject.has(Impact::Destroy) {
            Some("silence would destroy what can't be restored")
        } else if subject.runs() {
            Some("silence would run another playbook, which may destroy")
        } else if subject.has(Impact::Release) {
            Some("silence would give the agent back what was taken")
        } else if matches!(subject, Subject::Steps { names, .. } if names.is_empty()) {
            Some("there is no step that silence could let go")
        } else {
            None
        };
        if let Some(message) = wrong {
            report
                .rule(&node.pointer, codes::SILENCE, message)
                .hint("write `reject` or `escalate`; `act` is for steps that only contain");
        }
    }
    on_timeout
}
