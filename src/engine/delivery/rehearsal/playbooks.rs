//! The playbooks of the tests of messages, approvals and pages.

/// Stops an agent and asks whether it may go on.
pub(crate) const RELEASE: &str = r#"
playbook: token-misuse
owner: user:cleo
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, with: { reason: "{{alert.title}}" } }
  - stage: decide
    steps:
      - step: override
        approval:
          ask: "Let {{agent.name}} resume?"
          releases: [resume]
          approvers: [owner, user:ben]
          identity: link
          reason: { mode: required, prompt: "What did you check?" }
          timeout: 3h58m
          on_timeout: reject
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
  - stage: retire
    when: steps.override.decision == 'rejected'
    steps:
      - { step: retire, action: agent.retire }
"#;

/// Asks before it destroys; two people must say yes.
pub(crate) const GUARD: &str = r#"
playbook: token-misuse
owner: user:cleo
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - step: pause
        action: agent.pause
        approval:
          ask: "Stop {{agent.name}}?"
          approvers: [owner, user:ben]
          thresholds: [{ approve: 2, reject: 1 }]
          identity: link
          timeout: 2h
          on_timeout: escalate
"#;

/// Stops an agent without asking, but only one in an hour.
pub(crate) const BUDGET: &str = r#"
playbook: token-misuse
owner: user:cleo
mode: enforce
match: { when: "true" }
budget: { contain: 1, per: 1h, over: approve }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, with: { reason: "{{alert.title}}" } }
      - { step: again, action: agent.pause, with: { reason: "{{alert.title}}" } }
"#;
