//! What an engineer's editor does with the schema: completion, help and faults, by the language server of real editors.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::servers::LanguageServer;

const MODELINE: &str = "# yaml-language-server: $schema=playbook.schema.json\n";

fn playbooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks")
}

fn schema() -> PathBuf {
    playbooks().join("playbook.schema.json")
}

fn lines(found: &[Value]) -> Vec<u64> {
    found.iter().map(|fault| fault["range"]["start"]["line"].as_u64().unwrap()).collect()
}

/// The labels that are offered where the text has its mark `|`.
fn offered(server: &mut LanguageServer, name: &str, marked: &str) -> Vec<String> {
    let at = marked.find('|').unwrap();
    let before = &marked[..at];
    let (line, character) = (before.matches('\n').count(), before.len() - before.rfind('\n').map_or(0, |at| at + 1));
    server.open(name, &marked.replacen('|', "", 1));
    server.complete(name, line, character).into_iter().map(|(label, _)| label).collect()
}

#[test]
fn the_shipped_playbooks_have_no_fault_in_an_editor() {
    let mut server = LanguageServer::start(&schema());
    let files = std::fs::read_dir(playbooks()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = files
        .filter(|name| name.strip_suffix(".yaml").is_some_and(|stem| stem.strip_suffix(".test").is_none()))
        .collect();
    assert!(names.len() >= 14, "{names:?}");
    for name in names {
        let text = std::fs::read_to_string(playbooks().join(&name)).unwrap();
        assert!(text.starts_with(MODELINE), "{name} tells an editor where its schema is");
        assert_eq!(server.open(&name, &text), Vec::<Value>::new(), "{name}");
    }
}

#[test]
fn faults_of_shape_appear_where_they_are_while_one_writes() {
    let mut server = LanguageServer::start(&schema());
    let text = format!(
        "{MODELINE}playbook: p\nmode: enforced\nmatch: {{ when: alert.rule == 'x' }}\nstages:\n  - stage: one\n    steps:\n      \
         - step: pause\n        action: agent.puase\n      - step: tell\n        action: notify\n        with: {{ to: owner, \
         tempalte: contained }}\n        on_failuer: stop\n"
    );
    let found = server.open("wrong.yaml", &text);
    let mut lines = lines(&found);
    lines.dedup();
    for line in [2, 8, 11, 12] {
        assert!(lines.contains(&line), "nothing on line {line}: {found:#?}");
    }
}

#[test]
fn keys_actions_and_parameters_are_offered_with_their_help() {
    let mut server = LanguageServer::start(&schema());
    let head = format!("{MODELINE}playbook: p\nmatch: {{ when: alert.rule == 'x' }}\n");
    let keys = offered(&mut server, "keys.yaml", &format!("{head}|\n"));
    assert!(["stages", "budget", "mode", "owner"].iter().all(|key| keys.iter().any(|found| found == key)), "{keys:?}");
    let steps = format!("{head}stages:\n  - stage: one\n    steps:\n      - step: a\n");
    let keys = offered(&mut server, "step.yaml", &format!("{steps}        |\n"));
    assert!(["action", "approval", "wait", "hold"].iter().all(|key| keys.iter().any(|found| found == key)), "{keys:?}");
    let actions = offered(&mut server, "action.yaml", &format!("{steps}        action: |\n"));
    for action in ["agent.pause", "notify", "oauth.revoke_token", "http.call"] {
        assert!(actions.iter().any(|found| found == action), "{action} in {actions:?}");
    }
    let words = offered(&mut server, "word.yaml", &format!("{head}mode: |\n"));
    assert!(words.iter().any(|word| word == "observe") && words.iter().any(|word| word == "enforce"), "{words:?}");
    let with = format!("{steps}        action: notify\n        with:\n          |\n");
    let parameters = offered(&mut server, "with.yaml", &with);
    assert!(
        ["to", "template", "subject"].iter().all(|name| parameters.iter().any(|found| found == name)),
        "{parameters:?}"
    );
    assert!(!parameters.iter().any(|name| name == "reason"), "those of other actions are not offered: {parameters:?}");
    let documented = server.complete("keys.yaml", head.lines().count(), 0);
    let budget = documented.iter().find(|(label, _)| label == "budget").unwrap();
    assert!(budget.1.contains("how many agents"), "{documented:?}");
    let help = server.hover("keys.yaml", 1, 2);
    assert!(help.contains("unique in a daemon"), "{help}");
}
