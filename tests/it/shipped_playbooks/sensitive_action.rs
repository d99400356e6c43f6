//! A sensitive action that waits for a person: pause first, ask, and then let go, keep, or ask others.

use std::time::Duration;

use serde_json::json;
use standdown::domain::approval::Choice;
use standdown::domain::{ApprovalCause, Outcome, RunId, Standing, Verdict};

use super::{assert_steps, containment, outcome};
use crate::harness::lab::{Agents, Lab, enforced, states};

const SHIPPED: &str = include_str!("../../../playbooks/sensitive-action.yaml");
const RULE: &str = "sensitive_action_requested";
const BOT: &str = "billing-bot";
const HOUR: Duration = Duration::from_hours(1);

async fn lab() -> Lab {
    Lab::start(&[&enforced(SHIPPED)], &Agents::default()).await
}

async fn asked(lab: &Lab) -> RunId {
    let id = lab.run_for(RULE, BOT, json!({ "action": "wire 9,000 EUR to a new account" })).await;
    lab.until_asked(id, "override").await;
    assert!(!lab.gate_allows(BOT), "it is paused before anybody is asked");
    id
}

fn standing(lab: &Lab) -> Standing {
    lab.engine.standing(&BOT.parse().unwrap())
}

#[tokio::test]
async fn an_approval_lets_the_agent_go_on() {
    let lab = lab().await;
    let id = asked(&lab).await;
    let approval = lab.until_asked(id, "override").await;
    assert_eq!(approval.ask, "billing-bot wants to do what a person should look at first. Let it go on?");
    lab.vote(&approval, "ana", Choice::Approve).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(&run, &[("resume", "succeeded"), ("keep_paused", "skipped"), ("tell_unanswered", "skipped")]);
    assert_eq!(standing(&lab), Standing::Active);
    lab.stop().await;
}

#[tokio::test]
async fn a_rejection_keeps_the_agent_paused_without_an_end_and_tells_both() {
    let lab = lab().await;
    let id = asked(&lab).await;
    let approval = lab.until_asked(id, "override").await;
    let contained = lab.run(id).await.containment();
    lab.clock.advance(Duration::from_mins(20));
    lab.vote(&approval, "ana", Choice::Reject).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_eq!(run.containment(), contained, "the second pause contains nothing anew");
    assert_steps(&run, &[("keep_paused", "succeeded (contained)"), ("resume", "skipped")]);
    let holds = lab.engine.holds_on(&BOT.parse().unwrap());
    assert!(holds.iter().any(|hold| hold.until.is_none()), "{holds:#?}");
    for person in ["ana", "sam"] {
        let told = lab.notices_to(person).await;
        assert!(told.iter().any(|(subject, _)| subject == "Decided: billing-bot"), "{told:#?}");
    }
    lab.wait(48 * HOUR).await;
    assert!(!lab.gate_allows(BOT), "time alone never releases");
    lab.stop().await;
}

#[tokio::test]
async fn silence_asks_others_once_and_then_keeps_it_paused_and_says_so() {
    let lab = lab().await;
    let id = asked(&lab).await;
    let first = lab.until_asked(id, "override").await;
    assert!(!first.people.contains("sam"));
    lab.wait(HOUR).await;
    let second = lab.until_asked(id, "override").await;
    assert_ne!(first.id, second.id);
    assert!(second.people.contains("sam") && second.people.contains("ana"), "{:?}", second.people);
    assert!(lab.vote(&first, "ana", Choice::Approve).await.is_err(), "the first request is over");
    lab.wait(HOUR).await;
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_steps(&run, &[("resume", "skipped"), ("keep_paused", "skipped"), ("tell_unanswered", "succeeded")]);
    let told = lab.notices_to("sam").await;
    let (_, text) = told.iter().find(|(subject, _)| subject.starts_with("Nobody decided about billing-bot")).unwrap();
    assert!(text.contains("wire 9,000 EUR"), "{text}");
    assert_eq!(standing(&lab), Standing::Paused);
    lab.stop().await;
}

#[tokio::test]
async fn somebody_asked_later_can_let_it_go() {
    let lab = lab().await;
    let id = asked(&lab).await;
    let first = lab.until_asked(id, "override").await;
    assert!(lab.vote(&first, "sam", Choice::Approve).await.is_err(), "sam is not asked yet");
    lab.wait(HOUR).await;
    let second = lab.until_asked(id, "override").await;
    lab.vote(&second, "sam", Choice::Approve).await.unwrap();
    assert_eq!(outcome(&lab.until_finished(id).await.run), Outcome::Completed);
    assert!(lab.gate_allows(BOT));
    lab.stop().await;
}

#[tokio::test]
async fn what_the_agent_asks_for_does_not_stand_in_the_question() {
    let lab = lab().await;
    let hostile = "{{agent.credentials.idp}} {{#each this}}x{{/each}} <b>now</b>\r\nBcc: a@b";
    let id = lab.run_for(RULE, BOT, json!({ "action": hostile })).await;
    let approval = lab.until_asked(id, "override").await;
    assert_eq!(approval.ask, "billing-bot wants to do what a person should look at first. Let it go on?");
    lab.stop().await;
}

#[tokio::test]
async fn an_alert_without_the_action_is_asked_about_all_the_same_and_the_news_says_so() {
    let lab = lab().await;
    let id = lab.run_for(RULE, BOT, json!({})).await;
    lab.until_asked(id, "override").await;
    lab.wait(HOUR).await;
    lab.wait(HOUR).await;
    lab.until_finished(id).await;
    let told = lab.notices_to("sam").await;
    assert!(told.iter().any(|(_, text)| text.contains("(the alert does not say what)")), "{told:#?}");
    lab.stop().await;
}

#[tokio::test]
async fn a_protected_agent_is_not_paused_before_a_person_says_so() {
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { protected: true, ..Agents::default() }).await;
    let id = lab.run_for(RULE, BOT, json!({})).await;
    let limit = lab.until_asked(id, "pause").await;
    assert_eq!(limit.cause, ApprovalCause::Protected);
    assert!(lab.gate_allows(BOT));
    lab.vote(&limit, "sam", Choice::Reject).await.unwrap();
    let approval = lab.until_asked(id, "override").await;
    lab.vote(&approval, "ana", Choice::Approve).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_eq!(containment(&run), None);
    assert_steps(&run, &[("pause", "rejected")]);
    assert!(lab.gate_allows(BOT), "{:#?}", states(&run));
    lab.stop().await;
}

#[tokio::test]
async fn a_pause_that_the_gate_can_not_enforce_is_unproven_and_people_are_asked_all_the_same() {
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { gated: false, ..Agents::default() }).await;
    let id = lab.run_for(RULE, BOT, json!({ "action": "delete the ledger" })).await;
    let approval = lab.until_asked(id, "override").await;
    let run = lab.run(id).await;
    assert_steps(&run, &[("pause", "unproven (unproven)")]);
    assert_eq!(containment(&run), Some(Verdict::Unproven));
    lab.vote(&approval, "ana", Choice::Reject).await.unwrap();
    let run = lab.until_finished(id).await.run;
    assert_ne!(containment(&run), Some(Verdict::Contained), "it is not gated, so nothing was seen to stop it");
    lab.stop().await;
}

#[tokio::test]
async fn over_the_limit_of_the_hour_a_person_decides_whether_to_pause() {
    let ids: Vec<String> = (1..=11).map(|number| format!("bot-{number}")).collect();
    let lab = Lab::start(&[&enforced(SHIPPED)], &Agents { ids: ids.clone(), ..Agents::default() }).await;
    for agent in &ids[..10] {
        let id = lab.run_for(RULE, agent, json!({})).await;
        lab.until_asked(id, "override").await;
    }
    let eleventh = lab.run_for(RULE, "bot-11", json!({})).await;
    let limit = lab.until_asked(eleventh, "pause").await;
    assert_eq!(limit.cause, ApprovalCause::Budget);
    assert!(lab.gate_allows("bot-11"));
    lab.vote(&limit, "sam", Choice::Approve).await.unwrap();
    lab.until_asked(eleventh, "override").await;
    assert!(!lab.gate_allows("bot-11"));
    lab.stop().await;
}

#[tokio::test]
async fn as_shipped_it_pauses_nobody_and_asks_nobody() {
    let lab = Lab::start(&[SHIPPED], &Agents::default()).await;
    let id = lab.run_for(RULE, BOT, json!({ "action": "delete the ledger" })).await;
    let run = lab.until_finished(id).await.run;
    assert_eq!(outcome(&run), Outcome::Completed);
    assert_ne!(containment(&run), Some(Verdict::Contained));
    assert!(lab.gate_allows(BOT) && lab.messages().await.is_empty());
    lab.stop().await;
}
