//! Faults of test files: each at its place, with what was probably meant, and nothing is performed.

use super::{Folder, texts};

/// The fault that is shown for cases, by the code, the text at the place and words of the message or hint.
fn assert_fault(cases: &str, code: &str, wrong: &str, words: &str) {
    let folder = Folder::new(cases);
    let output = folder.test(&[]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{cases}\n{text}{faults}");
    let file = std::fs::read_to_string(folder.path().join("p.test.yaml")).unwrap();
    let (number, line) = file.lines().enumerate().find(|(_, line)| line.contains(wrong)).unwrap();
    let column = line[..line.find(wrong).unwrap()].chars().count();
    let place = format!("p.test.yaml:{}:{}", number + 1, column + 1);
    assert!(faults.contains(code), "no {code} in:\n{faults}");
    assert!(faults.contains(&place), "no {place} in:\n{faults}");
    assert!(faults.contains(words), "no `{words}` in:\n{faults}");
    assert!(!text.contains("passed, 0 failed") || text.contains("0 passed"), "nothing is performed: {text}");
}

#[test]
fn a_slip_is_shown_where_it_is_with_what_was_meant() {
    let case = |inner: &str| format!("\ncases:\n  - case: one\n    {inner}\n");
    for (inner, code, wrong, words) in [
        ("expct: { run: completed }", "SD0006", "expct", "did you mean `expect`?"),
        ("expect: { run: compelted }", "SD0009", "compelted", "did you mean `completed`?"),
        ("expect: { steps: { puase: succeeded } }", "SD0502", "puase", "did you mean `pause`?"),
        ("expect: { steps: { pause: { stat: failed } } }", "SD0006", "stat:", "did you mean `state`?"),
        ("expect: { messages: [{ to: anna }] }", "SD0503", "anna", "did you mean `ana`?"),
        ("expect: { standing: pasued }", "SD0009", "pasued", "did you mean `paused`?"),
        ("then: [{ after: 10 }]", "SD0305", "10 }", "did you mean `10s` or `10m`?"),
        ("then: [{ approve: tel }]", "SD0502", "tel }", "did you mean `tell`?"),
        ("then: [{ approve: pause, cancel: x }]", "SD0505", "cancel", "one thing happens after the other"),
        ("alert: { severity: HIHG }", "SD0009", "HIHG", "did you mean `HIGH`?"),
        ("outcomes: { pause: refused }", "SD0505", "pause: refused", "calls nothing outside"),
        ("agent: { tier: autonomus }", "SD0009", "autonomus", "did you mean `autonomous`?"),
        ("alert: { payload: none.json }", "SD0506", "none.json", "a payload needs the source"),
        ("alert: { payload: none.json, source: genric }", "SD0506", "none.json", "failed to read"),
    ] {
        assert_fault(&case(inner), code, wrong, words);
    }
}

#[test]
fn every_fault_of_a_file_is_found_at_once() {
    let cases = "
cases:
  - case: one
    expect: { run: compelted, steps: { puase: succeeded } }
  - case: two
    outcomes: { nobody: ok }
    then: [{ after: soon }]
  - expect: { matched: perhaps }
";
    let (_, faults) = texts(&Folder::new(cases).test(&[]));
    for words in ["compelted", "puase", "nobody", "soon", "`case` is missing", "true or false is expected"] {
        assert!(faults.contains(words), "no `{words}` in:\n{faults}");
    }
}

#[test]
fn a_case_that_expects_nothing_is_refused_because_it_can_not_fail() {
    assert_fault("\ncases:\n  - case: idle\n", "SD0505", "case: idle", "the case expects nothing");
    assert_fault("\ncases: []\n", "SD0501", "[]", "there are no cases");
}

#[test]
fn a_playbook_with_faults_is_shown_with_them_and_its_tests_are_not_run() {
    let folder = Folder::new("\ncases:\n  - { case: one, expect: { matched: true } }\n");
    std::fs::write(folder.path().join("p.yaml"), "playbook: p\nmatch: { when: alrt.rule == 'x' }\nstages: []\n")
        .unwrap();
    let output = folder.test(&[]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    assert!(faults.contains("p.yaml:2:") && faults.contains("alrt"), "{faults}");
    assert!(faults.contains("the playbook ./p.yaml has faults"), "{faults}");
}

#[test]
fn what_is_not_there_or_holds_no_tests_is_no_success() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_path_buf(), empty.path().join("none.test.yaml")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_standdown"));
        let output = command.arg("test").arg(&path).env_remove("STANDDOWN_CONFIG").output().unwrap();
        let (text, faults) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{text}{faults}");
        assert!(faults.contains("SD0501"), "{faults}");
    }
}
