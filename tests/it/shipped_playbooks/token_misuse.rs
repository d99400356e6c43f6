//! Token misuse: contain, tell, ask, and then restore or retire.

use std::time::Duration;

use serde_json::json;
use standdown::clock::Clock;
use standdown::domain::approval::Choice;
use standdown::domain::event::Resolution;
use standdown::domain::{
    ApprovalCause, Attempt, Event, EventKind, IncidentId, Outcome, Run, RunId, Standing, StepPath, StepState, Verdict,
};
use standdown::store::ReadModel;

use super::{assert_steps, containment, outcome};
use crate::harness::lab::{Agents, Lab, Revocation, enforced, states};

const SHIPPED: &str = include_str!("../../../playbooks/token-misuse.yaml");
const RULE: &str = "token_anomalous_use";
const BOT: &str = "billing-bot";
const TOKEN: &str = "token-of-billing-bot";
const HOUR: Duration = Duration::from_hours(1);

async fn lab() -> Lab {
    Lab::start(&[&enforced(SHIPPED)], &Agents::default()).await
}

fn standing(lab: &Lab, agent: &str) -> Standing {
    lab.engine.standing(&agent.parse().unwrap())
}

async fn contained(lab: &Lab) -> RunId {
    let run = lab.run_for(RULE, BOT, json!({})).await;
    lab.until_asked(run, "override").await;
    run
}

#[tokio::test]
async fn an_approval_restores_the_agent_after_its_token_was_seen_to_die() {
    let lab = lab().await;
    let id = lab.run_for(RULE, BOT, json!({})).await;
    let approval = lab.until_asked(id, "override").await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("pause", "succeeded (contained)"), ("revoke", "succeeded (contained)")]);
    assert_eq!(containment(&run), Some(Verdict::Contained));
    assert!(run.containment().unwrap().1.is_some(), "when the last flip was seen is known");
    assert!(!lab.provider.is_active(TOKEN));
    assert!(!lab.gate_allows(BOT));
    let told = lab.notices_to("ana").await;
    assert!(told.iter().any(|(subject, _)| subject == "billing-bot is contained"), "{told:#?}");
    assert!(lab.provider.keys()[0].is_some(), "a revocation carries its idempotency key");

    lab.vote(&approval, "ana", Choice::Approve).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(&run, &[("pause", "undone (contained)"), ("resume", "succeeded"), ("retire", "skipped")]);
    assert_eq!(standing(&lab, BOT), Standing::Active);
    assert!(lab.gate_allows(BOT));
    assert!(!lab.provider.is_active(TOKEN), "a resume gives no token back");
    assert_eq!(lab.provider.revocations_asked(), 1);
    lab.stop().await;
}

#[tokio::test]
async fn a_rejection_retires_the_agent() {
    let lab = lab().await;
    let id = contained(&lab).await;
    let approval = lab.until_asked(id, "override").await;
    let contained = lab.run(id).await.containment();
    lab.clock.advance(Duration::from_mins(20));
    lab.vote(&approval, "ana", Choice::Reject).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(run.containment(), contained, "the time to contain is not that of the decision");
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(&run, &[("resume", "skipped"), ("retire", "succeeded (contained)")]);
    assert_eq!(standing(&lab, BOT), Standing::Retired);
    assert!(!lab.gate_allows(BOT));
    assert!(lab.vote(&approval, "ana", Choice::Approve).await.is_err(), "it is decided");
    assert!(!lab.gate_allows(BOT));
    lab.stop().await;
}

#[tokio::test]
async fn silence_keeps_the_agent_paused_and_its_owner_is_asked_again_when_the_pause_was_planned_to_end() {
    let lab = lab().await;
    let id = contained(&lab).await;
    let approval = lab.until_asked(id, "override").await;
    lab.wait(4 * HOUR).await;
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(&run, &[("override", "succeeded"), ("resume", "skipped"), ("retire", "skipped")]);
    assert_eq!(standing(&lab, BOT), Standing::Paused);
    assert!(lab.vote(&approval, "ana", Choice::Approve).await.is_err(), "at the deadline it is expired");
    assert!(!lab.gate_allows(BOT), "a vote that comes too late lets nothing go");

    lab.wait(5 * HOUR).await;
    let told = lab.notices_to("ana").await;
    assert!(told.iter().any(|(subject, _)| subject == "Still held: billing-bot"), "{told:#?}");
    assert!(!lab.gate_allows(BOT), "the end of a hold releases nothing");
    lab.wait(HOUR).await;
    let again = lab.notices_to("ana").await.iter().filter(|(subject, _)| subject.starts_with("Still held")).count();
    assert_eq!(again, 1, "an end is asked about once");
    lab.stop().await;
}

#[tokio::test]
async fn a_revocation_that_was_refused_is_a_failure_and_never_containment() {
    let lab = lab().await;
    lab.provider.revocations(Revocation::Refused);
    let id = contained(&lab).await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("pause", "succeeded (contained)"), ("revoke", "failed (failed)")]);
    assert_eq!(containment(&run), Some(Verdict::Failed));
    assert_eq!(run.containment().unwrap().1, None, "no time to contain is claimed");
    let told = lab.notices_to("ana").await;
    assert!(told.iter().any(|(subject, text)| subject.contains("FAILED") && text.contains("400")), "{told:#?}");
    assert_eq!(lab.provider.revocations_asked(), 1, "a refusal is an answer: it is not asked again");
    end_with_approval(&lab, id).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_revocation_answered_200_without_effect_is_unproven() {
    let lab = lab().await;
    lab.provider.revocations(Revocation::Lies);
    let id = lab.run_for(RULE, BOT, json!({})).await;
    let looking = |run: &Run| matches!(run.steps[&path("revoke")].state, StepState::Doing(Attempt::Proving { .. }));
    lab.until(id, "the effect is looked for", looking).await;
    lab.wait(Duration::from_secs(31)).await;
    lab.until_asked(id, "override").await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("revoke", "unproven (unproven)")]);
    assert_eq!(containment(&run), Some(Verdict::Unproven));
    let told = lab.notices_to("ana").await;
    assert!(told.iter().any(|(subject, _)| subject.contains("NOT proven")), "{told:#?}");
    end_with_approval(&lab, id).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_token_that_was_dead_before_shows_no_flip_and_counts_as_unproven() {
    let lab = lab().await;
    lab.provider.kill(TOKEN);
    let id = contained(&lab).await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("revoke", "unproven (unproven)")]);
    assert_eq!(containment(&run), Some(Verdict::Unproven));
    lab.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_down_for_a_while_is_asked_again_with_the_same_key() {
    let lab = lab().await;
    lab.provider.revocations(Revocation::Down);
    let id = lab.run_for(RULE, BOT, json!({})).await;
    lab.until(id, "a try failed", |run| backoff(run) == Some(1)).await;
    lab.wait(Duration::from_secs(2)).await;
    lab.until(id, "a second try failed", |run| backoff(run) == Some(2)).await;
    lab.provider.revocations(Revocation::Works);
    lab.wait(Duration::from_secs(3)).await;
    lab.until_asked(id, "override").await;
    assert_eq!(containment(&lab.run(id).await), Some(Verdict::Contained));
    let keys = lab.provider.keys();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| key.is_some() && *key == keys[0]), "{keys:?}");
    lab.stop().await;
}

#[tokio::test]
async fn a_provider_that_stays_down_leaves_it_to_a_person_who_says_what_happened() {
    let lab = lab().await;
    lab.provider.revocations(Revocation::Down);
    let id = lab.run_for(RULE, BOT, json!({})).await;
    for number in 1..5 {
        lab.until(id, &format!("try {number} failed"), |run| backoff(run) == Some(number)).await;
        lab.wait(Duration::from_secs(31)).await;
    }
    let waits = |run: &Run| matches!(run.steps[&path("revoke")].state, StepState::Doing(Attempt::NeedsOperator { .. }));
    let run = lab.until(id, "a person must look", waits).await;
    assert_ne!(containment(&run), Some(Verdict::Failed), "it may have been applied");
    assert_eq!(lab.provider.revocations_asked(), 5, "as often as the playbook says");
    for person in ["ana", "sam"] {
        let told = lab.notices_to(person).await;
        assert!(told.iter().any(|(subject, _)| subject.starts_with("A person must look")), "{told:#?}");
    }
    let kind = EventKind::Resolved {
        path: path("revoke"),
        resolution: Resolution::NotApplied,
        reason: "the provider's log shows nothing".to_owned(),
    };
    lab.engine.submit(id, Event { at: lab.clock.now(), actor: ana(), kind }).await.unwrap();
    let run = lab.until(id, "people are asked", |run| states(run)["override"] == "waiting").await;
    assert_steps(&run, &[("revoke", "failed (failed)")]);
    assert_eq!(containment(&run), Some(Verdict::Failed));
    end_with_approval(&lab, id).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_missing_credential_fails_the_step_before_anything_is_sent() {
    let agents = Agents { with_token: false, ..Agents::default() };
    let lab = Lab::start(&[&enforced(SHIPPED)], &agents).await;
    let id = contained(&lab).await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("pause", "succeeded (contained)"), ("revoke", "failed (failed)")]);
    assert_eq!(containment(&run), Some(Verdict::Failed));
    let StepState::Failed { reason } = &run.steps[&path("revoke")].state else { panic!("it failed") };
    assert!(reason.contains("nothing was sent") && reason.contains("credentials.idp"), "{reason}");
    assert_eq!(lab.provider.calls(), Vec::<String>::new());
    end_with_approval(&lab, id).await;
    assert_eq!(lab.provider.calls(), Vec::<String>::new());
    lab.stop().await;
}

#[tokio::test]
async fn over_the_budget_a_person_decides_and_until_then_nothing_is_done() {
    let ids: Vec<String> = (1..=7).map(|number| format!("bot-{number}")).collect();
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { ids: ids.clone(), ..Agents::default() }).await;
    for agent in &ids[..5] {
        let id = lab.run_for(RULE, agent, json!({})).await;
        lab.until_asked(id, "override").await;
        assert!(!lab.gate_allows(agent));
    }
    let sixth = lab.run_for(RULE, "bot-6", json!({})).await;
    let asked = lab.until_asked(sixth, "pause").await;
    assert_eq!(asked.cause, ApprovalCause::Budget);
    assert_eq!(asked.releases.len(), 2, "one request for the pause and the revocation: {asked:#?}");
    assert!(lab.gate_allows("bot-6") && lab.provider.is_active("token-of-bot-6"), "nobody has decided");
    lab.vote(&asked, "sam", Choice::Approve).await.unwrap();
    lab.until_asked(sixth, "override").await;
    assert_eq!(containment(&lab.run(sixth).await), Some(Verdict::Contained));
    assert!(!lab.gate_allows("bot-6") && !lab.provider.is_active("token-of-bot-6"));

    let seventh = lab.run_for(RULE, "bot-7", json!({})).await;
    let asked = lab.until_asked(seventh, "pause").await;
    lab.vote(&asked, "ana", Choice::Reject).await.unwrap();
    lab.until_asked(seventh, "override").await;
    let run = lab.run(seventh).await;
    assert_steps(&run, &[("pause", "rejected"), ("revoke", "rejected")]);
    assert!(lab.gate_allows("bot-7") && lab.provider.is_active("token-of-bot-7"));
    assert_eq!(containment(&run), None, "nothing was tried, so nothing is claimed");
    lab.stop().await;
}

#[tokio::test]
async fn a_budget_that_nobody_decides_about_asks_once_more_and_then_does_nothing() {
    let ids: Vec<String> = (1..=6).map(|number| format!("bot-{number}")).collect();
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { ids: ids.clone(), ..Agents::default() }).await;
    for agent in &ids[..5] {
        let id = lab.run_for(RULE, agent, json!({})).await;
        lab.until_asked(id, "override").await;
    }
    let sixth = lab.run_for(RULE, "bot-6", json!({})).await;
    let first = lab.until_asked(sixth, "pause").await;
    lab.wait(HOUR).await;
    let second = lab.until_asked(sixth, "pause").await;
    assert_ne!(first.id, second.id, "more people are asked once");
    lab.wait(HOUR).await;
    let run = lab.until(sixth, "it goes on", |run| states(run)["pause"] == "rejected").await;
    assert_steps(&run, &[("revoke", "rejected")]);
    assert!(lab.gate_allows("bot-6") && lab.provider.is_active("token-of-bot-6"), "silence destroys nothing");
    lab.stop().await;
}

#[tokio::test]
async fn a_protected_agent_is_contained_only_when_a_person_says_so() {
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { protected: true, ..Agents::default() }).await;
    let id = lab.run_for(RULE, BOT, json!({})).await;
    let asked = lab.until_asked(id, "pause").await;
    assert_eq!(asked.cause, ApprovalCause::Protected);
    assert!(lab.gate_allows(BOT) && lab.provider.calls().is_empty());
    lab.vote(&asked, "ana", Choice::Approve).await.unwrap();
    lab.until_asked(id, "override").await;
    assert!(!lab.gate_allows(BOT) && !lab.provider.is_active(TOKEN));
    lab.stop().await;
}

#[tokio::test]
async fn as_shipped_it_only_says_what_it_would_do() {
    let lab = Lab::start(&[SHIPPED], &Agents::default()).await;
    let answer = lab.alert(RULE, BOT, json!({})).await;
    assert_eq!(answer["mode"], "observe");
    let run = lab.until_finished(answer["run"].as_str().unwrap().parse().unwrap()).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(
        &run,
        &[("pause", "succeeded"), ("revoke", "succeeded"), ("resume", "skipped"), ("retire", "skipped")],
    );
    assert_eq!(containment(&run), None, "what was not done is not contained");
    assert_eq!(lab.provider.calls(), Vec::<String>::new());
    assert!(lab.gate_allows(BOT) && lab.messages().await.is_empty());
    let revoke = &run.steps[&path("revoke")];
    assert!(revoke.detail.as_deref().unwrap().contains("would do oauth.revoke_token"), "{revoke:?}");
    let shown = serde_json::to_string(&run).unwrap();
    assert!(!shown.contains(TOKEN), "a secret is shown by its reference only");
    lab.stop().await;
}

#[tokio::test]
async fn a_token_found_alive_later_is_told_as_undone() {
    let lab = lab().await;
    let id = contained(&lab).await;
    lab.provider.revive(TOKEN);
    lab.wait(Duration::from_secs(601)).await;
    let run = lab.until(id, "it was found undone", |run| containment(run) == Some(Verdict::Regressed)).await;
    assert_eq!(run.containment().unwrap().1, None);
    for person in ["ana", "sam"] {
        let told = lab.notices_to(person).await;
        assert!(told.iter().any(|(subject, _)| subject == "Undone: billing-bot"), "{told:#?}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_further_alert_joins_the_run_and_a_repeat_is_counted() {
    let lab = lab().await;
    let id = contained(&lab).await;
    let repeat = lab.alert(RULE, BOT, json!({})).await;
    assert_eq!(repeat["outcome"], "folded");
    let runs = lab.engine.store().runs(None, 100).await.unwrap();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    let incident: IncidentId = lab.run(id).await.incident;
    let alerts = lab.engine.store().alerts_of(incident).await.unwrap();
    assert_eq!(alerts.iter().map(|alert| alert.count).collect::<Vec<_>>(), [2]);
    lab.stop().await;
}

#[tokio::test]
async fn an_alert_of_another_rule_starts_nothing_and_says_why() {
    let lab = lab().await;
    let answer = lab.alert("something_else", BOT, json!({})).await;
    assert_eq!(answer["run"], json!(null));
    let line = &answer["playbooks"][0];
    assert_eq!((&line["name"], &line["matched"]), (&json!("token-misuse"), &json!(false)));
    assert!(line["why_not"].as_str().unwrap().contains("rule"), "{line}");
    assert!(lab.gate_allows(BOT));
    lab.stop().await;
}

#[tokio::test]
async fn an_unknown_agent_gets_an_incident_that_nobody_owns_and_the_fallback_owner_is_told() {
    let lab = lab().await;
    let answer = lab.alert(RULE, "stranger", json!({})).await;
    assert_eq!(answer["agent"]["known"], false);
    let incident = lab.engine.store().incident(answer["incident"].as_str().unwrap().parse().unwrap()).await.unwrap();
    assert!(incident.is_some());
    let told = lab.notices_to("sam").await;
    assert!(told.iter().any(|(subject, _)| subject.starts_with("Unknown agent")), "{told:#?}");
    assert!(lab.notices_to("ana").await.is_empty());
    lab.stop().await;
}

async fn end_with_approval(lab: &Lab, id: RunId) {
    let approval = lab.until_asked(id, "override").await;
    lab.vote(&approval, "ana", Choice::Approve).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert!(lab.gate_allows(BOT), "{:#?}", states(&run));
    assert_ne!(containment(&run), Some(Verdict::Contained));
}

fn path(step: &str) -> StepPath {
    step.parse().unwrap()
}

fn ana() -> standdown::domain::Actor {
    standdown::domain::Actor::Person { id: "ana".parse().unwrap(), assurance: standdown::domain::Assurance::Api }
}

/// The number of the try after which the revocation waits.
fn backoff(run: &Run) -> Option<u32> {
    match &run.steps[&path("revoke")].state {
        StepState::Doing(Attempt::Backoff { number, .. }) => Some(*number),
        _ => None,
    }
}
