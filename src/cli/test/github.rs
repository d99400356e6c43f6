//! Results of tests for code reviews on GitHub: a note at each expectation that was not met, at each fault of a file, and
//! at each file of which less is covered than is wanted.

use crate::language::{Diagnostic, render_github};
use crate::rehearsal::cases::{CaseResult, Mismatch, Suite};
use crate::rehearsal::codes;

use super::{Findings, Shortfall};

pub(super) fn render(findings: &Findings) -> String {
    let mut notes = findings.diagnostics.clone();
    for (suite, result) in &findings.suites {
        for case in &result.cases {
            notes.extend(case.mismatches.iter().map(|mismatch| note(suite, case, mismatch)));
        }
    }
    let uncovered = |less: Shortfall| Diagnostic::error(codes::COVERAGE, &less.file, less.words);
    notes.extend(findings.shortfalls().into_iter().map(uncovered));
    render_github(&notes)
}

fn note(suite: &Suite, case: &CaseResult, mismatch: &Mismatch) -> Diagnostic {
    let (what, expected, found) = (mismatch.what(), &mismatch.expected, &mismatch.found);
    let message = format!("{}: {what}\nexpected: {expected}\nfound: {found}", case.name);
    let place = suite.place(&mismatch.pointer).or(case.span);
    Diagnostic::error(codes::CASE_FAILED, &suite.file, message).at(place)
}
