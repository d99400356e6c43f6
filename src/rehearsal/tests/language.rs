//! What a playbook can say besides steps one after the other: a schedule, silence, items, and other playbooks.

use crate::action::Registry;
use crate::rehearsal::cases::{SourceTable, load, perform};

const PLAYBOOK: &str = r#"
playbook: p
mode: enforce
schedule: { cron: "0 6 * * *", timezone: UTC }
for_each_agent: agent.tier == 'autonomous'
silence: { from: 2026-12-24T00:00:00Z, to: 2026-12-25T00:00:00Z, because: nobody is there }
vars: { words: "look at {{agent.name}}" }
stages:
  - stage: one
    mode: sequential
    steps:
      - { step: settle, wait: 10m }
      - { step: watch, action: run_playbook, with: { playbook: other } }
      - step: tell
        for_each: { in: agent.systems, as: system, at_most: 10 }
        action: notify
        with: { to: owner, subject: "{{system}}", text: "{{vars.words}}" }
"#;

const OTHER: &str = r#"
playbook: other
mode: enforce
match: { when: "false" }
stages:
  - stage: one
    steps:
      - { step: say, action: notify, with: { to: owner, subject: watched, text: "{{agent.name}}" } }
"#;

const CASES: &str = r#"
inventory: { agents: [{ id: bot, name: Bot, owner: "user:ana", tier: autonomous, systems: [crm, erp] }] }
cases:
  - case: by its schedule
    at: 2026-11-23T06:00:00Z
    alert: { source: schedule, rule: p }
    then:
      - { after: 10m }
    expect: { matched: true, run: completed, steps: { settle: succeeded, watch: succeeded, tell: succeeded } }
  - case: by the schedule of another
    at: 2026-11-23T06:00:00Z
    alert: { source: schedule, rule: q }
    expect: { matched: false }
  - case: by an alert
    at: 2026-11-23T06:00:00Z
    alert: { rule: p }
    expect: { matched: false }
  - case: in a window of silence
    at: 2026-12-24T06:00:00Z
    alert: { source: schedule, rule: p }
    expect: { matched: false }
"#;

#[test]
fn schedules_silences_waits_items_and_other_playbooks_are_rehearsed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.yaml"), PLAYBOOK).unwrap();
    std::fs::write(folder.path().join("other.yaml"), OTHER).unwrap();
    std::fs::write(folder.path().join("p.test.yaml"), CASES).unwrap();
    let loaded = load(folder.path(), &Registry::catalogue_without_connections(), &SourceTable::new());
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
    let suite = &loaded.suites[0];
    assert_eq!(suite.cases.len(), 4);
    for case in &suite.cases {
        let performed = perform(&suite.playbook, case);
        assert!(performed.mismatches.is_empty(), "{}: {:#?}", case.name, performed.mismatches);
        for performance in &performed.runs {
            let run = &performance.run;
            assert_eq!(run.items(&"tell".parse().unwrap()).count(), 2, "{:#?}", run.steps);
        }
    }
}
