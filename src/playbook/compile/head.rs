//! The head of a playbook: what it is called, who answers for it, which alerts it takes and how far it may go.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::{Digest, Mode, PlaybookName, Principal};
use crate::language::{Expression, Source, Type};
use crate::playbook::keys::words;
use crate::playbook::{
    Body, Budget, Catalogue, Corroborate, Lender, OnAlert, Playbook, Stage, UntilThen, codes, context, keys,
};

use super::fields::Fields;
use super::node::Node;
use super::outline::Outline;
use super::report::Report;
use super::scope::Scope;
use super::{schedule, stage};

/// The condition of a playbook that starts by its schedule alone.
const NEVER: &str = "false";

/// Compiles the whole file.
pub(super) fn compile(
    report: &mut Report,
    source: &Source,
    outline: &Outline,
    catalogue: &Catalogue,
    root: &Node<'_>,
) -> Option<Playbook> {
    let fields = Fields::open(report, root, &keys::HEAD)?;
    let name = fields.require(report, "playbook").and_then(|node| node.name(report, PlaybookName::parse));
    let title = fields.get("title").and_then(|node| node.text(report));
    let owner = owner(report, &fields);
    let mode = fields.get("mode").and_then(|node| node.word(report, &words::MODES));
    let when = condition(report, outline, &fields);
    let corroborate = corroborate(report, &fields);
    let rerun_when = fields.get("rerun_when").and_then(|node| rerun_when(report, outline, &node));
    let timetable = schedule::compile(report, outline, &fields);
    let silences = schedule::silences(report, outline, &fields);
    let on_new_alert = on_new_alert(report, &fields);
    let incident_key = incident_key(report, outline, &fields);
    let budget = fields.get("budget").and_then(|node| budget(report, &node));
    let timeout: Option<Duration> = fields.get("timeout").and_then(|node| node.duration(report));
    let stages = fields.require(report, "stages");
    let stages = stages.map(|node| stage::compile_all(report, outline, catalogue, &node)).unwrap_or_default();
    let approvals = catalogue.approvals().kept(&lenders(&stages));
    let name = name?;
    Some(Playbook {
        title: title.map_or_else(|| name.to_string(), str::to_owned),
        name,
        owner,
        mode: mode.unwrap_or(Mode::Observe),
        digest: version(&source.text, approvals.as_ref()),
        text: source.text.as_str().into(),
        approvals,
        file: source.name.clone(),
        when: when?,
        corroborate,
        rerun_when,
        timetable,
        silences,
        incident_key,
        on_new_alert,
        budget,
        timeout,
        vars: Vec::new(),
        stages,
    })
}

/// What of the configuration fills the approvals of these stages.
fn lenders(stages: &[Stage]) -> BTreeSet<Lender> {
    let asked = stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| match &step.body {
        Body::Approval(approval) => Some(&**approval),
        Body::Action(action) => action.guard.as_deref(),
        Body::Wait(_) => None,
    });
    asked.flat_map(|approval| approval.lent.values().cloned()).collect()
}

/// The version of a text, with what it uses of the configuration's approvals.
pub(super) fn version(text: &str, approvals: Option<&Value>) -> Digest {
    let digest = Digest::of(text.as_bytes());
    match approvals {
        Some(approvals) => Digest::of_json(&json!({ "text": digest, "uses": approvals })),
        None => digest,
    }
}

fn owner(report: &mut Report, fields: &Fields<'_>) -> Principal {
    let Some(node) = fields.get("owner") else { return Principal::Fallback };
    match node.principal(report) {
        Some(Principal::Owner) => {
            report
                .error(
                    &node.pointer,
                    codes::PRINCIPAL,
                    "`owner` is the owner of an agent; a playbook answers for many agents",
                )
                .hint("write group:NAME, user:NAME or fallback");
            Principal::Fallback
        }
        other => other.unwrap_or(Principal::Fallback),
    }
}

fn condition(report: &mut Report, outline: &Outline, fields: &Fields<'_>) -> Option<Expression> {
    if fields.has("schedule") && !fields.has("match") {
        return Expression::compile_bool(NEVER, &context::matching_environment()).ok();
    }
    let node = fields.require(report, "match")?;
    if let Some(condition) = node.value.as_str() {
        let plain = condition.chars().count() <= 60 && !condition.contains(['"', '\\', '\n']);
        let shown = if plain { condition } else { "…" };
        node.expected(report, "a mapping with `when`").hint(format!("write `match: {{ when: \"{shown}\" }}`"));
        return None;
    }
    let inner = Fields::open(report, &node, &keys::MATCH)?;
    let when = inner.require(report, "when")?;
    Scope { outline, environment: context::matching_environment() }.condition(report, &when)
}

fn rerun_when(report: &mut Report, outline: &Outline, node: &Node<'_>) -> Option<Expression> {
    Scope { outline, environment: context::rerun_environment() }.condition(report, node)
}

fn on_new_alert(report: &mut Report, fields: &Fields<'_>) -> OnAlert {
    let Some(node) = fields.get("incident") else { return OnAlert::Join };
    let inner = Fields::open(report, &node, &keys::INCIDENT);
    let word =
        inner.and_then(|inner| inner.get("on_new_alert")).and_then(|node| node.word(report, &words::ON_NEW_ALERT));
    word.unwrap_or(OnAlert::Join)
}

/// What alerts of one incident have in common, where it is not the agent. What is wrong with its place has been said.
fn incident_key(report: &mut Report, outline: &Outline, fields: &Fields<'_>) -> Option<Expression> {
    let of = fields.get("incident")?;
    let node = of.value.get("key").map(|value| Node::of(value, &of.pointer, "key"))?;
    let scope = Scope { outline, environment: context::matching_environment() };
    let expression = scope.expression(report, &node)?;
    if !matches!(expression.result(), Type::String | Type::Any) {
        report
            .error(&node.pointer, codes::INCIDENT_KEY, format!("a key is text, and this is {}", expression.result()))
            .hint("name a field that alerts of one incident share, e.g. `alert.fields.session`; leave it out for the agent");
        return None;
    }
    let reads_the_alert = ["alert", "agent"].iter().any(|name| expression.reads(name).is_some());
    if !reads_the_alert {
        report
            .rule(&node.pointer, codes::INCIDENT_KEY, "every alert would be of one incident: this reads nothing of it")
            .hint("name a field that alerts of one incident share, e.g. `alert.fields.session`");
    }
    Some(expression).filter(|expression| expression.source().trim() != "agent.id")
}

fn corroborate(report: &mut Report, fields: &Fields<'_>) -> Option<Corroborate> {
    let of = fields.get("match")?;
    let node = of.value.get("corroborate").map(|value| Node::of(value, &of.pointer, "corroborate"))?;
    let inner = Fields::open(report, &node, &keys::CORROBORATE)?;
    let joins =
        fields.get("incident").and_then(|incident| incident.value.get("on_new_alert")?.as_str()).unwrap_or("join");
    if joins != "join" {
        report
            .rule_at_key(&node.pointer, codes::CORROBORATE, "no alert of another source would ever join the run")
            .hint("write `incident: { on_new_alert: join }`, or leave `on_new_alert` out");
    }
    let sources = inner.require(report, "sources").and_then(|node| node.count(report, &(2..=keys::SOURCES_MAX)));
    let within = inner.require(report, "within").and_then(|node| node.duration(report));
    let until_then = match inner.get("until_then") {
        Some(node) => node.word(report, &words::UNTIL_THEN)?,
        None => UntilThen::Notify,
    };
    Some(Corroborate { sources: sources?, within: within?, until_then })
}

fn budget(report: &mut Report, node: &Node<'_>) -> Option<Budget> {
    let fields = Fields::open(report, node, &keys::BUDGET)?;
    let contain = fields.require(report, "contain").and_then(|node| node.count(report, &(1..=keys::BUDGET_MAX)));
    let per = fields.require(report, "per").and_then(|node| node.duration(report));
    if let Some(over) = fields.get("over") {
        over.word(report, &words::OVER);
    }
    Some(Budget { contain: contain?, per: per? })
}
