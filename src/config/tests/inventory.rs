//! Broken inventories, and inventories of several files.

use super::*;

fn found(faults: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    faults.iter().map(|fault| (fault.code, fault.span.unwrap().line, fault.span.unwrap().column)).collect()
}

fn with_agents(agents: &str) -> Files {
    let files = Files::new(&format!(
        "{LEAST}agents: agents.yaml\nconnections:\n  idp: {{ connector: oauth, base_url: https://i.example }}\n"
    ));
    files.write("agents.yaml", agents);
    files
}

#[test]
fn every_fault_of_an_inventory_has_its_code_and_place() {
    let files = with_agents(
        "agents:\n\
         - { id: a, aliases: [b], owner: user:anna, tier: free }\n\
         - { id: b, owner: owner, children: [c, d], nmae: B }\n\
         - { id: 'c d' }\n\
         - { id: a }\n\
         - { name: nameless }\n\
         - { id: e, handles: { oauth: { connection: ipd }, okta: { connection: idp, app: x }, http: { app: y } } }\n\
         - { id: f, credentials: { k: { ref: hunter2 } }, reviewed_at: today }\n\
         - { id: g, credentials: { k: { hash: hunter2 } }, children: [g, a] }\n\
         owners: []\n",
    );
    let faults = files.faults();
    let expected = [
        (codes::SHARED_AGENT_NAME, 2, 22),
        (codes::UNKNOWN_PERSON, 2, 33),
        (codes::UNKNOWN_WORD, 2, 50),
        (codes::OWNER, 3, 19),
        (codes::UNKNOWN_AGENT, 3, 37),
        (codes::UNKNOWN_AGENT, 3, 40),
        (codes::UNKNOWN_SETTING, 3, 44),
        (codes::WRONG_VALUE, 4, 9),
        (codes::SHARED_AGENT_NAME, 5, 9),
        (codes::MISSING_SETTING, 6, 3),
        (codes::UNKNOWN_CONNECTION, 7, 44),
        (codes::UNKNOWN_CONNECTION, 7, 71),
        (codes::MISSING_SETTING, 7, 86),
        (codes::LITERAL_SECRET, 8, 37),
        (codes::WRONG_VALUE, 8, 63),
        (codes::LITERAL_SECRET, 9, 38),
        (codes::UNKNOWN_AGENT, 9, 62),
        (codes::UNKNOWN_SETTING, 10, 1),
    ];
    assert_eq!(found(&faults), expected, "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.file.ends_with("agents.yaml")));
    assert!(!format!("{faults:?}").contains("hunter2"));
}

#[test]
fn a_file_that_is_no_inventory_is_a_fault() {
    assert_eq!(found(&with_agents("agents: { id: a }\n").faults()), [(codes::WRONG_VALUE, 1, 1)]);
    assert_eq!(with_agents("agents:\n  - id: [\n").faults()[0].code, "SD0001");
    assert!(with_agents("agents:\n").load().unwrap().agents.is_empty());
}

#[test]
fn a_folder_of_files_is_one_inventory() {
    let files = Files::new(&format!("{LEAST}agents: agents\nprotected: [two]\n"));
    fs::create_dir(files.path("agents")).unwrap();
    files.write("agents/1.yaml", "agents: [{ id: one, children: [two] }]\n");
    files.write("agents/2.yml", "agents: [{ id: two }]\n");
    files.write("agents/notes.txt", "no inventory\n");
    let agents = files.load().unwrap().agents;
    assert_eq!(
        agents.iter().map(|agent| (agent.id.as_str(), agent.protected)).collect::<Vec<_>>(),
        [("one", false), ("two", true)]
    );
    files.write("agents/3.yaml", "agents: [{ id: three, aliases: [one] }]\n");
    let faults = files.faults();
    assert_eq!(found(&faults), [(codes::SHARED_AGENT_NAME, 1, 33)]);
    assert!(faults[0].file.ends_with("3.yaml") && faults[0].message.contains("1.yaml:1"), "{faults:?}");
}

#[test]
fn two_agents_of_one_name_are_warned_of() {
    let configuration = with_agents("agents:\n- { id: a, name: Bot }\n- { id: b, name: Bot }\n").load().unwrap();
    assert_eq!(found(&configuration.warnings), [(codes::SHARED_AGENT_NAME, 3, 18)]);
    assert_eq!(configuration.agents.len(), 2);
}

#[test]
fn a_misspelt_protected_agent_is_a_fault_and_not_ignored() {
    let files = Files::new(&format!("{LEAST}agents: agents.yaml\nprotected: [brek-glass]\n"));
    files.write("agents.yaml", "agents: [{ id: break-glass }]\n");
    let faults = files.faults();
    assert_eq!(faults[0].hint.as_deref(), Some("did you mean `break-glass`?"));
}
