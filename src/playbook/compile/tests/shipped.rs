//! The playbooks that come with Standdown.

use std::path::Path;

use super::*;
use crate::domain::{Mode, StepName};
use crate::playbook::compile_folder;

fn shipped() -> Vec<Playbook> {
    let folder = compile_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks"), &catalogue());
    let shown = crate::language::render_human(&folder.diagnostics, &folder.sources, false);
    assert!(folder.diagnostics.is_empty(), "{shown}");
    folder.playbooks
}

#[test]
fn every_shipped_playbook_compiles_without_a_word_and_only_observes() {
    let names: Vec<String> = shipped().iter().map(|playbook| playbook.name.to_string()).collect();
    assert_eq!(names, ["sensitive-action", "token-misuse"]);
    assert!(shipped().iter().all(|playbook| playbook.mode == Mode::Observe));
}

#[test]
fn shipped_playbooks_let_an_agent_go_only_by_approval() {
    for playbook in shipped() {
        let resume = StepName::parse("resume").unwrap();
        let (stage, step) = playbook.step(&resume).expect("it can be let go");
        let condition = playbook.stages[stage].when.as_ref().map(|when| when.source().to_owned());
        assert_eq!(condition.as_deref(), Some("steps.override.decision == 'approved'"));
        let Body::Action(undo) = &step.body else { panic!("resume is an action") };
        assert_eq!(undo.undoes, [StepName::parse("pause").unwrap()]);
        assert_eq!(approval(&playbook, "override").releases, [resume]);
    }
}

#[test]
fn a_question_says_nothing_that_an_alert_supplied() {
    let playbook = shipped().remove(0);
    let values = |fields: serde_json::Value| serde_json::json!({ "agent": { "name": "billing-bot" }, "alert": { "fields": fields } });
    let ask = |fields| approval(&playbook, "override").ask.render_text(&values(fields)).unwrap();
    let question = "billing-bot wants to do what a person should look at first. Let it go on?";
    assert_eq!(ask(serde_json::json!({"action": "delete_repo"})), question);
    assert_eq!(ask(serde_json::json!({})), question);
}
