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

use super::{Approvals, Catalogue, Playbook, codes};
use crate::domain::Digest;
use crate::language::codes::YAML_MISSING_FIELD;
use crate::language::{Diagnostic, Source, Span, sharing_large_stack};

use outline::Outline;

pub(crate) use fields::Fields;
pub(crate) use named::approvals;
pub(crate) use node::Node;
pub(crate) use report::{Entry, Report};

/// What a text is compiled for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Runs begin with it: every rule holds.
    Serving,
    /// Runs are on it since it was accepted, perhaps by an older compiler: what it says is enough.
    Stored,
}

/// What comes of a text: a playbook and what was found, or what was found in a text of which none comes.
pub type Compiled = Result<(Playbook, Vec<Diagnostic>), Vec<Diagnostic>>;

/// Compiles a playbook. The second part of the result are warnings; of a refused file, everything that was found.
pub fn compile(source: &Source, catalogue: &Catalogue) -> Compiled {
    sharing_large_stack(|| read(source, catalogue, Purpose::Serving))
}

/// Compiles a version that was once accepted, with the approvals that it came with. Runs that are on it go on although a rule
/// that is newer than it, or a changed configuration, refuses it by now: such errors stand beside it in the result. It is
/// refused if something of it is no longer understood, or if it is not what its digest names.
pub fn compile_stored(source: &Source, catalogue: &Catalogue, digest: &Digest, approvals: Option<&Value>) -> Compiled {
    if head::version(&source.text, approvals) != *digest {
        let message = format!("the stored text is not the one of version {digest}");
        let fault = Diagnostic::error(codes::FILE, &source.name, message);
        return Err(vec![fault.hint("the row is damaged: restore it from a backup")]);
    }
    let catalogue = catalogue.clone().with_approvals(Approvals::pinned(approvals));
    let (playbook, found) = sharing_large_stack(|| read(source, &catalogue, Purpose::Stored))?;
    Ok((Playbook { digest: *digest, approvals: approvals.cloned(), ..playbook }, found))
}

fn read(source: &Source, catalogue: &Catalogue, purpose: Purpose) -> Compiled {
    let (document, places) = crate::language::parse::<Value>(source)?;
    if document.is_null() {
        let start = Span { line: 1, column: 1, length: 1 };
        let fault = Diagnostic::error(YAML_MISSING_FIELD, &source.name, "the file is empty").at(Some(start));
        let hint = "begin with `playbook: NAME`, `match:` and `stages:`; `standdown help playbooks` shows a whole one";
        return Err(vec![fault.hint(hint)]);
    }
    let mut report = Report::new(places);
    let mut outline = Outline::read(&document, catalogue);
    let root = Node { value: &document, pointer: String::new() };
    let vars = vars::compile(&mut report, &mut outline, &document);
    let playbook =
        head::compile(&mut report, source, &outline, catalogue, &root).map(|playbook| Playbook { vars, ..playbook });
    if let Some(playbook) = playbook.as_ref().filter(|_| !report.is_refused()) {
        unanswered::look(&mut report, &outline, playbook);
    }
    if let Some(playbook) = playbook.as_ref().filter(|_| purpose == Purpose::Serving && !report.is_refused()) {
        caution::look(&mut report, &outline, playbook);
    }
    let refused = match purpose {
        Purpose::Serving => report.is_refused(),
        Purpose::Stored => report.is_incomplete(),
    };
    match (playbook, report.finish()) {
        (Some(playbook), (found, _)) if !refused => Ok((playbook, found)),
        (_, (found, _)) => Err(found),
    }
}
