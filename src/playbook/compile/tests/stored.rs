//! Versions that were once accepted: forbidden by now is one thing, no longer understood another.

use serde_json::json;

use super::*;
use crate::domain::Digest;
use crate::playbook::compile::{compile_stored, head};

/// What a version of this text compiles to.
fn stored(text: &str) -> crate::playbook::Compiled {
    compile_stored(&source(text), &catalogue(), &Digest::of(text.as_bytes()), None)
}

const WIPE: &str = "action: vault.destroy_entity, with: { entity: x }";

#[test]
fn what_a_rule_forbids_is_understood_all_the_same_and_said() {
    let silent = "      - { step: q, approval: { ask: Sure?, timeout: 1h } }
  - stage: two
    when: steps.q.decision == 'expired'
    steps:
      - { step: kill, ";
    let because = "irreversible: { because: a test }";
    for (text, code) in [
        (with_steps(&format!("{silent}{WIPE}, {because} }}\n")), codes::SILENCE),
        (with_steps(&format!("      - {{ step: a, {WIPE} }}\n")), codes::DESTROY_UNGUARDED),
        (
            with_steps(&format!(
                "      - {{ step: a, {WIPE}, approval: {{ ask: Go?, timeout: 1h, on_timeout: act }} }}\n"
            )),
            codes::SILENCE,
        ),
        (
            with_steps(&format!(
                "      - {{ step: a, {WIPE}, approval: {{ ask: Go?, timeout: 1h, identity: link }} }}\n"
            )),
            codes::IDENTITY,
        ),
        (with_steps("      - { step: a, approval: { ask: Go?, timeout: 1h, approvers: [] } }\n"), codes::QUORUM),
        (
            with_steps("      - { step: a, approval: { ask: \"{{alert.title}}\", timeout: 1h } }\n"),
            codes::APPROVAL_WORDS,
        ),
        (with_steps("      - { step: a, approval: { use: gone, ask: Go?, timeout: 1h } }\n"), codes::UNKNOWN_APPROVAL),
        (
            with_steps("      - { step: a, action: agent.pause }\n")
                .replace("match:", "incident: { key: \"'one'\" }\nmatch:"),
            codes::INCIDENT_KEY,
        ),
    ] {
        let refused = refused(&text);
        let (playbook, found) = stored(&text).unwrap_or_else(|found| panic!("{found:#?}\n{text}"));
        assert!(found.iter().any(|fault| fault.code == code && fault.level == Level::Error), "{found:#?}");
        assert!(refused.iter().any(|fault| fault.code == code), "{refused:#?}");
        assert_eq!(playbook.digest, Digest::of(text.as_bytes()));
        assert_eq!(playbook.steps().count(), text.matches("step: ").count(), "nothing is left out of\n{text}");
    }
}

#[test]
fn what_is_no_longer_understood_is_refused_and_so_is_another_text() {
    for steps in [
        "      - { step: a, action: agent.puase }\n",
        "      - { step: a, action: agent.pause, hodl: 1h }\n",
        "      - { step: a, action: agent.pause, when: agent.nkown }\n",
        "      - { step: a, action: agent.pause, with: { reason: \"{{agent.nmae}}\" } }\n",
        "      - { step: a, approval: gone }\n",
        "      - { step: a, approval: { use: gone, ask: Sure? } }\n",
        "      - { step: a, approval: { ask: Sure? } }\n",
    ] {
        let text = with_steps(steps);
        assert!(stored(&text).is_err(), "{text}");
    }
    let text = with_steps("      - { step: a, action: agent.pause }\n");
    assert!(stored(&text).is_ok());
    let damaged = compile_stored(
        &source(&text.replace("agent.pause", "agent.retire")),
        &catalogue(),
        &Digest::of(text.as_bytes()),
        None,
    );
    assert!(damaged.unwrap_err()[0].message.contains("is not the one of version"));
}

#[test]
fn a_version_keeps_its_digest_though_what_is_kept_with_it_is_counted_otherwise_by_now() {
    let text = with_steps("      - { step: a, approval: { use: release, ask: Go?, timeout: 1h } }\n");
    let kept = json!({ "approvals": { "release": { "timeout": "4h" }, "more": { "timeout": "1h" } }, "default_approval": null });
    let digest = head::version(&text, Some(&kept));
    let (playbook, _) = compile_stored(&source(&text), &catalogue(), &digest, Some(&kept)).unwrap();
    assert_eq!((playbook.digest, playbook.approvals), (digest, Some(kept)));
}
