//! Tests of the compiler: each fault at its place, defaults, shipped playbooks and files made to hurt.

mod approvals;
mod cautions;
mod defaults;
mod each;
mod forms;
mod hostile;
mod named;
mod pitfalls;
mod schedules;
mod shipped;
mod steps;
mod stored;
mod unanswered;
mod vars;

use super::compile;
use crate::language::{Diagnostic, Level, Source, Span};
use crate::playbook::fixture::catalogue;
use crate::playbook::{ActionStep, ApprovalSpec, Body, Playbook, codes};

/// A playbook with these stages under a head without faults.
fn with_stages(stages: &str) -> String {
    format!("playbook: p\nmatch: {{ when: \"true\" }}\nstages:\n{stages}")
}

/// A playbook with one stage of these steps.
fn with_steps(steps: &str) -> String {
    with_stages(&format!("  - stage: one\n    steps:\n{steps}"))
}

/// A sequential stage: a pause, a question that releases `resume` with more keys, and `resume`.
fn with_question(keys: &str) -> String {
    with_stages(&format!(
        "  - stage: one
    mode: sequential
    steps:
      - {{ step: pause, action: agent.pause }}
      - {{ step: wipe, action: vault.destroy_entity, with: {{ entity: x }}, irreversible: {{ because: a test }} }}
      - step: override
        approval: {{ ask: Sure?, {keys} }}
      - {{ step: resume, action: undo, with: {{ steps: [pause] }}, approval: {{ ask: Sure?, timeout: 1h }} }}
      - {{ step: destroy, action: vault.destroy_entity, with: {{ entity: x }}, irreversible: {{ because: a test }} }}
      - {{ step: freeze, action: process.freeze, with: {{ pid: 7 }} }}
"
    ))
}

fn source(text: &str) -> Source {
    Source { name: "p.yaml".to_owned(), text: text.to_owned() }
}

fn playbook(text: &str) -> Playbook {
    match compile(&source(text), &catalogue()) {
        Ok((playbook, warnings)) => {
            assert_eq!(spoken(warnings), [], "{text}");
            playbook
        }
        Err(found) => panic!("{}\n{text}", crate::language::render_human(&found, &[source(text)], false)),
    }
}

/// What was found, apart from the warnings about the whole, which have tests of their own.
fn spoken(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.into_iter().filter(|fault| !(codes::UNTOLD..=codes::CUT_SHORT).contains(&fault.code)).collect()
}

fn refused(text: &str) -> Vec<Diagnostic> {
    compile(&source(text), &catalogue()).expect_err(text)
}

/// Compiles a text in which `«` and `»` mark where its only fault must be; the marks are taken out first.
fn marked(text: &str) -> (Result<Diagnostic, String>, Span) {
    let (before, rest) = text.split_once('«').expect("the text has a mark");
    let clean = text.replace(['«', '»'], "");
    let number = |count: usize| u32::try_from(count).expect("a test is short");
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let length = rest.split_once('»').map_or(0, |(inside, _)| inside.chars().count());
    let place = Span { line: number(line), column: number(column), length: number(length) };
    let found = match compile(&source(&clean), &catalogue()) {
        Ok((_, found)) => spoken(found),
        Err(found) => found,
    };
    let shown = crate::language::render_human(&found, &[source(&clean)], false);
    let [only] = found.as_slice() else { return (Err(format!("not one fault:\n{shown}\n{clean}")), place) };
    (Ok(only.clone()), place)
}

/// Checks that a text has the one fault with this code, at its mark, with a message and a hint that contain these words.
#[track_caller]
fn assert_fault(text: &str, code: &str, message: &str, hint: &str) {
    let (found, place) = marked(text);
    let found = found.unwrap_or_else(|problem| panic!("{problem}"));
    let span = found.span.expect("a fault has a place");
    assert_eq!((span.line, span.column), (place.line, place.column), "place of {found:?} in\n{text}");
    if place.length > 0 {
        assert_eq!(span.length, place.length, "length of {found:?}");
    }
    assert_eq!(found.code, code, "{found:?}");
    assert!(found.message.contains(message), "{found:?}");
    assert!(found.hint.as_deref().unwrap_or_default().contains(hint), "{found:?}");
    assert_eq!(found.level == Level::Warning, code == crate::playbook::codes::APPROVAL_IDLE);
    let known = crate::playbook::codes::CODES;
    assert!(
        known.explain(code).or_else(|| crate::language::codes::CODES.explain(code)).is_some(),
        "{code} is explained"
    );
}

fn action<'p>(playbook: &'p Playbook, name: &str) -> &'p ActionStep {
    match playbook.steps().find(|step| step.name.as_str() == name).map(|step| &step.body) {
        Some(Body::Action(action)) => action,
        other => panic!("step {name} has no action: {other:?}"),
    }
}

fn approval<'p>(playbook: &'p Playbook, name: &str) -> &'p ApprovalSpec {
    match playbook.steps().find(|step| step.name.as_str() == name).map(|step| &step.body) {
        Some(Body::Approval(approval)) => approval,
        Some(Body::Action(action)) => action.guard.as_deref().expect("a guard"),
        other => panic!("step {name} asks nobody: {other:?}"),
    }
}
