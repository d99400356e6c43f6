//! What a playbook means where it says nothing.

use std::time::Duration;

use super::*;
use crate::domain::approval::OnTimeout;
use crate::domain::{Assurance, Digest, HoldLevel, Impact, Mode, Principal, Protection};
use crate::language::Tree;
use crate::playbook::{HoldEnd, HoldRule, OnAlert, OnFailure, Order, Retry, Threshold, VerifyRule};

#[test]
fn a_playbook_that_says_little_observes_and_goes_on() {
    let text = with_steps("      - { step: a, action: evidence.capture }\n");
    let playbook = playbook(&text);
    assert_eq!((playbook.mode, playbook.on_new_alert), (Mode::Observe, OnAlert::Join));
    assert_eq!((playbook.title.as_str(), &playbook.owner), ("p", &Principal::Fallback));
    assert_eq!((playbook.budget, playbook.timeout), (None, None));
    assert_eq!((playbook.digest, &*playbook.text), (Digest::of(text.as_bytes()), text.as_str()));
    assert_eq!(playbook.stages[0].order, Order::Parallel);
    let step = &playbook.stages[0].steps[0];
    assert_eq!((step.on_failure, step.background), (OnFailure::Continue, false));
    let action = action(&playbook, "a");
    let retry =
        Retry { attempts_max: 3, exponential: true, initial: Duration::from_secs(1), max: Duration::from_secs(30) };
    assert_eq!((action.retry, action.verify.clone(), action.hold), (retry, None, None));
}

#[test]
fn a_step_before_the_first_containing_one_has_ten_seconds() {
    let playbook = playbook(&with_steps(
        "      - { step: before, action: evidence.capture }
      - { step: freeze, action: process.freeze, with: { pid: 7 } }
      - { step: after, action: evidence.capture }
      - { step: own, action: evidence.capture, timeout: 1m }\n",
    ));
    let timeouts = ["before", "freeze", "after", "own"].map(|name| action(&playbook, name).timeout.as_secs());
    assert_eq!(timeouts, [10, 15, 15, 60]);
}

#[test]
fn a_hold_without_a_time_stands_until_a_person_lifts_it() {
    let playbook = playbook(&with_steps(
        "      - { step: a, action: agent.pause }
      - { step: b, action: agent.pause, hold: 8h }
      - { step: c, action: agent.retire }\n",
    ));
    let rule = |level, after, on_end| Some(HoldRule { level, after, on_end });
    let eight = Duration::from_hours(8);
    assert_eq!(action(&playbook, "a").hold, rule(HoldLevel::Paused, None, HoldEnd::Ask));
    assert_eq!(action(&playbook, "b").hold, rule(HoldLevel::Paused, Some(eight), HoldEnd::Ask));
    assert_eq!(action(&playbook, "c").hold, rule(HoldLevel::Retired, None, HoldEnd::Ask));
}

#[test]
fn an_action_with_a_probe_is_verified_by_its_own_time() {
    let playbook = playbook(&with_steps(
        "      - step: a
        action: oauth.revoke_token
        with: { connection: \"{{agent.handles.idp.connection}}\", token: { secret: \"${IDP_TOKEN}\" } }
      - step: b
        action: oauth.revoke_token
        with: { connection: idp, token: \"{{agent.credentials.idp}}\" }
        verify: { within: 5s, recheck: [10m, 1h] }\n",
    ));
    let rule = |within, rechecks: &[u64]| VerifyRule {
        within: Duration::from_secs(within),
        rechecks: rechecks.iter().map(|seconds| Duration::from_secs(*seconds)).collect(),
    };
    assert_eq!(action(&playbook, "a").verify, Some(rule(60, &[])));
    assert_eq!(action(&playbook, "b").verify, Some(rule(5, &[600, 3600])));
    let Tree::Map(with) = &action(&playbook, "a").with else { panic!("parameters are a mapping") };
    let token = with["token"].render(&serde_json::json!({})).unwrap();
    assert_eq!(token, serde_json::json!({ "$secret": "env:IDP_TOKEN" }));
}

#[test]
fn a_call_that_reads_is_mild_and_any_other_says_how_strong_it_is() {
    let playbook = playbook(&with_steps(
        "      - { step: read, action: http.call, with: { method: get, url: 'https://x' } }
      - step: write
        action: http.call
        impact: contain
        protection: keyed
        with:
          method: POST
          url: https://x/{{agent.id}}
          headers: { Authorization: { secret: \"env:TOKEN\" }, X-Id: \"{{agent.id}}\" }
          json: { agent: \"{{agent.id}}\", token: \"{{agent.credentials.idp}}\", key: { secret: \"file:/k\" } }\n",
    ));
    let strength = |name| (action(&playbook, name).impact, action(&playbook, name).protection);
    assert_eq!(strength("read"), (Impact::Notify, Protection::Read));
    assert_eq!(strength("write"), (Impact::Contain, Protection::Keyed));
    let values = serde_json::json!({"agent": {"id": "a/../b", "credentials": {"idp": {"$secret": "env:A"}}}});
    let rendered = action(&playbook, "write").with.render(&values).unwrap();
    assert_eq!(rendered["url"], "https://x/a%2F..%2Fb", "a value can't leave its segment of the path");
    assert_eq!(rendered["json"]["agent"], "a/../b");
    assert_eq!(rendered["headers"]["Authorization"]["$secret"], "env:TOKEN");
    assert_eq!(rendered["json"]["token"]["$secret"], "env:A");
    assert_eq!(rendered["json"]["key"]["$secret"], "file:/k");
}

#[test]
fn silence_and_voters_follow_from_what_an_approval_stands_before() {
    let playbook = playbook(&with_steps(
        "      - { step: a, action: agent.pause, approval: { ask: Sure?, timeout: 1h } }
      - { step: b, action: evidence.capture, approval: { ask: Sure?, timeout: 1h } }
      - { step: c, action: vault.destroy_entity, with: { entity: x }, approval: { ask: Sure?, timeout: 1h } }
      - { step: d, approval: { ask: Sure?, timeout: 1h } }\n",
    ));
    let silence = ["a", "b", "c", "d"].map(|name| approval(&playbook, name).on_timeout);
    assert_eq!(silence, [OnTimeout::Escalate, OnTimeout::Reject, OnTimeout::Escalate, OnTimeout::Reject]);
    let identity = ["a", "c", "d"].map(|name| approval(&playbook, name).identity);
    assert_eq!(identity, [Assurance::Link, Assurance::Api, Assurance::Link]);
    let guard = approval(&playbook, "a");
    assert_eq!(guard.releases.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        (&*guard.approvers, guard.prevent_self_review, guard.reason_required),
        (&[Principal::Owner][..], true, true)
    );
    assert_eq!(guard.thresholds, [Threshold { approve: 1, reject: 1, from: Vec::new() }]);
    let text = "      - { step: a, action: agent.pause, approval: { ask: Sure?, timeout: 1h, on_timeout: act } }\n";
    assert_eq!(approval(&super::playbook(&with_steps(text)), "a").on_timeout, OnTimeout::Act);
    let ten_minutes = Some(Duration::from_mins(10));
    assert_eq!((guard.valid_for, approval(&playbook, "d").valid_for), (ten_minutes, None));
}
