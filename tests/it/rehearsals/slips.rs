//! Slips at the command line: what can't be used is said with what to do, and with the exit code that is documented.

use super::{CONFIGURATION, Desk, message};

#[test]
fn a_file_that_can_not_be_used_is_said_with_what_to_do() {
    let desk = Desk::new();
    desk.write("alert.json", &message("a", "billing-bot", "high", "2026-11-23T03:00:00Z").to_string());
    desk.write("empty.json", " \n");
    desk.write("broken.json", "{\"title\": ");
    std::fs::create_dir(desk.path().join("nothing")).unwrap();
    for command in [
        &["explain", "--alert"][..],
        &["plan", "token-misuse", "--agent", "billing-bot", "--alert"],
        &["replay", "--file"],
    ] {
        for (file, code, words) in [
            ("alrt.json", 1, "did you mean `alert.json`?"),
            ("none/here.json", 1, "look at the path"),
            ("playbooks", 2, "it is a folder, with sensitive-action.yaml, token-misuse.yaml; name a file of messages"),
            ("nothing", 2, "it is a folder, and an empty one"),
            ("empty.json", 1, "the file is empty"),
            ("broken.json", 1, "broken.json:1: this makes no alert"),
            ("broken.json", 1, "is `generic` its source? --source names another"),
            ("standdown.yaml", 1, "failed to find an alert in standdown.yaml"),
        ] {
            let (found, fault) = desk.fault(&[command, &[file]].concat());
            assert!(fault.contains(words), "{command:?} {file}: no `{words}` in:\n{fault}");
            assert_eq!(found, code, "{command:?} {file}: {fault}");
        }
    }
}

#[test]
fn a_playbook_that_can_not_be_found_is_said_with_what_to_do() {
    let desk = Desk::new();
    desk.write("alert.json", &message("a", "billing-bot", "high", "2026-11-23T03:00:00Z").to_string());
    std::fs::create_dir(desk.path().join("nothing")).unwrap();
    desk.write("away.yaml", &format!("{CONFIGURATION}playbooks: nowhere\n"));
    let explain = ["explain", "--alert", "alert.json"];
    let replay = ["replay", "--file", "alert.json"];
    let plan = ["plan", "--agent", "billing-bot"];
    for (command, more, code, words) in [
        (&explain[..], &["--playbook", "token-misus"][..], 2, "did you mean `token-misuse`?"),
        (&explain, &["--playbook", "playbooks/token-misus.yaml"], 1, "did you mean `playbooks/token-misuse.yaml`?"),
        (&explain, &["--playbook", "playbooks"], 2, "it is a folder, and one playbook is wanted"),
        (&explain, &["--config", "away.yaml"], 1, "there is no folder nowhere"),
        (&replay, &["--playbook", "nothing"], 1, "no file there ends in `.yaml`"),
        (&replay, &["--diff", "nowhere"], 1, "there is no nowhere"),
        (&plan, &["playbooks"], 2, "it is a folder, and one playbook is wanted"),
        (&plan, &["playbooks/none.yaml"], 1, "there is no playbooks/none.yaml"),
    ] {
        let (found, fault) = desk.fault(&[command, more].concat());
        assert!(fault.contains(words), "{command:?} {more:?}: no `{words}` in:\n{fault}");
        assert_eq!(found, code, "{command:?} {more:?}: {fault}");
    }
}

#[test]
fn a_plan_for_another_agent_than_the_alert_is_about_says_so() {
    let desk = Desk::new();
    let both =
        ["billing-bot", "mail-bot"].map(|agent| message(agent, agent, "high", "2026-11-23T03:00:00Z").to_string());
    desk.write("alerts.jsonl", &both.join("\n"));
    let output = desk.run(&["plan", "token-misuse", "--agent", "mail-bot", "--alert", "alerts.jsonl"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the alert is about billing-bot; the plan takes it as one about mail-bot"), "{said}");
    assert!(said.contains("alerts.jsonl has 2 alerts; the plan is for the first"), "{said}");
}

#[test]
fn tests_that_are_not_there_are_said_with_where_they_would_be() {
    let desk = Desk::new();
    desk.write("notes.md", "nothing");
    for (path, words) in [
        ("playbooks/token-misuse.yaml", "playbooks/token-misuse.yaml has no tests yet: write them there"),
        ("notes.md", "its name does not end in `.test.yaml`"),
        ("playbooks", "write the tests of x.yaml into x.test.yaml beside it"),
        ("nowhere.test.yaml", "look at the path"),
    ] {
        let (code, fault) = desk.fault(&["test", path]);
        assert_eq!(code, 1, "{path}: {fault}");
        assert!(fault.contains(words), "{path}: no `{words}` in:\n{fault}");
    }
}

#[test]
fn the_help_of_every_rehearsal_says_its_exit_codes() {
    let desk = Desk::new();
    for command in ["explain", "plan", "test", "replay"] {
        for arguments in [&[command, "--help"][..], &["help", command]] {
            let text = desk.text(arguments);
            assert!(text.contains("Exit codes: 0 "), "{arguments:?}:\n{text}");
        }
    }
}
