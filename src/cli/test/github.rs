//! Results of tests for code reviews on GitHub: a note at each expectation that was not met, and at each fault of a file.

use crate::language::{Diagnostic, render_github};
use crate::rehearsal::cases::{CaseResult, Mismatch, Suite};
use crate::rehearsal::codes;

use super::Findings;

pub(super) fn render(findings: &Findings) -> String {
    let mut notes = findings.diagnostics.clone();
    for (suite, result) in &findings.suites {
        for case in &result.cases {
            notes.extend(case.mismatches.iter().map(|mismatch| note(suite, case, mismatch)));
        }
    }
    render_github(&notes)
}

fn note(suite: &Suite, case: &CaseResult, mismatch: &Mismatch) -> Diagnostic {
    let (what, expected, found) = (mismatch.what(), &mismatch.expected, &mismatch.found);
    let message = format!("{}: {what}\nexpected: {expected}\nfound: {found}", case.name);
    let place = suite.place(&mismatch.pointer).or(case.span);
    Diagnostic::error(codes::CASE_FAILED, &suite.file, message).at(place)
}
