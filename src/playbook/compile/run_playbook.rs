//! Which playbook a step runs. Its name is written out, never rendered: an alert must not choose what is run.

use crate::domain::PlaybookName;
use crate::playbook::codes;

use super::fields::Fields;
use super::node::Node;
use super::outline::Outline;
use super::report::Report;

/// The playbook of a step with `run_playbook`; that it serves is known only when the step's turn comes.
pub(super) fn compile(report: &mut Report, outline: &Outline, step: &Fields<'_>) -> Option<PlaybookName> {
    let hint = "the playbook that is run says so itself, for each of its steps";
    step.refuse(report, &["retry"], "on `run_playbook`", hint);
    let with = step.get("with")?;
    let node = Node::of(with.value.get("playbook")?, &with.pointer, "playbook");
    let text = node.value.as_str()?;
    if text.contains("{{") {
        report
            .error(&node.pointer, codes::RUN_PLAYBOOK, "which playbook is run is written out, never rendered")
            .hint("write the name of one playbook; `when` chooses between steps");
        return None;
    }
    if text == outline.playbook {
        report
            .error(&node.pointer, codes::RUN_PLAYBOOK, "a playbook does not run itself")
            .hint("name another playbook");
        return None;
    }
    node.name(report, PlaybookName::parse)
}
