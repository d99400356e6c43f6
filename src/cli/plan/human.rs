//! A plan for people: stage by stage, step by step, those of playbooks that a step starts below it.

use serde_json::Value;

use crate::cli::render::{add, printable};
use crate::domain::Mode;
use crate::rehearsal::plan::{Asks, Each, Plan, PlannedRun, PlannedStage, PlannedStep};

/// The most items of a step that are listed.
const ITEMS_SHOWN_MAX: usize = 10;

pub(super) fn described(planned: &Plan) -> String {
    let mut text = format!("version {}\n", planned.version.prefix());
    if let Some(condition) = &planned.rerun_when {
        let condition = printable(condition);
        add(&mut text, format_args!("starts again for the same incident, once its run is over, when {condition}\n"));
    }
    for stage in &planned.stages {
        add(&mut text, format_args!("\n"));
        add_stage(&mut text, stage, "");
    }
    add(&mut text, format_args!("\nHow it ends, if every call works:\n"));
    for end in &planned.ends {
        let (people, run, standing, containment) = (end.people, end.run, end.standing, end.containment);
        add(&mut text, format_args!("  {people:<15} the run is {run}, the agent {standing}"));
        for (agent, standing) in &end.others {
            add(&mut text, format_args!(", {agent} {standing}"));
        }
        add(&mut text, format_args!("; containment: {containment}\n"));
    }
    let mut irreversible = Vec::new();
    collect_irreversible(&planned.stages, "", &mut irreversible);
    if !irreversible.is_empty() {
        add(&mut text, format_args!("\nCan't be undone: {}\n", irreversible.join(", ")));
    }
    text
}

/// The steps that can't be undone, also those of playbooks that a step starts.
fn collect_irreversible(stages: &[PlannedStage], above: &str, found: &mut Vec<String>) {
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        let place = format!("{above}{}", step.name);
        if let Some(run) = &step.runs {
            collect_irreversible(&run.stages, &format!("{place}/"), found);
        }
        if step.irreversible {
            found.push(place);
        }
    }
}

fn add_stage(text: &mut String, stage: &PlannedStage, indent: &str) {
    add(text, format_args!("{indent}{}\n", stage.name));
    if let Some(when) = &stage.when {
        add(text, format_args!("{indent}  only when {}\n", printable(when)));
    }
    for step in &stage.steps {
        add_step(text, step, &format!("{indent}  "));
    }
}

fn add_step(text: &mut String, step: &PlannedStep, indent: &str) {
    let impact = step.impact.and_then(|impact| serde_json::to_value(impact).ok());
    let impact = impact.as_ref().and_then(Value::as_str).map(|impact| format!(" [{impact}]")).unwrap_or_default();
    add(text, format_args!("{indent}{}: {}{impact}\n", step.name, step.what));
    if let Some(when) = &step.when {
        add(text, format_args!("{indent}  only when {}\n", printable(when)));
    }
    if let Some(each) = &step.each {
        add_each(text, each, step.fails.is_some(), indent);
    }
    if let Some(asks) = &step.asks {
        add_asks(text, asks, indent);
    }
    match &step.parameters {
        Some(Value::Object(map)) => {
            for (name, value) in map {
                add(text, format_args!("{indent}  {name}: {}\n", printable(&shown(value))));
            }
        }
        Some(Value::Null) => {}
        Some(other) => add(text, format_args!("{indent}  with {}\n", printable(&other.to_string()))),
        None if step.impact.is_some() => {
            add(text, format_args!("{indent}  (its turn comes in none of the ends below)\n"));
        }
        None => {}
    }
    if let Some(reason) = &step.fails {
        add(text, format_args!("{indent}  WOULD FAIL: {}\n", printable(reason)));
    }
    if let Some(run) = &step.runs {
        add_run(text, run, &format!("{indent}  "));
    }
    if let Some(undo) = &step.undo {
        add(text, format_args!("{indent}  undo: {undo}\n"));
    }
}

fn add_each(text: &mut String, each: &Each, fails: bool, indent: &str) {
    let (list, limit, parallel) = (printable(&each.list), each.at_most, each.parallel);
    add(text, format_args!("{indent}  once for each of {list}, at most {limit}, {parallel} at a time\n"));
    match (&each.items, &each.untold) {
        (Some(items), _) => {
            add(text, format_args!("{indent}  items now: {}\n", items.len()));
            for item in items.iter().take(ITEMS_SHOWN_MAX) {
                add(text, format_args!("{indent}    {}: {}\n", each.name, printable(&shown(item))));
            }
            if let Some(more) = items.len().checked_sub(ITEMS_SHOWN_MAX).filter(|more| *more > 0) {
                add(text, format_args!("{indent}    and {more} more (see --json)\n"));
            }
            // Where its turn came, the step says so itself.
            if !fails && items.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
                let over = "that is more than it may go through: the rest would be left out, and the step would fail";
                add(text, format_args!("{indent}  WOULD FAIL: {over}\n"));
            }
        }
        (None, Some(why)) => add(text, format_args!("{indent}  the items can't be told now: {}\n", printable(why))),
        (None, None) => {}
    }
}

fn add_run(text: &mut String, run: &PlannedRun, indent: &str) {
    let agents: Vec<&str> = run.agents.iter().map(crate::domain::AgentId::as_str).collect();
    let about = if agents.is_empty() { String::new() } else { format!(" for {}", agents.join(", ")) };
    let observes = match run.mode {
        Mode::Observe => " (it only observes until it says `mode: enforce`)",
        Mode::Enforce => "",
    };
    let version = run.version.prefix();
    add(text, format_args!("{indent}starts {}{about}{observes}\n", run.playbook));
    add(text, format_args!("{indent}  version {version}: what serves when the first run begins\n"));
    if run.stages.is_empty() {
        add(text, format_args!("{indent}  (runs start each other no deeper than this)\n"));
    }
    for stage in &run.stages {
        add_stage(text, stage, &format!("{indent}  "));
    }
}

fn add_asks(text: &mut String, asks: &Asks, indent: &str) {
    let people: Vec<&str> = asks.people.iter().map(crate::domain::PersonId::as_str).collect();
    let people = if people.is_empty() { "nobody that is known here".to_owned() } else { people.join(", ") };
    let approvers: Vec<String> = asks.approvers.iter().map(ToString::to_string).collect();
    let question = printable(&asks.question);
    add(text, format_args!("{indent}  asks {people} ({}): {question}\n", approvers.join(", ")));
    for (lender, keys) in &asks.lent {
        add(text, format_args!("{indent}    from {lender} of the configuration: {}\n", keys.join(", ")));
    }
    add(text, format_args!("{indent}  silence for {} {}\n", span(asks.timeout_s), asks.silence));
    if !asks.more.is_empty() {
        let more: Vec<&str> = asks.more.iter().map(crate::domain::PersonId::as_str).collect();
        add(text, format_args!("{indent}  who is asked besides then: {}\n", more.join(", ")));
    }
    if !asks.releases.is_empty() {
        add(text, format_args!("{indent}  a yes lets go: {}\n", asks.releases.join(", ")));
    }
}

fn span(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut text = String::new();
    for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
        add(&mut text, format_args!("{count}{unit}"));
    }
    text
}

/// A parameter; of a secret the place where it is.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => match map.get("$secret").and_then(Value::as_str) {
            Some(place) => format!("the secret at {place}"),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}
