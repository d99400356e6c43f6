//! Rehearsals that go into the runs that steps start: with the same stubs, and with the end told to the run above.

use std::path::Path;

use crate::action::Registry;
use crate::machine::replay;
use crate::rehearsal::Performance;
use crate::rehearsal::cases::{Loaded, SourceTable, load, perform};

pub(super) const PARENT: &str = r#"
playbook: parent
owner: user:ana
mode: enforce
match: { when: "true" }
budget: { contain: 1, per: 1h, over: approve }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: child, agent: mail-bot } }
  - stage: inform
    steps:
      - { step: tell, action: notify, with: { to: owner, subject: "{{steps.other.state}}", text: "It is over." } }
"#;

pub(super) const CHILD: &str = r#"
playbook: child
owner: user:ana
mode: observe
match: { when: "false" }
stages:
  - stage: contain
    mode: sequential
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - step: revoke
        action: oauth.revoke_token
        with: { connection: idp, token: "{{agent.credentials.idp}}" }
        verify: { within: 30s, recheck: [10m] }
  - stage: decide
    steps:
      - { step: release, approval: { ask: "Let {{agent.name}} go?", releases: [resume], approvers: [owner], timeout: 4h } }
  - stage: restore
    when: steps.release.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
"#;

const HEAD: &str = r#"
inventory:
  agents:
    - { id: billing-bot, owner: "user:ana", gated: true }
    - { id: mail-bot, name: Mail bot, owner: "user:sam", gated: true, credentials: { idp: { ref: "env:MAIL_TOKEN" } } }
    - { id: web-bot, owner: "user:sam", gated: true, credentials: { idp: { ref: "env:WEB_TOKEN" } } }
alert: { agent: billing-bot }
cases:
"#;

fn loaded(playbooks: &[(&str, &str)], of: &str, cases: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in playbooks {
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    std::fs::write(folder.path().join(format!("{of}.test.yaml")), format!("{HEAD}{cases}")).unwrap();
    load(folder.path(), &Registry::catalogue_without_connections(), &SourceTable::new())
}

/// Performs every case, looks at their histories, and gives their differences back.
fn differences(loaded: &Loaded) -> Vec<String> {
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
    let mut found = Vec::new();
    for case in &loaded.suites[0].cases {
        let performed = perform(&loaded.suites[0].playbook, case);
        let one = |it: &crate::rehearsal::cases::Mismatch| format!("{}: {it:#?}", case.name);
        found.extend(performed.mismatches.iter().map(one));
        for performance in performed.runs.iter().flat_map(Performance::family) {
            let (run, _) = replay(&performance.playbook, &performance.events).unwrap();
            assert_eq!(run, performance.run, "{}: its history leads to another state", case.name);
        }
    }
    found
}

pub(super) fn assert_good(playbooks: &[(&str, &str)], of: &str, cases: &str) {
    let found = differences(&loaded(playbooks, of, cases));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

const BOTH: [(&str, &str); 2] = [("parent", PARENT), ("child", CHILD)];

#[test]
fn a_rehearsal_goes_into_the_run_that_a_step_starts_and_the_step_stands_as_that_run_does() {
    assert_good(
        &BOTH,
        "parent",
        r#"
  - case: everything works and sam lets the agent go
    then:
      - expect:
          run: running
          standing: active
          standings: { mail-bot: paused }
          steps: { other: waiting, other/pause: succeeded, other/release: waiting, tell: pending }
          holds: [{ level: paused, step: other/pause }]
      - { approve: other/release, by: sam }
    expect:
      run: completed
      containment: contained
      standings: { mail-bot: active }
      asked: { other/release: [sam] }
      steps: { other: { state: succeeded, verdict: contained }, other/resume: succeeded, other/pause: undone,
               other/revoke: { verdict: contained, with: { token: { secret: "env:MAIL_TOKEN" } } } }
      messages: [{ to: sam, asks: other/release }, { to: ana, subject: succeeded }]
  - case: the provider refuses, and the step above has failed
    outcomes: { other/revoke: refused }
    then: [{ after: 4h }]
    expect:
      run: completed
      containment: failed
      standings: { mail-bot: paused }
      steps: { other/revoke: { state: failed, tries: 1 }, other: { state: failed, verdict: failed } }
      messages: [{ to: ana, subject: failed }]
  - case: the end of the hold is asked about, though it is of a run that was started by a step
    then: [{ after: 4h }, { after: 4h }]
    expect: { alerts: [hold_ended], standings: { mail-bot: paused } }
  - case: a later look finds it undone
    outcomes: { other/revoke: { rechecks: not_seen } }
    then: [{ after: 10m }]
    expect: { alerts: [regressed] }
  - case: who stops the run stops the one that it started
    then:
      - { cancel: it is fine }
      - { approve: other/release, refused: asks nobody now }
    expect: { run: cancelled, steps: { other: cancelled, other/release: cancelled } }
"#,
    );
}

#[test]
fn runs_of_items_are_told_apart_by_their_index() {
    let parent = PARENT
        .replace("step: other,", "step: other, for_each: { in: \"['mail-bot', 'web-bot']\", as: one, parallel: 2 },")
        .replace("agent: mail-bot }", "agent: \"{{one}}\" }")
        .replace("contain: 1,", "contain: 5,");
    assert_good(
        &[("parent", &parent), ("child", CHILD)],
        "parent",
        r#"
  - case: one of two is refused
    outcomes: { "other[1]/revoke": refused }
    then:
      - { reject: "other[0]/release", by: sam }
      - { expect: { steps: { "other[0]": succeeded, "other[1]": waiting } } }
      - { reject: other/release, by: sam }
    expect:
      standings: { mail-bot: paused, web-bot: paused }
      steps: { "other[0]/revoke": succeeded, "other[1]/revoke": failed, other: failed }
"#,
    );
    let without = "  - { case: which one, expect: { steps: { other/revoke: succeeded } } }\n";
    let found = loaded(&[("parent", &parent), ("child", CHILD)], "parent", without).diagnostics;
    let hint = "name one of them, as in `other[0]/revoke`";
    let said = |fault: &&crate::language::Diagnostic| fault.code == "SD0505" && fault.hint.as_deref() == Some(hint);
    assert_eq!(found.iter().filter(said).count(), 1, "{found:#?}");
}

#[test]
fn runs_of_one_family_share_the_budget_of_the_first() {
    let second =
        "      - { step: more, action: run_playbook, with: { playbook: child, agent: web-bot } }\n  - stage: inform";
    let parent = PARENT.replace("  - stage: inform", second);
    assert_good(
        &[("parent", &parent), ("child", CHILD)],
        "parent",
        r"
  - case: the second agent is one too many for the first playbook
    expect:
      standings: { mail-bot: paused, web-bot: active }
      steps: { other/pause: succeeded, more/pause: { state: waiting, cause: budget } }
",
    );
}

#[test]
fn the_steps_of_a_started_playbook_count_for_the_tests_of_that_playbook_alone() {
    let loaded = loaded(&BOTH, "parent", "  - { case: one, then: [{ after: 4h }], expect: { matched: true } }\n");
    let result = loaded.suites[0].perform(None);
    assert_eq!(result.coverage.steps(), (2, 2));
}

#[test]
fn what_happened_in_a_started_run_is_told_with_its_place() {
    let loaded = loaded(&BOTH, "parent", "  - { case: one, then: [{ after: 4h }], expect: { run: failed } }\n");
    let result = loaded.suites[0].perform(None);
    let lines: Vec<String> =
        result.cases[0].story.iter().map(|it| format!("{}: {}", it.step.as_deref().unwrap_or(""), it.text)).collect();
    assert!(lines.iter().any(|line| line.starts_with("other/pause: contained")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("other: child: ")), "{lines:#?}");
    assert!(result.cases[0].story.is_sorted_by_key(|line| line.at), "{lines:#?}");
}

#[test]
fn a_playbook_that_is_not_there_is_said_where_it_is_named_with_what_was_meant() {
    let parent = PARENT.replace("playbook: child,", "playbook: chidl,");
    let loaded = loaded(&[("parent", &parent), ("child", CHILD)], "parent", "  - { case: a, expect: { runs: 1 } }\n");
    assert!(loaded.suites.is_empty());
    let fault = loaded.diagnostics.iter().find(|fault| fault.code == "SD0507").expect("it is said");
    assert_eq!(Path::new(&fault.file).file_name().unwrap(), "parent.yaml");
    assert_eq!(fault.span.map(|span| (span.line, span.column)), Some((10, 64)), "{fault:?}");
    assert_eq!(fault.hint.as_deref(), Some("did you mean `child`?"));
}

#[test]
fn a_step_that_is_not_below_the_one_named_is_said_with_what_was_meant() {
    for (key, words) in [
        ("other/revok", "did you mean `revoke`?"),
        ("othr/revoke", "did you mean `other`?"),
        ("tell/revoke", "known here: other"),
        ("other/revoke/x", "starts no other playbook"),
        ("other/", "has no step ``"),
    ] {
        let cases = format!("  - {{ case: a, outcomes: {{ {key}: refused }}, expect: {{ runs: 1 }} }}\n");
        let loaded = loaded(&BOTH, "parent", &cases);
        let fault = &loaded.diagnostics[0];
        let said = format!("{} {}", fault.message, fault.hint.clone().unwrap_or_default());
        assert_eq!(fault.code, "SD0502", "{fault:?}");
        assert!(said.contains(words), "{key}: no `{words}` in {said}");
    }
}

#[test]
fn a_run_that_a_step_starts_may_be_answered_as_a_whole_and_is_not_gone_into() {
    assert_good(
        &BOTH,
        "parent",
        r"
  - case: it contained the other agent
    outcomes: { other: { run: completed, containment: contained, after: 20m } }
    then:
      - { expect: { run: running, steps: { other: waiting, tell: pending } } }
      - { after: 19m, expect: { steps: { other: waiting } } }
      - { after: 1m }
    expect:
      run: completed
      containment: contained
      standings: { mail-bot: active }
      steps: { other: { state: succeeded, verdict: contained }, tell: succeeded }
      messages: [{ to: ana, subject: succeeded }]
  - case: it failed
    outcomes: { other: failed }
    expect: { run: completed, containment: none, steps: { other: { state: failed, detail: failed } }, messages: [{ to: ana, subject: failed }] }
  - case: it could not prove it
    outcomes: { other: { run: completed, containment: unproven } }
    expect: { steps: { other: unproven }, containment: unproven }
  - case: it was stopped
    outcomes: { other: cancelled }
    expect: { steps: { other: failed } }
  - case: it did not begin
    outcomes: { other: refused }
    expect: { steps: { other: failed } }
  - case: the run that started it is stopped first
    outcomes: { other: { run: completed, after: 1h } }
    then: [{ cancel: it is fine }, { after: 2h }]
    expect: { run: cancelled, steps: { other: cancelled } }
",
    );
}

#[test]
fn what_keeps_a_run_from_beginning_keeps_one_that_is_answered_as_a_whole() {
    let parent = PARENT.replace("agent: mail-bot", "agent: nobody-bot");
    let cases = "  - { case: a, outcomes: { other: completed }, expect: { steps: { other: failed } } }\n";
    assert_good(&[("parent", &parent), ("child", CHILD)], "parent", cases);
}

#[test]
fn items_are_answered_apart_and_a_playbook_that_no_case_goes_into_need_not_be_there() {
    let parent = PARENT
        .replace("step: other,", "step: other, for_each: { in: \"['mail-bot', 'web-bot']\", as: one },")
        .replace("agent: mail-bot }", "agent: \"{{one}}\" }");
    let cases = r#"
  - case: the second fails
    outcomes: { other: completed, "other[1]": failed }
    expect: { steps: { "other[0]": succeeded, "other[1]": failed, other: failed } }
"#;
    assert_good(&[("parent", &parent)], "parent", cases);
    let into = format!("{cases}  - {{ case: into it, expect: {{ runs: 1 }} }}\n");
    let found = loaded(&[("parent", &parent)], "parent", &into);
    assert!(found.suites.is_empty() && found.diagnostics.iter().any(|fault| fault.code == "SD0507"), "{found:#?}");
}

#[test]
fn a_slip_in_what_comes_of_a_whole_run_is_said_at_its_place() {
    for (outcomes, words) in [
        ("{ other: complete }", "did you mean `completed`?"),
        ("{ other: { containment: contained } }", "`run`"),
        ("{ other: { run: refused, after: 1h } }", "write `refused` alone"),
        ("{ other: { run: failed, containment: broken } }", "broken"),
        ("{ other: failed, other/revoke: refused }", "what comes of `other` is said as a whole"),
    ] {
        let found =
            loaded(&BOTH, "parent", &format!("  - {{ case: a, outcomes: {outcomes}, expect: {{ runs: 1 }} }}\n"));
        let said = |fault: &crate::language::Diagnostic| {
            format!("{} {}", fault.message, fault.hint.clone().unwrap_or_default()).contains(words)
        };
        assert!(found.diagnostics.iter().any(said), "{outcomes}: no `{words}` in {:#?}", found.diagnostics);
        assert!(found.diagnostics.iter().all(|fault| fault.span.is_some()), "{:#?}", found.diagnostics);
    }
}

#[test]
fn a_family_is_as_large_as_the_daemon_lets_it_become_and_people_are_told() {
    let fan = |name: &str, other: &str| {
        let list: Vec<String> = (0..12).map(|number| format!("'{number}'")).collect();
        format!(
            "playbook: {name}\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: one\n    steps:\n      \
             - {{ step: many, for_each: {{ in: \"[{}]\", as: one, parallel: 20 }}, action: run_playbook, with: {{ playbook: {other} }} }}\n",
            list.join(", ")
        )
    };
    let rest = "playbook: rest\nowner: user:ana\nmode: enforce\nmatch: { when: \"true\" }\nstages:\n  - { stage: one, steps: [{ step: rest, wait: 1h }] }\n";
    let (first, second) = (fan("first", "second"), fan("second", "rest"));
    let cases = "  - { case: too many, expect: { steps: { \"many[0]\": waiting, \"many[11]\": succeeded }, messages: [{ to: ana, subject: \"Too many runs: second\" }] } }\n";
    let loaded = loaded(&[("first", &first), ("second", &second), ("rest", rest)], "first", cases);
    assert!(differences(&loaded).is_empty(), "{:#?}", differences(&loaded));
    let performed = perform(&loaded.suites[0].playbook, &loaded.suites[0].cases[0]);
    let family: Vec<&Performance> = performed.runs.iter().flat_map(Performance::family).collect();
    assert_eq!(family.len(), crate::domain::lineage::FAMILY_RUNS_MAX);
    let refused = |run: &Performance| {
        let failed = run.run.steps.iter().filter(|(path, record)| {
            path.to_string().ends_with(']') && matches!(&record.state, crate::domain::StepState::Failed { reason } if reason.contains("at most 100 runs, itself included"))
        });
        failed.count()
    };
    assert_eq!(family.iter().map(|run| refused(run)).sum::<usize>(), 12 + 12 * 12 - 99);
}
