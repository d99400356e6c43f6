//! The playbooks that come with Standdown.

use std::path::Path;

use super::*;
use crate::action::Registry;
use crate::domain::{Mode, StepName};
use crate::playbook::compile_folder;

fn shipped() -> Vec<Playbook> {
    let folder = compile_folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks"),
        &Registry::catalogue_without_connections(),
    );
    let shown = crate::language::render_human(&folder.diagnostics, &folder.sources, false);
    assert!(folder.diagnostics.is_empty(), "{shown}");
    folder.playbooks
}

#[test]
fn every_shipped_playbook_compiles_without_a_word_and_only_observes() {
    let names: Vec<String> = shipped().iter().map(|playbook| playbook.name.to_string()).collect();
    let expected = [
        "contained-again",
        "data-volume",
        "leaked-secret",
        "orphaned-agent",
        "posture-drop",
        "privilege-escalation",
        "prompt-injection",
        "quiet-agent",
        "runaway",
        "sensitive-action",
        "shared-credential",
        "token-misuse",
        "unknown-agent",
        "unseen-system",
    ];
    assert_eq!(names, expected);
    assert!(shipped().iter().all(|playbook| playbook.mode == Mode::Observe));
}

#[test]
fn shipped_playbooks_let_an_agent_go_only_by_approval() {
    let mut released = 0;
    for playbook in shipped() {
        let resume = StepName::parse("resume").unwrap();
        let Some((stage, step)) = playbook.step(&resume) else { continue };
        let Body::Action(undo) = &step.body else { panic!("resume is an action") };
        assert_eq!(undo.undoes, [StepName::parse("pause").unwrap()]);
        let asks = playbook.steps().find_map(|step| match &step.body {
            Body::Approval(spec) if spec.releases.contains(&resume) => Some(&step.name),
            _ => None,
        });
        let condition = playbook.stages[stage].when.as_ref().map(|when| when.source().to_owned()).unwrap_or_default();
        let approved = format!("steps.{}.decision == 'approved'", asks.expect("an approval releases it"));
        assert!(condition.ends_with(&approved), "{}: {condition}", playbook.name);
        released += 1;
    }
    assert!(released >= 6, "{released}");
}

#[test]
fn a_question_says_nothing_that_an_alert_supplied() {
    let playbook = shipped().into_iter().find(|playbook| playbook.name.as_str() == "sensitive-action").unwrap();
    let values = |fields: serde_json::Value| serde_json::json!({ "agent": { "name": "billing-bot" }, "alert": { "fields": fields } });
    let ask = |fields| approval(&playbook, "override").ask.render_text(&values(fields)).unwrap();
    let question = "billing-bot wants to do what a person should look at first. Let it go on?";
    assert_eq!(ask(serde_json::json!({"action": "delete_repo"})), question);
    assert_eq!(ask(serde_json::json!({})), question);
}
