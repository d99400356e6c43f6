//! Links: who holds one, what they enter, and when.

use reqwest::Method;
use serde_json::json;

use super::plan_of;
use crate::harness::daemon::{Answer, Setup};
use crate::harness::patience::poll;
use crate::harness::scene::{PATIENCE, Scene};

/// The fields of a form.
type Fields<'a> = Vec<(&'a str, &'a str)>;

/// What a visitor sees of a page, apart from what differs at every request.
fn seen(answer: &Answer) -> (u16, String, Vec<String>) {
    let mut headers: Vec<String> = answer.headers.iter().map(|(name, _)| name.to_string()).collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test]
async fn a_wrong_code_keeps_what_was_typed_and_says_how_many_tries_are_left() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let plan = plan_of(&scene.until_asked(&run).await);
    let request = scene.request(1).await;
    let before = scene.run(&run).await;
    for left in [4, 3, 2, 1] {
        let fields = [
            ("choice", "approve"),
            ("reason", "I called <Ana> & she said \"yes\""),
            ("code", &request.wrong_code()),
            ("plan", &plan),
        ];
        let answer = scene.post_form(&request.token, &fields).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        assert!(answer.text.contains(&format!("{left} more tr")), "{}", answer.text);
        let typed = "I called &lt;Ana&gt; &amp; she said &quot;yes&quot;";
        assert!(answer.text.contains(typed), "what was typed is kept: {}", answer.text);
        assert!(!answer.text.contains(&request.wrong_code()) && !answer.text.contains(&request.code), "no code");
    }
    assert_eq!(scene.run(&run).await["steps"], before["steps"]);
    assert!(!scene.gate_allows(Scene::AGENT).await);
    let answer = scene.decide(&request, "approve", &request.code, &plan).await;
    assert_eq!(answer.status, 303, "the right code at the last try is taken: {answer:?}");
    let receipt = answer.location();
    assert!(receipt.starts_with("/r/"), "{receipt}");
    assert_eq!(scene.until_finished(&run).await["status"], "completed");
    assert_eq!(scene.daemon.send(Method::GET, &receipt, &[], None).await.status, 200);
    assert!(scene.gate_allows(Scene::AGENT).await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn five_wrong_codes_end_a_link_and_a_new_one_is_sent_at_most_twice() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let plan = plan_of(&asked);
    for number in 1..=3 {
        let request = scene.request(number).await;
        for left in (0..5).rev() {
            let answer = scene.decide(&request, "approve", &request.wrong_code(), &plan).await;
            assert_eq!(answer.status, 422, "link {number}, {left} left: {answer:?}");
        }
        let spent = scene.decide(&request, "approve", &request.code, &plan).await;
        assert_eq!(spent.status, 404, "link {number} is spent, also for the right code: {spent:?}");
        let told = poll(PATIENCE, || async {
            let told = scene.mail().iter().filter(|mail| mail.0.starts_with("Wrong codes")).count();
            (told == number).then_some(())
        });
        assert!(told.await.is_some(), "the operators hear of link {number}: {:#?}", scene.mail());
    }
    assert_eq!(scene.requests().len(), 3, "no fourth link is sent: {:#?}", scene.requests());
    let last = scene.mail().into_iter().rev().find(|mail| mail.0.starts_with("Wrong codes")).unwrap().1;
    assert!(last.contains("no other is sent"), "{last}");
    assert!(!scene.gate_allows(Scene::AGENT).await, "guessing released nothing");
    let path = format!("/approvals/{}/approve", asked["id"].as_str().unwrap());
    let tag = format!("\"{plan}\"");
    let body = json!({ "reason": "by the API, because the links are spent" });
    let answer = scene.daemon.api_with(Method::POST, &path, &[("if-match", &tag)], Some(&body)).await;
    assert_eq!(answer.status, 200, "the request itself is never locked: {answer:?}");
    assert_eq!(scene.until_finished(&run).await["status"], "completed");
    scene.assert_serves().await;
}

#[tokio::test]
async fn wrong_codes_at_the_same_moment_are_all_counted() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let plan = plan_of(&scene.until_asked(&run).await);
    let request = scene.request(1).await;
    let codes: Vec<String> =
        (0..20_u32).map(|number| format!("{number:04}")).filter(|code| *code != request.code).collect();
    let tries = codes.iter().map(|code| scene.decide(&request, "approve", code, &plan));
    let answers = futures_util::future::join_all(tries).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [404, 422, 429].contains(status)), "{statuses:?}");
    // Whose page is made after the last try finds the link gone, so the answers do not tell how many were counted.
    let counted = scene.daemon.log().matches("a wrong code was entered").count();
    assert_eq!(counted, 5, "{statuses:?}");
    assert_eq!(scene.decide(&request, "approve", &request.code, &plan).await.status / 100, 4);
    assert!(!scene.gate_allows(Scene::AGENT).await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn an_incomplete_or_unreadable_form_decides_nothing_and_uses_up_no_try() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let plan = plan_of(&scene.until_asked(&run).await);
    let request = scene.request(1).await;
    let before = scene.run(&run).await;
    let long = "x".repeat(5000);
    let (code, plan) = (request.code.as_str(), plan.as_str());
    let cases: Vec<(&str, Fields<'_>, u16)> = vec![
        ("no button", vec![("reason", "because"), ("code", code), ("plan", plan)], 422),
        ("an unknown button", vec![("choice", "destroy"), ("reason", "because"), ("code", code), ("plan", plan)], 422),
        ("no code", vec![("choice", "approve"), ("reason", "because"), ("plan", plan)], 422),
        ("letters", vec![("choice", "approve"), ("reason", "because"), ("code", "abcd"), ("plan", plan)], 422),
        ("three digits", vec![("choice", "approve"), ("reason", "because"), ("code", "123"), ("plan", plan)], 422),
        ("other digits", vec![("choice", "approve"), ("reason", "because"), ("code", "١٢٣٤"), ("plan", plan)], 422),
        ("no reason", vec![("choice", "approve"), ("code", code), ("plan", plan)], 422),
        ("a blank reason", vec![("choice", "approve"), ("reason", " \n "), ("code", code), ("plan", plan)], 422),
        ("a long reason", vec![("choice", "approve"), ("reason", &long), ("code", code), ("plan", plan)], 422),
        ("no plan", vec![("choice", "approve"), ("reason", "because"), ("code", code)], 409),
        (
            "another plan",
            vec![("choice", "approve"), ("reason", "because"), ("code", code), ("plan", &long[..64])],
            409,
        ),
        ("nothing", vec![], 422),
    ];
    for (what, fields, status) in &cases {
        let answer = scene.post_form(&request.token, fields).await;
        assert_eq!(answer.status, *status, "{what}: {answer:?}");
        assert!(answer.header("content-type").starts_with("text/html"), "{what}");
    }
    let path = format!("/a/{}/decision", request.token);
    let form = "application/x-www-form-urlencoded";
    let raw: [(&str, &str, Vec<u8>); 4] = [
        ("JSON", "application/json", br#"{"choice":"approve"}"#.to_vec()),
        ("bad UTF-8", form, b"choice=approve&reason=%ff%fe&code=%ff".to_vec()),
        ("too much", form, [b"reason=".to_vec(), vec![b'x'; 20_000]].concat()),
        ("a field twice", form, b"choice=approve&choice=reject".to_vec()),
    ];
    for (what, kind, body) in raw {
        let answer = scene.daemon.send(Method::POST, &path, &[("content-type", kind)], Some(body)).await;
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    }
    let after = scene.run(&run).await;
    assert_eq!((&after["steps"], &after["approvals"]), (&before["steps"], &before["approvals"]));
    let last = scene.decide(&request, "reject", &request.wrong_code(), plan).await;
    assert!(last.text.contains("4 more tries"), "none of it used up a try: {}", last.text);
    scene.assert_serves().await;
}

#[tokio::test]
async fn forged_truncated_revoked_and_unknown_links_are_answered_all_the_same() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let token = scene.request(1).await.token;
    let unknown = standdown::domain::LinkToken::from_random(&[7; 32]).reveal().to_owned();
    let first = scene.page(&unknown).await;
    assert_eq!(first.status, 404, "{first:?}");
    let mut flipped = token.clone();
    let last = flipped.pop().unwrap();
    flipped.push(if last == 'a' { 'b' } else { 'a' });
    // Fewer than the ten a minute that an address may try.
    for forged in [&token[..token.len() - 1], &flipped, "apr_", "x", &token.to_uppercase(), "apr_%00%ff"] {
        let answer = scene.page(forged).await;
        assert_eq!(seen(&answer), seen(&first), "{forged}");
    }
    assert_eq!(scene.post_form(&flipped, &[("choice", "approve")]).await.status, 404);
    assert_eq!(scene.page(&token).await.status, 200);
    scene.assert_serves().await;
}

#[tokio::test]
async fn whoever_tries_links_is_slowed_down_and_those_who_hold_one_are_not() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let token = scene.request(1).await.token;
    let mut statuses = Vec::new();
    for number in 0..14_u8 {
        let unknown = standdown::domain::LinkToken::from_random(&[number; 32]).reveal().to_owned();
        statuses.push(scene.page(&unknown).await.status);
    }
    assert_eq!(statuses[..10], [404; 10]);
    assert_eq!(statuses[10..], [429; 4]);
    assert_eq!(scene.page(&token).await.status, 200, "guessing locks nobody out");
    scene.assert_serves().await;
}

#[tokio::test]
async fn after_the_decision_the_page_is_read_only_and_a_further_answer_is_409() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let plan = plan_of(&scene.until_asked(&run).await);
    let request = scene.request(1).await;
    assert_eq!(scene.decide(&request, "reject", &request.code, &plan).await.status, 303);
    let done = scene.until_finished(&run).await;
    let page = scene.page(&request.token).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<form") && !page.text.contains("<button"), "{}", page.text);
    for choice in ["approve", "reject"] {
        let answer = scene.decide(&request, choice, &request.code, &plan).await;
        assert_eq!(answer.status, 409, "{choice}: {answer:?}");
        assert!(!answer.text.contains("<form"), "{}", answer.text);
    }
    assert_eq!(scene.run(&run).await["steps"], done["steps"]);
    assert!(!scene.gate_allows(Scene::AGENT).await, "it stays retired");
    scene.assert_serves().await;
}

#[tokio::test]
async fn after_the_deadline_the_link_is_410_and_decides_nothing() {
    let text = Setup::shipped_text("token-misuse").replace("timeout: 4h", "timeout: 3s");
    let scene = Scene::start(|setup| setup.playbook("token-misuse", &text)).await;
    let run = scene.misuse_run().await;
    let plan = plan_of(&scene.until_asked(&run).await);
    let request = scene.request(1).await;
    let view = scene.until_finished(&run).await;
    assert_eq!(view["approvals"][0]["status"], "expired", "{view:#}");
    assert_eq!(scene.page(&request.token).await.status, 410);
    let late = scene.decide(&request, "approve", &request.code, &plan).await;
    assert_eq!(late.status, 410, "{late:?}");
    assert_eq!(scene.run(&run).await["steps"], view["steps"]);
    assert!(!scene.gate_allows(Scene::AGENT).await, "silence releases nothing");
    scene.assert_serves().await;
}

#[tokio::test]
async fn get_and_head_change_nothing_however_often() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let request = scene.request(1).await;
    let sent = |counts: &serde_json::Value| counts["waiting_messages"] == 0;
    let settled = |view: &serde_json::Value| sent(&view["counts"]).then_some(());
    scene.daemon.read_until("/status", PATIENCE, settled).await;
    let (before, view) = (scene.everything().await, scene.run(&run).await);
    let mails = scene.mail().len();
    let page = format!("/a/{}", request.token);
    let decision = format!("{page}/decision");
    let approve = format!("/api/v1/approvals/{}/approve", asked["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", Setup::ANA_TOKEN);
    for _ in 0..50 {
        let got = scene.daemon.send(Method::GET, &page, &[], None).await;
        let head = scene.daemon.send(Method::HEAD, &page, &[], None).await;
        assert_eq!((got.status, head.status, head.text.as_str()), (200, 200, ""));
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(scene.daemon.send(method.clone(), &decision, &[], None).await.status, 405);
            let answer = scene.daemon.send(method, &approve, &[("authorization", &bearer)], None).await;
            assert_eq!(answer.status, 405);
        }
    }
    for method in [Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(scene.daemon.send(method.clone(), &page, &[], None).await.status, 405, "{method}");
    }
    assert_eq!(scene.everything().await, before);
    assert_eq!(scene.run(&run).await, view);
    assert_eq!(scene.mail().len(), mails);
    scene.assert_serves().await;
}
