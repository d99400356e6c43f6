//! Decisions through the API.

use super::*;

struct Asked {
    world: World,
    path: String,
    hash: String,
}

async fn asked() -> Asked {
    let world = World::new().await;
    world.alert().await;
    let list = world.get("/api/v1/approvals?pending=true").await.json();
    let id = list["approvals"][0]["approval"]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned();
    let path = format!("/api/v1/approvals/{id}");
    let hash = list["approvals"][0]["approval"]["plan"]["hash"].as_str().unwrap().to_owned();
    Asked { world, path, hash }
}

impl Asked {
    async fn vote(&self, token: &str, choice: &str, plan: Option<&str>, reason: &str) -> Answer {
        let path = format!("{}/{choice}", self.path);
        let mut request = request(Method::POST, &path, Some(token), Some(json!({ "reason": reason })));
        if let Some(plan) = plan {
            request.headers_mut().insert("if-match", format!("\"{plan}\"").parse().unwrap());
        }
        self.world.send(request).await
    }
}

#[tokio::test]
async fn an_approval_of_exactly_what_was_shown_lets_the_agent_go_on() {
    let asked = asked().await;
    let shown = asked.world.get(&asked.path).await;
    assert_eq!(shown.header("etag"), format!("\"{}\"", asked.hash));
    let gate = || request(Method::GET, "/gate/billing-bot", None, None);
    assert_eq!(asked.world.send(gate()).await.status, 403);
    let decided = asked.vote(ANA, "approve", Some(&asked.hash), "looked at it").await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    assert_eq!(decided.json()["approval"]["status"], "approved");
    assert_eq!(decided.json()["approval"]["votes"][0]["assurance"], "api");
    assert_eq!(asked.world.send(gate()).await.status, 200);
}

#[tokio::test]
async fn a_decision_without_a_plan_or_about_another_one_changes_nothing() {
    let asked = asked().await;
    assert_eq!(asked.vote(ANA, "approve", None, "r").await.problem(), (428, "SD5008".to_owned()));
    assert_eq!(asked.vote(ANA, "approve", Some("*"), "r").await.problem(), (400, "SD5009".to_owned()));
    let other = Digest::of(b"another plan").to_string();
    assert_eq!(asked.vote(ANA, "approve", Some(&other), "r").await.problem(), (412, "SD4004".to_owned()));
    assert_eq!(asked.vote(ANA, "approve", Some(&asked.hash), " ").await.problem(), (422, "SD3008".to_owned()));
    let shown = asked.world.get(&asked.path).await.json();
    assert_eq!((&shown["approval"]["status"], &shown["approval"]["votes"]), (&json!("pending"), &json!([])));
}

#[tokio::test]
async fn the_same_decision_again_is_answered_as_the_first_and_another_one_is_not() {
    let asked = asked().await;
    let first = asked.vote(ANA, "reject", Some(&asked.hash), "no").await;
    let again = asked.vote(ANA, "reject", Some(&asked.hash), "no").await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(again.json()["approval"]["votes"].as_array().unwrap().len(), 1);
    assert_eq!(asked.vote(ANA, "approve", Some(&asked.hash), "yes").await.problem(), (409, "SD4002".to_owned()));
    let late = asked.vote(BEN, "approve", Some(&asked.hash), "yes").await;
    assert_eq!(late.problem(), (409, "SD4002".to_owned()));
    let detail = late.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the request was decided at ") && detail.ends_with(" by ana: rejected"), "{detail}");
}

#[tokio::test]
async fn somebody_who_was_not_asked_may_not_decide() {
    let asked = asked().await;
    assert_eq!(
        asked.vote("token-of-eve", "approve", Some(&asked.hash), "r").await.problem(),
        (403, "SD4003".to_owned())
    );
}

#[tokio::test]
async fn after_the_deadline_nobody_decides() {
    let asked = asked().await;
    asked.world.clock.advance(61 * MINUTE);
    assert_eq!(asked.vote(ANA, "approve", Some(&asked.hash), "late").await.problem(), (410, "SD4005".to_owned()));
}

#[tokio::test]
async fn an_administrator_of_the_machine_who_is_nobody_may_not_decide() {
    let asked = asked().await;
    let own = rustix::process::getuid().as_raw();
    let path = format!("{}/approve", asked.path);
    let mut request = request(Method::POST, &path, None, Some(json!({ "reason": "r" })));
    request.headers_mut().insert("if-match", format!("\"{}\"", asked.hash).parse().unwrap());
    let answer = asked.world.send(from(Peer::Local { uid: Some(own) }, request)).await;
    assert_eq!(answer.problem(), (403, "SD5004".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("uid"));
}
