//! `standdown check`: every fault with its place, in every format, whatever the file holds.

pub mod hostile;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a check of one file may take on a busy machine.
const TIME_MAX: Duration = Duration::from_mins(1);

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/playbooks").join(name)
}

/// Runs the check in a folder of its own, without a configuration unless one is named.
fn check(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_standdown"));
    command.arg("check").args(arguments).current_dir(folder.path()).stdin(Stdio::null());
    command.env_remove("STANDDOWN_CONFIG").output().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The place (line and column, from 1) at which a text begins in a file.
fn place_of(file: &str, text: &str) -> (u64, u64) {
    let (number, line) = file.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
    let column = line[..line.find(text).unwrap()].chars().count();
    (number as u64 + 1, column as u64 + 1)
}

#[test]
fn the_shipped_playbooks_are_good() {
    let playbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let output = check(&[playbooks.to_str().unwrap()]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{faults}");
    assert!(text.contains("playbooks: 14 good; errors: 0"), "{text}");
}

#[test]
fn playbooks_that_run_each_other_are_looked_at_together_also_when_only_one_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, mode: &str, child: &str| {
        let text = format!(
            "playbook: {name}\nmode: {mode}\nowner: user:ana\nmatch: {{ when: alert.rule == 'x' }}\nstages:\n  - stage: a\n    \
             steps:\n      - {{ step: s, action: run_playbook, with: {{ playbook: {child} }} }}\n"
        );
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    };
    write("one", "enforce", "tow");
    write("two", "observe", "three");
    write("three", "observe", "two");
    let output = check(&[folder.path().to_str().unwrap()]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    for words in ["there is no playbook `tow`", "did you mean `two`?", "two → three → two", "three → two → three"]
    {
        assert!(faults.contains(words), "no `{words}` in:\n{faults}");
    }
    assert!(faults.contains("one.yaml:8:"), "{faults}");
    write("one", "enforce", "two");
    write("two", "observe", "missing");
    let output = check(&[folder.path().join("one.yaml").to_str().unwrap()]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "only what concerns the file is told: {text}{faults}");
    assert!(faults.contains("SD0368") && !faults.contains("missing"), "{faults}");
}

#[test]
fn people_are_shown_every_fault_with_its_line_a_caret_a_code_and_what_to_write() {
    let path = fixture("broken.yaml");
    let file = std::fs::read_to_string(&path).unwrap();
    let output = check(&[path.to_str().unwrap()]);
    let (text, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{faults}");
    assert!(text.starts_with("playbooks: 0 good;"), "{text}");
    for (wrong, hint) in [("agent.puase", "agent.pause"), ("resmue", ""), ("soon", "")] {
        let (line, column) = place_of(&file, wrong);
        let place = format!("{}:{line}:{column}", path.display());
        assert!(faults.contains(&place), "no {place} in:\n{faults}");
        assert!(faults.contains(hint), "{faults}");
    }
    assert!(faults.contains("agent.teir") && faults.contains('^'), "{faults}");
    assert!(!faults.contains('\u{1b}'), "piped output has no colours: {faults}");
}

#[test]
fn programs_are_given_the_same_faults_as_json() {
    let path = fixture("broken.yaml");
    let file = std::fs::read_to_string(&path).unwrap();
    let output = check(&[path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let faults: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    for wrong in ["agent.puase", "resmue", "soon"] {
        let (line, column) = place_of(&file, wrong);
        let found = faults.iter().find(|fault| fault["line"] == line && fault["column"] == column);
        let found = found.unwrap_or_else(|| panic!("nothing at {line}:{column} in {faults:#?}"));
        assert!(found["code"].as_str().unwrap().starts_with("SD0"), "{found}");
        assert_eq!((&found["level"], &found["file"]), (&"error".into(), &path.to_str().unwrap().into()));
    }
    assert!(faults.iter().all(|fault| !fault["message"].as_str().unwrap().is_empty()));
}

#[test]
fn a_code_review_is_given_the_same_faults_as_commands() {
    let path = fixture("broken.yaml");
    let file = std::fs::read_to_string(&path).unwrap();
    let output = check(&[path.to_str().unwrap(), "--format", "github"]);
    let (text, _) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    let (line, column) = place_of(&file, "agent.puase");
    let command = format!("::error file={},line={line},endLine={line},col={column},", path.display());
    assert!(text.lines().any(|line| line.starts_with(&command)), "no {command} in:\n{text}");
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
}

#[test]
fn a_file_made_to_exhaust_stack_time_or_memory_is_refused_with_a_diagnostic() {
    for case in hostile::files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hostile.yaml");
        std::fs::write(&path, &case.bytes).unwrap();
        let began = Instant::now();
        let output = check(&[path.to_str().unwrap(), "--format", "json"]);
        let took = began.elapsed();
        let faults = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}: {:?}\n{faults}", case.what, output.status);
        assert!(!faults.contains("panicked") && !faults.contains("overflow"), "{}: {faults}", case.what);
        assert!(took < TIME_MAX, "{}: {took:?}", case.what);
        let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let error = found.iter().find(|fault| fault["level"] == "error");
        let error = error.unwrap_or_else(|| panic!("{}: no error in {found:#?}", case.what));
        assert!(error["file"].as_str().unwrap().ends_with("hostile.yaml"), "{}: {error}", case.what);
        assert!(output.stdout.len() < 100_000, "{}: the file is not thrown back", case.what);
        let human = check(&[path.to_str().unwrap()]);
        assert_eq!(human.status.code(), Some(1), "{}: shown to people: {:?}", case.what, human.status);
        assert!(!human.stderr.contains(&0x1b), "{}: the file steers no terminal", case.what);
    }
}

#[test]
fn what_is_not_there_fails_and_wrong_usage_is_another_exit_code() {
    let missing = check(&["/nowhere/at/all.yaml"]);
    let (text, faults) = texts(&missing);
    assert_eq!(missing.status.code(), Some(1), "{text}{faults}");
    assert!(faults.contains("/nowhere/at/all.yaml"), "{faults}");
    for wrong in [&["--format", "xml"][..], &["--frobnicate"], &["--format"]] {
        assert_eq!(check(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_configuration_with_faults_is_shown_with_every_place_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standdown.yaml");
    let text = "listen: nowhere\nfallback_owner: [\"user:nobody\"]\nlimts: {}\nsources:\n  a: { preset: generic, auth: { \
                bearer: whsec_aVeryVeryPlainSecret } }\n";
    std::fs::write(&path, text).unwrap();
    let output = check(&["--config", path.to_str().unwrap()]);
    let (said, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{said}{faults}");
    for wrong in ["nowhere", "limts", "whsec_"] {
        let (line, _) = place_of(text, wrong);
        assert!(faults.contains(&format!("standdown.yaml:{line}:")), "nothing on line {line} ({wrong}):\n{faults}");
    }
    assert!(!format!("{said}{faults}").contains("aVeryVeryPlainSecret"), "a secret is not repeated:\n{faults}");
}

#[test]
fn a_strict_check_fails_at_a_warning_and_says_what_was_not_checked_without_spoiling_what_programs_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("p.yaml"), text).unwrap();
    let run = |more: &[&str]| {
        let output = check(&[&[folder.path().to_str().unwrap()], more].concat());
        (output.status.code(), texts(&output))
    };
    let good = "playbook: p\nmatch: { when: alert.rule == 'x' }\nstages:\n  - stage: one\n    steps:\n      - { step: tell, action: notify, with: { to: owner, template: contained } }\n";
    write(good);
    let (code, (_, note)) = run(&["--strict"]);
    assert_eq!(code, Some(0), "{note}");
    assert_eq!(note, "note: no standdown.yaml: people, connections and agents were not checked\n");
    write(&good.replace("alert.rule == 'x'", "alert.severity > CRITICAL"));
    assert_eq!(run(&[]).0, Some(0));
    for format in ["human", "json", "github"] {
        assert_eq!(run(&["--strict", "--format", format]).0, Some(1), "{format}");
    }
    let (_, (json, note)) = run(&["--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap().as_array().unwrap().len(), 1, "{json}");
    assert!(note.contains("were not checked"), "{note}");
}

#[test]
fn a_file_of_tests_and_a_folder_without_playbooks_are_answered_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let (_, faults) = texts(&check(&[path]));
    assert!(faults.contains("there are no playbooks here") && faults.contains("standdown help shipped"), "{faults}");
    let tests = folder.path().join("p.test.yaml");
    std::fs::write(&tests, "cases: []\n").unwrap();
    let output = check(&[tests.to_str().unwrap()]);
    let (_, faults) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{faults}");
    assert!(faults.contains("a file of tests") && faults.contains("standdown test "), "{faults}");
}
