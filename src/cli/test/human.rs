//! Results of tests for people: what failed, line by line beside what was expected, and what happened in that case.

use jiff::{SignedDuration, Timestamp};

use crate::cli::render::{add, printable};
use crate::language::Span;
use crate::rehearsal::cases::{CaseResult, Coverage, Mismatch, Suite};

use super::Findings;

pub(super) fn render(findings: &Findings) -> String {
    let mut text = String::new();
    for (suite, result) in &findings.suites {
        let failed = result.cases.iter().filter(|case| !case.passed()).count();
        let word = if failed == 0 { "ok    " } else { "FAILED" };
        let count = result.cases.len();
        let missed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        add(&mut text, format_args!("{word} {} ({count} cases{missed})\n", printable(&suite.file)));
        for case in result.cases.iter().filter(|case| !case.passed()) {
            add_case(&mut text, suite, case);
        }
        if !findings.partial {
            add_coverage(&mut text, &result.coverage);
        }
    }
    let (passed, failed) = (findings.passed(), findings.failed());
    let milliseconds = findings.took.as_millis();
    let seconds = findings.performing.as_secs_f64().max(0.000_1);
    let rate = f64::from(u32::try_from(passed + failed).unwrap_or(u32::MAX)) / seconds;
    add(
        &mut text,
        format_args!(
            "cases: {passed} passed, {failed} failed; {rate:.0} cases/s, {milliseconds} ms with reading and compiling\n"
        ),
    );
    text
}

fn add_case(text: &mut String, suite: &Suite, case: &CaseResult) {
    let line = case.span.map_or(0, |span: Span| span.line);
    add(text, format_args!("\n  {}\n    {}:{line}\n", printable(&case.name), printable(&suite.file)));
    for mismatch in &case.mismatches {
        add_mismatch(text, suite, mismatch);
    }
    let Some(first) = case.story.first() else { return };
    add(text, format_args!("    what happened:\n"));
    for entry in &case.story {
        let step = entry.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
        let moment = since(first.at, entry.at);
        add(text, format_args!("      {moment:>9}  {step}{}\n", printable(&entry.text)));
    }
    add(text, format_args!("\n"));
}

fn add_mismatch(text: &mut String, suite: &Suite, mismatch: &Mismatch) {
    let line = suite.place(&mismatch.pointer).map_or(0, |span| span.line);
    add(text, format_args!("    {} (line {line})\n", printable(&mismatch.what())));
    for (word, value) in [("expected", &mismatch.expected), ("found", &mismatch.found)] {
        for (index, line) in value.lines().enumerate() {
            let word = if index == 0 { word } else { "" };
            add(text, format_args!("      {word:<9} {}\n", printable(line)));
        }
    }
}

fn add_coverage(text: &mut String, coverage: &Coverage) {
    let ((steps, of_steps), (branches, of_branches)) = (coverage.steps(), coverage.branches());
    add(text, format_args!("       covered: steps {steps}/{of_steps}, branches {branches}/{of_branches}\n"));
    let missing: Vec<String> = coverage
        .points()
        .iter()
        .filter(|point| !point.covered)
        .map(|point| format!("{} {}", point.of, point.way))
        .collect();
    if !missing.is_empty() {
        add(text, format_args!("       not covered: {}\n", missing.join("; ")));
    }
}

/// The time since a moment, as playbooks write it.
fn since(from: Timestamp, to: Timestamp) -> String {
    let span = to.duration_since(from);
    if span == SignedDuration::ZERO {
        return "+0s".to_owned();
    }
    let seconds = span.as_secs();
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut shown = String::from("+");
    for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
        add(&mut shown, format_args!("{count}{unit}"));
    }
    if shown.len() == 1 { format!("+{}ms", span.as_millis()) } else { shown }
}
