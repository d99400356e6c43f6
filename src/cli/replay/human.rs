//! A replay for people: totals, a line a playbook, the agents, and what changed.

use crate::cli::render::{Table, add, printable};
use crate::machine::Tone;
use crate::rehearsal::replay::{Contained, Difference, Report};

use super::Findings;

/// The most agents that are listed.
const AGENTS_SHOWN_MAX: usize = 50;

pub(super) fn render(findings: &Findings) -> String {
    let report = &findings.report;
    let mut text = totals(report);
    findings.unreadable.add_to(&mut text);
    if findings.without_time > 0 {
        add(
            &mut text,
            format_args!(
                "{} alerts say no time that their source can read, and are taken to come in now, all at once: what counts \
                 by time (budgets, windows, silences) says nothing about them\n",
                findings.without_time
            ),
        );
    }
    add(&mut text, format_args!("\n{}", playbooks(report).render()));
    for of in report.playbooks.iter().filter(|of| of.faults > 0) {
        for fault in &of.first_faults {
            add(&mut text, format_args!("  {}: {}\n", of.name, printable(fault)));
        }
    }
    if let Some(difference) = &findings.difference {
        add_difference(&mut text, difference);
    } else {
        add(&mut text, format_args!("\nwould have been contained: {} agents\n", report.contained.len()));
        add_agents(&mut text, &report.contained);
    }
    add(
        &mut text,
        format_args!(
            "\nEvery playbook acts here, every call works and nobody decides. Nothing was performed. ({} ms)\n",
            findings.took.as_millis()
        ),
    );
    text
}

fn totals(report: &Report) -> String {
    let span = match (report.from, report.to) {
        (Some(from), Some(to)) => format!(" from {from:.0} to {to:.0}"),
        _ => String::new(),
    };
    let mut text = format!(
        "{} alerts{span}: {} repeats, {} resolved, {} tests, {} that no playbook matches\n",
        report.alerts, report.repeated, report.resolved, report.tests, report.unmatched
    );
    if report.recorded_ticks > 0 {
        let kept = report.recorded_ticks;
        add(
            &mut text,
            format_args!("{kept} of them by schedules of then: the schedules of today tick in their place\n"),
        );
    }
    let own: Vec<String> = report.own_alerts.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    if !own.is_empty() {
        add(&mut text, format_args!("alerts of our own that came of it: {}\n", own.join(", ")));
    }
    if report.own_alerts_left_out > 0 {
        let left_out = report.own_alerts_left_out;
        add(
            &mut text,
            format_args!("{left_out} more of our own are left out: too many, or of runs that began after that time\n"),
        );
    }
    if report.recorded_own_alerts > 0 {
        let kept = report.recorded_own_alerts;
        add(
            &mut text,
            format_args!("{kept} alerts of our own of then are replaced by those that come of the replay\n"),
        );
    }
    text
}

fn playbooks(report: &Report) -> Table {
    let columns = [
        "playbook",
        "ticks",
        "matched",
        "silenced",
        "runs",
        "joined",
        "agents",
        "asked",
        "budget",
        "in requests",
        "trust",
        "protected",
        "messages",
        "own alerts",
        "faults",
    ];
    let mut table = Table::new(columns);
    for of in &report.playbooks {
        let tone = match (of.faults, of.runs) {
            (0, 0) => Tone::Neutral,
            (0, _) => Tone::Good,
            _ => Tone::Bad,
        };
        let numbers = [
            of.ticks,
            of.matched,
            of.silenced,
            of.runs,
            of.joined,
            of.agents_contained,
            of.approvals,
            of.budget_hits,
            of.budget_requests,
            of.trust_hits,
            of.protected_hits,
            of.messages,
            of.own_alerts,
            of.faults,
        ]
        .map(|number| number.to_string());
        let [
            ticks,
            matched,
            silenced,
            runs,
            joined,
            agents,
            asked,
            budget,
            requests,
            trust,
            protected,
            messages,
            own,
            faults,
        ] = numbers;
        let name = of.name.to_string();
        table.row(
            tone,
            [
                name, ticks, matched, silenced, runs, joined, agents, asked, budget, requests, trust, protected,
                messages, own, faults,
            ],
        );
    }
    table
}

fn add_agents(text: &mut String, agents: &[Contained]) {
    for entry in agents.iter().take(AGENTS_SHOWN_MAX) {
        let names: Vec<&str> = entry.playbooks.iter().map(crate::domain::PlaybookName::as_str).collect();
        let stranger = if entry.known { "" } else { " (NOT in the inventory)" };
        let (agent, runs, at) = (&entry.agent, entry.runs, entry.first_at);
        add(text, format_args!("  {agent}{stranger}: {runs} times, first at {at:.0}, by {}\n", names.join(", ")));
    }
    if let Some(more) = agents.len().checked_sub(AGENTS_SHOWN_MAX).filter(|more| *more > 0) {
        add(text, format_args!("  and {more} more (see --json)\n"));
    }
}

fn add_difference(text: &mut String, difference: &Difference) {
    add(text, format_args!("\nnewly contained: {} agents\n", difference.newly_contained.len()));
    add_agents(text, &difference.newly_contained);
    add(text, format_args!("no longer contained: {} agents\n", difference.no_longer_contained.len()));
    for agent in difference.no_longer_contained.iter().take(AGENTS_SHOWN_MAX) {
        add(text, format_args!("  {agent}\n"));
    }
    if difference.changes.is_empty() {
        add(text, format_args!("no number changed\n"));
        return;
    }
    let mut table = Table::new(["playbook", "what", "before", "now"]);
    for change in &difference.changes {
        let tone = if change.what == "faults" && change.now > change.before { Tone::Bad } else { Tone::Neutral };
        let (before, now) = (change.before.to_string(), change.now.to_string());
        table.row(tone, [change.playbook.to_string(), change.what.to_owned(), before, now]);
    }
    add(text, format_args!("\n{}", table.render()));
}
