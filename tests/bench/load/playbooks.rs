//! The playbooks that are measured.

use std::fmt::Write as _;
use std::path::Path;

use super::alert;
use super::start::WAITING_PLAYBOOKS;

/// Writes those that act, if wanted, and so many that match nothing that is sent.
pub fn write(folder: &Path, acting: bool, idle_playbooks: usize) -> anyhow::Result<()> {
    let write = |name: &str, text: &str| std::fs::write(folder.join(format!("{name}.yaml")), text);
    if acting {
        write("three-calls", &three_calls())?;
        write("held-call", &held_call())?;
        for number in 0..WAITING_PLAYBOOKS {
            write(&format!("waiting-{number}"), &waiting(number))?;
        }
    }
    for number in 0..idle_playbooks {
        write(&format!("idle-{number:04}"), &idle(number))?;
    }
    Ok(())
}

fn head(name: &str, rule: &str) -> String {
    format!(
        "playbook: {name}\nmode: enforce\nmatch: {{ when: \"alert.rule == '{rule}'\" }}\n\
         incident: {{ on_new_alert: ignore }}\nstages:\n"
    )
}

/// A call that is sent again after a crash, with the same key.
fn call(step: usize, path: &str) -> String {
    format!(
        "  - stage: stage_{step}\n    steps:\n      - step: call_{step}\n        action: http.call\n        \
         impact: notify\n        protection: keyed\n        timeout: 60s\n        with:\n          connection: target\n          \
         method: POST\n          url: \"{path}\"\n          json: {{ agent: \"{{{{agent.id}}}}\" }}\n"
    )
}

fn three_calls() -> String {
    let mut text = head("three-calls", alert::STARTS_A_RUN);
    for step in 1..=3 {
        text.push_str(&call(step, &format!("/call/{step}/{{{{alert.fields.number}}}}")));
    }
    text
}

/// Its only call is never answered.
fn held_call() -> String {
    format!("{}{}", head("held-call", alert::HOLDS), call(1, "/hold"))
}

/// Nothing happens for hours.
fn waiting(number: u64) -> String {
    let head = head(&format!("waiting-{number}"), alert::WAITS);
    format!("{head}  - stage: wait\n    steps:\n      - {{ step: wait, wait: 8h }}\n")
}

/// An ordinary condition that does not hold.
fn idle(number: usize) -> String {
    let mut text = String::new();
    write!(
        text,
        "playbook: idle-{number:04}\nmode: enforce\nmatch:\n  when: >-\n    alert.rule == 'rule-{number}' && \
         alert.severity >= HIGH && agent.tier == 'autonomous'\nstages:\n  - stage: tell\n    steps:\n      \
         - {{ step: tell, action: notify, with: {{ to: owner, subject: Look, text: 'Look at it.' }} }}\n"
    )
    .unwrap();
    text
}
