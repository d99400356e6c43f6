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

const AGAIN: &str = "
playbook: again
mode: enforce
match: { when: alert.rule == 'burst' }
rerun_when: alert.severity > last.severity || now - last.ended_at > duration('1h')
stages:
  - stage: tell
    steps:
      - { step: tell, action: notify, with: { to: owner, template: alert } }
";

const AGAIN_CASES: &str = r#"
inventory: { agents: [{ id: bot, owner: "user:ana" }] }
alert: { id: one, rule: burst, severity: LOW }
cases:
  - case: repeats start it again when it is worse than before, or late enough
    then:
      - { after: 1m, alert: {}, expect: { runs: 1 } }
      - { after: 1m, alert: { severity: HIGH }, expect: { runs: 2 } }
      - { after: 1m, alert: { severity: HIGH }, expect: { runs: 2 } }
      - { after: 61m, alert: {}, expect: { runs: 3 } }
    expect: { runs: 3, run: completed }
  - case: a further alert is asked the same
    then:
      - { after: 1m, alert: { id: two }, expect: { runs: 1 } }
      - { after: 1m, alert: { id: three, severity: CRITICAL }, expect: { runs: 2 } }
    expect: { runs: 2 }
  - case: a repeat of what does not match starts nothing
    then:
      - { after: 2h, alert: { rule: calm } }
    expect: { runs: 1 }
"#;

/// Performs the cases of a playbook; what was otherwise than expected.
fn mismatches(playbook: &str, cases: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.yaml"), playbook).unwrap();
    std::fs::write(folder.path().join("p.test.yaml"), cases).unwrap();
    let loaded = load(folder.path(), &Registry::catalogue_without_connections(), &SourceTable::new());
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
    let suite = &loaded.suites[0];
    let performed = suite.cases.iter().map(|case| (case, perform(&suite.playbook, case)));
    performed
        .filter(|(_, performed)| !performed.mismatches.is_empty())
        .map(|(case, performed)| format!("{}: {:#?}", case.name, performed.mismatches))
        .collect()
}

#[test]
fn a_playbook_that_starts_again_is_rehearsed_as_intake_does_it() {
    assert_eq!(mismatches(AGAIN, AGAIN_CASES), Vec::<String>::new());
    let without = AGAIN.replace("rerun_when", "# rerun_when");
    assert_eq!(mismatches(&without, AGAIN_CASES).len(), 2, "without the key repeats start nothing, further alerts do");
}

const NAMED: &str = r#"
playbook: named
mode: enforce
match: { when: alert.rule == 'burst' }
stages:
  - stage: contain
    steps: [{ step: pause, action: agent.pause, hold: 8h }]
  - stage: decide
    steps: [{ step: ask, approval: { use: release, ask: "Resume?", releases: [resume] } }]
  - stage: restore
    when: steps.ask.decision == 'approved'
    steps: [{ step: resume, action: undo, with: { steps: [pause] } }]
"#;

const NAMED_CASES: &str = r#"
approvals: { release: { approvers: ["user:ana", "user:ben"], thresholds: [{ approve: VOTES }] } }
default_approval: { timeout: 2h }
inventory: { agents: [{ id: bot, owner: "user:ana" }], people: [ana, ben] }
alert: { rule: burst }
cases:
  - case: one of the two is enough
    then:
      - { approve: ask, by: ana }
    expect: { run: completed, steps: { resume: succeeded } }
  - case: nobody says anything for as long as the default says
    then:
      - { after: 119m, expect: { run: running } }
      - { after: 2m, expect: { run: completed } }
    expect: { standing: paused }
"#;

#[test]
fn a_file_of_tests_may_bring_the_approvals_that_its_playbook_names() {
    assert_eq!(mismatches(NAMED, &NAMED_CASES.replace("VOTES", "1")), Vec::<String>::new());
    assert_eq!(mismatches(NAMED, &NAMED_CASES.replace("VOTES", "2")).len(), 1);
}
