//! Results of tests for programs.

use serde_json::{Value, json};

use crate::language::render_json;
use crate::rehearsal::cases::{CaseResult, Coverage, Suite};

use super::Findings;

pub(super) fn view(findings: &Findings) -> Value {
    let files: Vec<Value> = findings
        .suites
        .iter()
        .map(|(suite, result)| {
            json!({
                "file": suite.file,
                "playbook": suite.playbook.name,
                "cases": result.cases.iter().map(|case| view_case(suite, case)).collect::<Vec<_>>(),
                "coverage": view_coverage(&result.coverage),
            })
        })
        .collect();
    let shortfalls: Vec<Value> =
        findings.shortfalls().iter().map(|less| json!({ "file": less.file, "message": less.words })).collect();
    let diagnostics: Value = serde_json::from_str(&render_json(&findings.diagnostics)).unwrap_or_default();
    json!({
        "files": files,
        "passed": findings.passed(),
        "failed": findings.failed(),
        "duration_ms": u64::try_from(findings.took.as_millis()).unwrap_or(u64::MAX),
        "diagnostics": diagnostics,
        "too_little_covered": shortfalls,
    })
}

fn view_case(suite: &Suite, case: &CaseResult) -> Value {
    let mismatches: Vec<Value> = case
        .mismatches
        .iter()
        .map(|mismatch| {
            json!({
                "what": mismatch.what(),
                "line": suite.place(&mismatch.pointer).map(|span| span.line),
                "expected": mismatch.expected,
                "found": mismatch.found,
            })
        })
        .collect();
    json!({
        "name": case.name,
        "line": case.span.map(|span| span.line),
        "passed": case.passed(),
        "mismatches": mismatches,
        "story": case.story,
    })
}

fn view_coverage(coverage: &Coverage) -> Value {
    let ((steps, of_steps), (branches, of_branches)) = (coverage.steps(), coverage.branches());
    let missing = coverage.points().iter().filter(|point| !point.covered);
    json!({
        "steps": { "covered": steps, "of": of_steps },
        "branches": { "covered": branches, "of": of_branches },
        "percent": coverage.percent(),
        "missing": missing.map(|point| format!("{} {}", point.of, point.way)).collect::<Vec<_>>(),
    })
}
