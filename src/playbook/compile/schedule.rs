//! When a playbook starts by itself, about which agents, and when it is silent.
//!
//! A schedule starts one run for each agent that its condition names; the condition sees the agent alone, because nothing
//! has happened. A silence is a window, once or again and again, in which the playbook starts nothing.

use jiff::Timestamp;

use crate::playbook::model::{Silence, Timetable, Window};
use crate::playbook::schedule::{Error, Schedule};
use crate::playbook::{codes, context, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::Outline;
use super::report::Report;
use super::scope::Scope;

/// The most windows of a playbook.
const SILENCES_MAX: usize = 32;

/// The schedule of a playbook with the agents that it is about.
pub(super) fn compile(report: &mut Report, outline: &Outline, root: &Fields<'_>) -> Option<Timetable> {
    let Some(node) = root.get("schedule") else {
        let hint = "add `schedule: { cron: \"0 6 * * *\", timezone: UTC }`, or remove it";
        root.refuse(report, &["for_each_agent"], "without a schedule", hint);
        return None;
    };
    let fields = Fields::open(report, &node, &keys::SCHEDULE);
    let schedule = fields.and_then(|fields| schedule(report, &fields));
    let agents = root.get("for_each_agent");
    if agents.is_none() {
        report
            .error_at_key(&node.pointer, codes::SCHEDULE, "the schedule does not say which agents it is about")
            .hint("add `for_each_agent:` with a condition such as agent.tier == 'autonomous'; \"true\" is every agent");
    }
    let scope = Scope { outline, environment: context::agent_environment() };
    let agents = agents.and_then(|node| scope.condition(report, &node));
    Some(Timetable { schedule: schedule?, agents: agents? })
}

fn schedule(report: &mut Report, fields: &Fields<'_>) -> Option<Schedule> {
    let cron = fields.require(report, "cron");
    let zone = fields.require(report, "timezone");
    let (cron, zone) = (cron?, zone?);
    let (cron_text, zone_text) = (cron.text(report), zone.text(report));
    let mut fault = |place: &Node<'_>, error: &Error| {
        report.error(&place.pointer, codes::SCHEDULE, error.to_string()).hint(error.hint());
    };
    let known = Schedule::zone(zone_text?).map_err(|error| fault(&zone, &error)).is_ok();
    // Fields are looked at whatever the zone is.
    let read = Schedule::parse(cron_text?, if known { zone_text? } else { "UTC" });
    read.map_err(|error| fault(&cron, &error)).ok().filter(|_| known)
}

/// The windows in which a playbook is silent.
pub(super) fn silences(report: &mut Report, outline: &Outline, root: &Fields<'_>) -> Vec<Silence> {
    let Some(node) = root.get("silence") else { return Vec::new() };
    let items = node.one_or_more();
    if items.len() > SILENCES_MAX {
        let message = format!("a playbook has at most {SILENCES_MAX} windows of silence");
        report.error(&node.pointer, codes::LIMIT, message).hint("remove those that are over");
        return Vec::new();
    }
    items.iter().filter_map(|item| silence(report, outline, item)).collect()
}

fn silence(report: &mut Report, outline: &Outline, node: &Node<'_>) -> Option<Silence> {
    let fields = Fields::open(report, node, &keys::SILENCE)?;
    let because = fields.require(report, "because").and_then(|node| node.text(report)).map(str::trim);
    if because == Some("") {
        report
            .error(&fields.at("because"), codes::SCHEDULE, "the reason is empty")
            .hint("say why nothing is done then");
    }
    let scope = Scope { outline, environment: context::matching_environment() };
    let when = fields.get("when").map(|node| scope.condition(report, &node));
    let window = if fields.has("cron") {
        fields.refuse(report, &["from", "to"], "beside `cron`", "a window comes once, or again and again");
        again(report, &fields)
    } else {
        let hint = "add `cron:`, or write `from:` and `to:`";
        fields.refuse(report, &["timezone", "for"], "on a window that comes once", hint);
        once(report, &fields)
    };
    let when = match when {
        Some(when) => Some(when?),
        None => None,
    };
    Some(Silence { window: window?, when, because: because.filter(|text| !text.is_empty())?.to_owned() })
}

fn again(report: &mut Report, fields: &Fields<'_>) -> Option<Window> {
    let schedule = schedule(report, fields);
    let length = fields.require(report, "for").and_then(|node| node.duration(report));
    Some(Window::Again { schedule: Box::new(schedule?), length: length? })
}

fn once(report: &mut Report, fields: &Fields<'_>) -> Option<Window> {
    let from = fields.require(report, "from").and_then(|node| time(report, &node));
    let to = fields.require(report, "to").and_then(|node| time(report, &node));
    let (from, to) = (from?, to?);
    if from >= to {
        report
            .error(&fields.at("to"), codes::SCHEDULE, "the window ends before it begins")
            .hint("write `from:` with the earlier time");
        return None;
    }
    Some(Window::Once { from, to })
}

fn time(report: &mut Report, node: &Node<'_>) -> Option<Timestamp> {
    let text = node.text(report)?;
    let time = text.parse().ok();
    if time.is_none() {
        report
            .error(&node.pointer, codes::SCHEDULE, format!("`{text}` is no time"))
            .hint("write date, time and offset, as in 2026-12-24T18:00:00+01:00 or 2026-12-24T17:00:00Z");
    }
    time
}
