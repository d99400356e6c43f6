//! A whole test file performed: each case with its differences, and what all of them went through.

use crate::language::Span;

use super::story::{self, Line};
use super::{Coverage, Mismatch, Suite, perform};

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// What it tries, in words.
    pub name: String,
    /// Where it stands in the file.
    pub span: Option<Span>,
    /// What is otherwise than expected; none if it passed.
    pub mismatches: Vec<Mismatch>,
    /// What happened in its runs, in order; only if it did not pass.
    pub story: Vec<Line>,
}

impl CaseResult {
    /// Whether everything is as expected.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// What came of a test file.
#[derive(Clone, Debug)]
pub struct SuiteResult {
    /// Its cases, in order.
    pub cases: Vec<CaseResult>,
    /// What they went through.
    pub coverage: Coverage,
}

impl Suite {
    /// Performs the cases whose name has `filter` in it.
    #[must_use]
    pub fn perform(&self, filter: Option<&str>) -> SuiteResult {
        let mut coverage = Coverage::of(&self.playbook);
        let chosen = self.cases.iter().filter(|case| filter.is_none_or(|filter| case.name.contains(filter)));
        let cases = chosen.map(|case| {
            let performed = perform(&self.playbook, case);
            coverage.count(&self.playbook, &performed);
            let story = if performed.mismatches.is_empty() { Vec::new() } else { story::of(&performed.runs) };
            let span = self.place(&format!("{}/case", case.pointer));
            CaseResult { name: case.name.clone(), span, mismatches: performed.mismatches, story }
        });
        SuiteResult { cases: cases.collect(), coverage }
    }
}
