//! The file of defaults as people use it: its examples hold, and no damage to a file makes reading it panic.

use proptest::prelude::*;

use super::*;

/// The examples of the defaults: what stands behind `#` and three spaces.
fn examples() -> String {
    let lines = DEFAULTS.lines().filter_map(|line| line.strip_prefix("#   "));
    lines.fold(String::new(), |text, line| text + line + "\n").replace("<64 hex digits>", &"0a".repeat(32))
}

#[test]
fn the_examples_in_the_defaults_are_a_configuration() {
    let examples = examples();
    let (agents, rest) = examples.split_at(examples.find("people:").unwrap());
    let files = Files::new(&format!("{rest}agents: agents.yaml\nfallback_owner: [group:security]\n"));
    files.write("agents.yaml", agents);
    let configuration = files.load().unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(configuration.warnings, []);
    assert_eq!((configuration.agents.len(), configuration.connections.len(), configuration.sources.len()), (2, 1, 1));
    assert!(configuration.channels.email.is_some() && configuration.channels.webhooks.contains_key("oncall"));
}

#[test]
fn a_copy_of_the_defaults_is_a_file_that_changes_nothing() {
    let text = DEFAULTS.replace("fallback_owner: []\n", "").replace("playbooks: playbooks\n", "");
    let copy =
        Files::new(&format!("{text}\nfallback_owner: [user:ana]\n").replace("people: {}", "people: { ana: {} }"));
    let configuration = copy.load().unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(configuration.listen.to_string(), "127.0.0.1:8080");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_refused_or_read_and_never_panics(
        at in 0..FULL.len(),
        cut in 0_usize..40,
        put in "[ -~\\n\u{e9}\u{0}]{0,8}",
        agents_too in any::<bool>(),
    ) {
        let damage = |text: &str| {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + cut).min(text.len()));
            format!("{}{put}{}", &text[..start], &text[end..])
        };
        let files = Files::new(&if agents_too { FULL.to_owned() } else { damage(FULL) });
        files.write("agents.yaml", &if agents_too { damage(AGENTS) } else { AGENTS.to_owned() });
        if let Err(faults) = files.load() {
            prop_assert!(faults.iter().any(|fault| fault.level == Level::Error));
            prop_assert!(faults.iter().all(|fault| fault.code.starts_with("SD") && !fault.message.is_empty()));
        }
    }
}
