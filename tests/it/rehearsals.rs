//! `standdown plan`, `explain` and `replay`: what would be done and why, said without doing anything.

mod again;
mod families;
mod replayed;
mod slips;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const CONFIGURATION: &str = "
agents: agents.yaml
people: { ana: { name: Ana, email: ana@example.com }, sam: { name: Sam, email: sam@example.com } }
fallback_owner: [\"user:sam\"]
channels: { email: { host: localhost, port: 25, tls: none, from: standdown@example.com } }
";
const AGENTS: &str = "
agents:
  - id: billing-bot
    name: Billing bot
    owner: user:ana
    tier: autonomous
    gated: true
    credentials: { idp: { ref: \"env:BILLING_TOKEN\" } }
  - { id: mail-bot, owner: \"user:sam\", tier: supervised, gated: true }
";

/// A folder with a configuration, an inventory and the shipped playbooks.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("standdown.yaml", CONFIGURATION);
        desk.write("agents.yaml", AGENTS);
        std::fs::create_dir(desk.path().join("playbooks")).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
        for name in ["token-misuse.yaml", "sensitive-action.yaml"] {
            std::fs::copy(shipped.join(name), desk.path().join("playbooks").join(name)).unwrap();
        }
        desk
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// A shipped playbook with something changed, in a file of its own.
    pub fn changed(&self, name: &str, from: &str, to: &str, file: &str) {
        let text = std::fs::read_to_string(self.path().join("playbooks").join(name)).unwrap();
        assert!(text.contains(from), "{from}");
        self.write(file, &text.replace(from, to));
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standdown"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.env_remove("STANDDOWN_CONFIG").output().unwrap()
    }

    /// What a command that succeeds says.
    pub fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let faults = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {faults}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// What a command that fails complains of, and its exit code.
    pub fn fault(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// A message of the preset `generic`.
pub fn message(id: &str, agent: &str, severity: &str, at: &str) -> Value {
    json!({
        "id": id, "rule": "token_anomalous_use", "title": "used elsewhere", "severity": severity, "agent": agent,
        "occurred_at": at,
    })
}

#[test]
fn a_plan_says_each_step_with_its_parameters_its_undo_who_is_asked_and_how_it_ends() {
    let text = Desk::new().text(&["plan", "token-misuse", "--agent", "billing-bot"]);
    for line in [
        "only observes",
        "pause: agent.pause [contain]",
        "undo: the hold is lifted, by people or by a step that they approve",
        "revoke: oauth.revoke_token [contain]",
        "token: the secret at env:BILLING_TOKEN",
        "undo: it can't be undone",
        "asks ana (owner): Let Billing bot resume?",
        "silence for 4h counts as refused",
        "a yes lets go: resume",
        "only when steps.override.decision == 'approved'",
        "approved        the run is completed, the agent active",
        "rejected        the run is completed, the agent retired",
        "nobody answers  the run is completed, the agent paused",
        "Can't be undone: revoke",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}

#[test]
fn a_plan_shows_what_would_fail_before_it_does() {
    let desk = Desk::new();
    let plan = desk.json(&["plan", "token-misuse", "--agent", "mail-bot"]);
    let steps = plan["stages"][0]["steps"].as_array().unwrap();
    let revoke = steps.iter().find(|step| step["name"] == "revoke").unwrap();
    assert!(revoke["fails"].as_str().unwrap().contains("agent.credentials.idp"), "{revoke}");
    assert_eq!(plan["ends"][2]["containment"], "failed");
    desk.write("alert.json", &message("a", "mail-bot", "high", "2026-11-23T03:00:00Z").to_string());
    let text = desk.text(&["plan", "token-misuse", "--agent", "mail-bot", "--alert", "alert.json"]);
    assert!(text.contains("It does NOT match this alert"), "{text}");
}

#[test]
fn what_is_not_known_is_said_with_what_was_meant() {
    let desk = Desk::new();
    for (arguments, words) in [
        (&["plan", "token-misus", "--agent", "billing-bot"][..], "did you mean `token-misuse`?"),
        (&["plan", "token-misuse", "--agent", "biling-bot"], "did you mean `billing-bot`?"),
        (&["replay", "--file", "none.jsonl"], "failed to read none.jsonl"),
        (&["replay", "--file", "standdown.yaml"], "failed to find an alert"),
        (&["replay", "--file", "standdown.yaml", "--source", "alertmanger"], "did you mean `alertmanager`?"),
    ] {
        let (_, fault) = desk.fault(arguments);
        assert!(fault.contains(words), "{arguments:?}: no `{words}` in:\n{fault}");
    }
    assert_eq!(desk.fault(&["replay"]).0, 2, "alerts from somewhere are needed");
}

#[test]
fn an_explanation_shows_each_part_of_the_condition_with_the_values_that_made_it() {
    let desk = Desk::new();
    desk.write("alert.json", &message("a", "billing-bot", "low", "2026-11-23T03:00:00Z").to_string());
    let text = desk.text(&["explain", "--playbook", "token-misuse", "--alert", "alert.json"]);
    for line in [
        "about billing-bot, autonomous",
        "token-misuse does not match",
        "true     alert.rule == 'token_anomalous_use'",
        "FALSE    alert.severity >= HIGH",
        "alert.severity is \"LOW\"",
        "agent.tier is \"autonomous\"",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    let all = desk.json(&["explain", "--alert", "alert.json", "--agent", "mail-bot"]);
    let names: Vec<_> = all.as_array().unwrap().iter().map(|one| one["playbook"].as_str().unwrap()).collect();
    assert_eq!(names, ["sensitive-action", "token-misuse"]);
    assert_eq!((&all[1]["matched"], &all[1]["agent"]["id"]), (&json!(false), &json!("mail-bot")));
}

#[test]
fn an_explanation_says_why_an_alert_that_matches_starts_nothing() {
    let desk = Desk::new();
    let mut alert = message("a", "billing-bot", "high", "2026-11-23T03:00:00Z");
    alert["test"] = json!(true);
    desk.write("alert.json", &alert.to_string());
    let text = desk.text(&["explain", "--playbook", "playbooks/token-misuse.yaml", "--alert", "alert.json"]);
    assert!(text.contains("would match, but starts nothing: the sender says that it is a test"), "{text}");
}

#[test]
fn an_alertmanager_payload_goes_through_its_own_source() {
    let desk = Desk::new();
    let body = json!({
        "version": "4", "groupKey": "g", "status": "firing", "receiver": "standdown",
        "alerts": [{ "status": "firing", "labels": { "alertname": "token_anomalous_use", "severity": "critical",
            "agent_id": "billing-bot" }, "annotations": { "summary": "odd" }, "startsAt": "2026-11-23T03:00:00Z",
            "fingerprint": "f" }],
    });
    desk.write("payload.json", &serde_json::to_string_pretty(&body).unwrap());
    let arguments = ["explain", "--playbook", "token-misuse", "--alert", "payload.json", "--source", "alertmanager"];
    let text = desk.text(&arguments);
    assert!(text.contains("token-misuse matches"), "{text}");
}
