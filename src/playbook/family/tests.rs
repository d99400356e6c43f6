//! Tests of playbooks that run each other.

use std::collections::BTreeMap;

use super::*;
use crate::language::Level;
use crate::playbook::compile;
use crate::playbook::fixture::catalogue;

fn playbook(name: &str, mode: &str, children: &[&str]) -> Playbook {
    let step = |(number, child): (usize, &&str)| {
        format!("      - {{ step: s{number}, action: run_playbook, with: {{ playbook: {child} }} }}\n")
    };
    let steps: String = children.iter().enumerate().map(step).collect();
    let steps = if steps.is_empty() { "      - { step: rest, wait: 1s }\n".to_owned() } else { steps };
    let text = format!(
        "playbook: {name}\nmode: {mode}\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: a\n    steps:\n{steps}"
    );
    let source = Source { name: format!("{name}.yaml"), text };
    compile(&source, &catalogue()).unwrap().0
}

fn look(playbooks: &[Playbook]) -> Vec<Diagnostic> {
    family(playbooks.iter(), &BTreeMap::new())
}

#[test]
fn a_family_without_faults_is_not_complained_about() {
    let chain = [
        playbook("a", "enforce", &["b", "c"]),
        playbook("b", "enforce", &["c"]),
        playbook("c", "enforce", &["d"]),
        playbook("d", "enforce", &[]),
    ];
    assert_eq!(look(&chain), []);
    let names = |playbook| -> Vec<&str> {
        let find = |name: &PlaybookName| chain.iter().find(|one| one.name == *name);
        descendants(playbook, find).into_iter().map(PlaybookName::as_str).collect()
    };
    assert_eq!(names(&chain[0]), ["b", "c", "d"]);
    assert_eq!(names(&chain[3]), [""; 0]);
}

#[test]
fn a_playbook_that_does_not_exist_is_shown_where_it_is_named_with_the_name_that_was_meant() {
    let found = look(&[playbook("parent", "enforce", &["revok-all"]), playbook("revoke-all", "enforce", &[])]);
    assert_eq!((found.len(), found[0].code, found[0].level), (1, codes::RUN_PLAYBOOK, Level::Error));
    assert_eq!(found[0].message, "there is no playbook `revok-all`");
    assert_eq!(found[0].hint.as_deref(), Some("did you mean `revoke-all`?"));
    let span = found[0].span.unwrap();
    assert_eq!((span.line, span.length), (7, 9));
    let alone = look(&[playbook("parent", "enforce", &["other"])]);
    assert!(alone[0].hint.as_ref().unwrap().contains("no other playbook"), "{alone:?}");
}

#[test]
fn a_playbook_whose_own_file_is_broken_is_said_to_be_so() {
    let broken = BTreeMap::from([("child".parse().unwrap(), "child.yaml".to_owned())]);
    let parent = playbook("parent", "enforce", &["child"]);
    let found = family([&parent].into_iter(), &broken);
    assert_eq!(found[0].message, "the playbook `child` has faults itself, in child.yaml");
}

#[test]
fn a_circle_is_shown_with_its_way_at_every_step_of_it() {
    let found =
        look(&[playbook("a", "enforce", &["b"]), playbook("b", "enforce", &["c"]), playbook("c", "enforce", &["b"])]);
    let shown: Vec<(&str, &str)> = found.iter().map(|one| (one.file.as_str(), one.message.as_str())).collect();
    let start = "these playbooks would run each other without end: ";
    assert_eq!(
        shown,
        [("b.yaml", &*format!("{start}b → c → b")), ("c.yaml", &*format!("{start}c → b → c"))],
        "the one that leads into the circle is right by itself"
    );
}

#[test]
fn a_family_of_five_generations_is_refused_once_where_it_becomes_too_deep() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let chain: Vec<Playbook> = names
        .iter()
        .enumerate()
        .map(|(index, name)| playbook(name, "enforce", &names[index + 1..][..1.min(5 - index)]))
        .collect();
    assert_eq!(look(&chain[2..]), [], "four are as many as may be");
    let found = look(&chain);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].file.as_str(), found[0].level), ("b.yaml", Level::Error));
    assert_eq!(found[0].message, "runs would start each other 5 deep: b → c → d → e → f");
}

#[test]
fn an_acting_playbook_is_warned_of_a_child_that_only_observes() {
    let quiet = playbook("quiet", "observe", &[]);
    let found = look(&[playbook("acts", "enforce", &["quiet"]), quiet.clone()]);
    assert_eq!((found[0].code, found[0].level), (codes::CHILD_OBSERVES, Level::Warning));
    assert!(found[0].hint.as_ref().unwrap().contains("quiet.yaml"), "{found:?}");
    assert_eq!(look(&[playbook("watches", "observe", &["quiet"]), quiet]), []);
}
