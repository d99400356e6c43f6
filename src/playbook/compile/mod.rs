//! The compiler: from the text of a file to a [`Playbook`], or to every fault in it at once.
//!
//! The file is read as plain values, its outline is taken, and then each part is compiled on its own and reports what
//! is wrong with it; nothing stops at the first fault. A playbook with any error is no playbook; one without is looked over once more for what
//! is dangerous. The compiler must not
//! know how actions are performed, who the people are, or what the configuration says.

mod action;
mod approval;
mod caution;
mod each;
mod fields;
mod head;
mod named;
mod node;
mod notice;
mod outline;
mod parameter;
mod report;
mod run_playbook;
mod schedule;
mod scope;
mod secret;
mod stage;
mod step;
mod threshold;
mod timing;
mod unanswered;
mod undo;
mod value;
mod vars;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Catalogue, Playbook};
use crate::language::{Diagnostic, Source};

use outline::Outline;

pub(crate) use fields::Fields;
pub(crate) use named::approvals;
pub(crate) use node::Node;
pub(crate) use report::{Entry, Report};

/// Compiles a playbook. The second part of the result are warnings; of a refused file, everything that was found.
pub fn compile(source: &Source, catalogue: &Catalogue) -> Result<(Playbook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (document, places) = crate::language::parse::<Value>(source)?;
    let mut report = Report::new(places);
    let mut outline = Outline::read(&document, catalogue);
    let root = Node { value: &document, pointer: String::new() };
    let vars = vars::compile(&mut report, &mut outline, &document);
    let playbook =
        head::compile(&mut report, source, &outline, catalogue, &root).map(|playbook| Playbook { vars, ..playbook });
    if let Some(playbook) = playbook.as_ref().filter(|_| !report.is_refused()) {
        unanswered::look(&mut report, &outline, playbook);
    }
    if let Some(playbook) = playbook.as_ref().filter(|_| !report.is_refused()) {
        caution::look(&mut report, &outline, playbook);
    }
    match (playbook, report.finish()) {
        (Some(playbook), (warnings, false)) => Ok((playbook, warnings)),
        (_, (found, _)) => Err(found),
    }
}
