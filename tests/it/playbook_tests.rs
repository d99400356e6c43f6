//! `standdown test`: the tests of playbooks from outside, and the shipped ones with all that they promise.

mod faults;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const GOOD: &str = "
playbook: p
owner: user:sam
mode: observe
match: { when: \"alert.rule == 'odd'\" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 1h }
  - stage: tell
    steps:
      - { step: tell, action: notify, with: { to: owner, subject: \"{{agent.name}} is paused\", text: \"Rest.\" } }
";
const HEAD: &str = "
inventory: { agents: [{ id: bot, name: Bot, owner: \"user:ana\", gated: true }] }
alert: { rule: odd }
";

/// A folder with a playbook and its tests.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(cases: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.yaml"), GOOD).unwrap();
        std::fs::write(folder.path().join("p.test.yaml"), format!("{HEAD}{cases}")).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn test(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standdown"));
        command.arg("test").arg(".").args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.env_remove("STANDDOWN_CONFIG").output().unwrap()
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_shipped_playbooks_do_what_their_tests_say_and_every_step_and_every_way_is_gone_through() {
    let playbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let mut command = Command::new(env!("CARGO_BIN_EXE_standdown"));
    command.args(["test", "--format", "json", "--coverage-min", "100"]).arg(&playbooks).stdin(Stdio::null());
    let output = command.env_remove("STANDDOWN_CONFIG").output().unwrap();
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{faults}");
    let found: Value = serde_json::from_str(&text).unwrap();
    let files = found["files"].as_array().unwrap();
    let names = std::fs::read_dir(&playbooks).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (tests, others): (Vec<_>, Vec<_>) = names.partition(|name| name.ends_with(".test.yaml"));
    let shipped = others.iter().filter(|name| Path::new(name).extension().is_some_and(|it| it == "yaml")).count();
    assert_eq!(tests.len(), shipped);
    assert_eq!(files.len(), shipped, "each shipped playbook has its tests beside it");
    assert!(shipped >= 14, "{shipped}");
    assert!(found["passed"].as_u64().unwrap() > 80, "{}", found["passed"]);
    assert!(files.iter().all(|file| file["coverage"]["percent"] == 100), "{text}");
}

#[test]
fn a_case_that_comes_out_otherwise_is_shown_with_its_line_the_difference_and_what_happened() {
    let cases = "
cases:
  - case: it is paused
    expect: { standing: paused, run: completed }
  - case: it is not told
    expect:
      steps: { pause: { state: succeeded, verdict: unproven } }
      messages: [{ to: ana, subject: is retired }]
";
    let output = Folder::new(cases).test(&[]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    assert!(text.contains("FAILED ./p.test.yaml (2 cases, 1 failed)"), "{text}");
    assert!(text.contains("p.test.yaml:8"), "{text}");
    for line in [
        "expect.steps.pause.verdict (line 10)",
        "expected  unproven",
        "found     contained",
        "expected  a message to ana with the subject ... is retired ...",
        "found     to ana: Bot is paused | Rest.",
        "pause: contained: the gate, which saw the agent within 24 h, refuses it",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    assert!(text.contains("cases: 1 passed, 1 failed"), "{text}");
}

#[test]
fn programs_and_build_servers_are_given_the_same_results() {
    let cases =
        "\ncases:\n  - { case: 'a <b>', expect: { run: failed } }\n  - { case: fine, expect: { run: completed } }\n";
    let folder = Folder::new(cases);
    let output = folder.test(&["--format", "json", "--junit", "out.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["passed"], &found["failed"]), (&1.into(), &1.into()));
    let mismatch = &found["files"][0]["cases"][0]["mismatches"][0];
    assert_eq!((&mismatch["expected"], &mismatch["found"]), (&"failed".into(), &"completed".into()));
    let xml = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<testcase name=\"a &lt;b&gt;\" classname=\"p\""), "{xml}");
    assert!(xml.contains("<failure message=\"expect.run\">expected: failed"), "{xml}");
    let shown = folder.test(&["--format", "junit"]);
    assert!(texts(&shown).0.starts_with("<?xml"));
}

#[test]
fn too_little_coverage_fails_and_names_what_nobody_tried() {
    let folder = Folder::new("\ncases:\n  - { case: fine, expect: { run: completed } }\n");
    let output = folder.test(&["--coverage-min", "90"]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    assert!(text.contains("covered: steps 2/2, branches 1/2"), "{text}");
    assert!(text.contains("not covered: match when: false"), "{text}");
    assert!(faults.contains("less than 90 % of p is covered"), "{faults}");
    assert_eq!(folder.test(&["--coverage-min", "75"]).status.code(), Some(0));
}

#[test]
fn a_playbook_beside_the_tests_of_another_one_has_none_and_every_format_says_so() {
    let folder = Folder::new("\ncases:\n  - { case: fine, expect: { run: completed } }\n");
    let copy = |from: &str, to: &str, change: &dyn Fn(String) -> String| {
        let text = std::fs::read_to_string(folder.path().join(from)).unwrap();
        std::fs::write(folder.path().join(to), change(text)).unwrap();
    };
    copy("p.yaml", "new.yaml", &|text| text.replacen("playbook: p", "playbook: new", 1));
    // Copied with its playbook, and still about the other one.
    copy("p.test.yaml", "new.test.yaml", &|text| format!("playbook: p.yaml\n{text}"));
    assert_eq!(folder.test(&[]).status.code(), Some(0));
    let output = folder.test(&["--coverage-min", "50", "--format", "json", "--junit", "out.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let less = found["too_little_covered"].as_array().unwrap();
    assert_eq!((less.len(), &less[0]["file"]), (1, &"./new.yaml".into()), "{found:#}");
    let xml = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<testcase name=\"./new.yaml\" classname=\"SD0509\">"), "{xml}");
    let notes = folder.test(&["--coverage-min", "100", "--format", "github"]);
    let (notes, _) = texts(&notes);
    assert!(notes.contains("file=./new.yaml") && notes.contains("less than 100 %25 of p is covered"), "{notes}");
    copy("p.test.yaml", "new.test.yaml", &|text| format!("{text}\nodd: 1\n"));
    let (_, faults) = texts(&folder.test(&["--coverage-min", "50"]));
    assert!(!faults.contains("has no tests"), "its tests have a fault, which is said already: {faults}");
}

#[test]
fn a_filter_runs_some_cases_and_one_that_fits_none_is_no_success() {
    let cases =
        "\ncases:\n  - { case: one, expect: { run: failed } }\n  - { case: other, expect: { run: completed } }\n";
    let folder = Folder::new(cases);
    let output = folder.test(&["--filter", "othe"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(texts(&output).0.contains("cases: 1 passed, 0 failed"));
    assert_eq!(folder.test(&["--filter", "nobody"]).status.code(), Some(1));
    assert_eq!(folder.test(&["--format", "xml"]).status.code(), Some(2));
}

#[test]
fn a_payload_goes_through_the_real_source_of_a_preset() {
    let cases = "
cases:
  - case: as its sender would write it
    alert: { payload: message.json, source: generic, trust: contain }
    expect: { matched: true, standing: paused }
  - case: a source that is trusted with messages alone
    alert: { payload: message.json, source: generic, trust: notify }
    expect: { steps: { pause: { state: waiting, cause: trust } } }
  - case: one that says it is over
    alert: { payload: over.json, source: generic }
    expect: { matched: false, messages: [] }
";
    let folder = Folder::new(cases);
    let message = r#"{"id": "a", "rule": "odd", "severity": "high", "agent": {"id": "bot"}}"#;
    std::fs::write(folder.path().join("message.json"), message).unwrap();
    let over = r#"{"id": "a", "rule": "odd", "status": "resolved", "agent": "bot"}"#;
    std::fs::write(folder.path().join("over.json"), over).unwrap();
    let output = folder.test(&[]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{faults}");
    std::fs::write(folder.path().join("message.json"), "{\"id\": 1, \"id\": 2}").unwrap();
    let (_, faults) = texts(&folder.test(&[]));
    assert!(faults.contains("SD0506") && faults.contains("the source refuses the payload"), "{faults}");
}

#[test]
fn people_alerts_and_time_move_a_case_on_and_each_moment_can_be_looked_at() {
    let cases = "
cases:
  - case: a further alert after the end starts anew
    then:
      - { expect: { run: completed, runs: 1 } }
      - { after: 5m, alert: { title: again }, expect: { runs: 2 } }
      - { alert: { id: x }, expect: { runs: 3 } }
      - { alert: { id: x }, expect: { runs: 3 } }
    expect: { standing: paused, alerts: [] }
  - case: what nobody asks nobody can answer
    then: [{ approve: pause, refused: asks nobody now }]
    expect: { run: completed }
";
    let output = Folder::new(cases).test(&[]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{faults}");
}

#[test]
fn a_code_review_is_given_a_note_at_each_expectation_that_was_not_met() {
    let cases = "
cases:
  - case: it is not, told
    expect:
      run: completed
      steps: { pause: { state: succeeded, verdict: unproven } }
  - { case: 100 % fine, expect: { standing: paused } }
";
    let output = Folder::new(cases).test(&["--format", "github"]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    assert_eq!(
        text,
        "::error file=./p.test.yaml,line=9,endLine=9,col=43,endColumn=49,title=SD0508::it is not, told: \
         expect.steps.pause.verdict%0Aexpected: unproven%0Afound: contained\n"
    );
    let faulty = Folder::new("\ncases:\n  - { case: one, expect: { run: compelted } }\n").test(&["--format", "github"]);
    let (text, _) = texts(&faulty);
    assert!(text.starts_with("::error file=./p.test.yaml,line=6,"), "{text}");
    assert!(text.contains("did you mean `completed`?"), "{text}");
}
