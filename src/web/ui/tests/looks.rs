//! What the page says, in which order, and that it can be used by everybody.

use super::*;

async fn page(scene: Scene) -> Answer {
    let site = Site::of(scene).await;
    let link = site.rehearsal.link_of("ana").await;
    site.get(&format!("/a/{}", link.token)).await
}

#[tokio::test]
async fn the_page_says_everything_that_a_decision_needs_in_this_order() {
    let page = page(Scene::default()).await;
    let text = page.text();
    let order = [
        "Standdown asks Ana Example",
        "Let billing-bot resume?",
        "NOT contained",
        "\"Keep it held\" may stop nothing.",
        "The gate has never seen billing-bot: pausing will not stop it.",
        "What each answer does",
        "Resume billing-bot: the hold is lifted and billing-bot may act again (pause is undone).",
        "Keep it held: the hold on billing-bot stays. The playbook then goes on with retire (agent.retire).",
        "No answer: the hold on billing-bot stays.",
        "Decide by 14:05 UTC (in 3 h 58 min)",
        "Silence never releases anything.",
        "The alert",
        "HIGH",
        "token used from an unexpected network",
        "Quoted from the source grafana, not checked.",
        "Rule: token_anomalous_use",
        "Touched: ledger, invoices",
        "The agent",
        "Owner user:ana",
        "paused (unproven)",
        "Done so far",
        "not proven: pause (agent.pause)",
        "What comes next",
        "resume (undo)",
        "Votes",
        "One answer decides. Also asked: Ben Example.",
        "Exactly this",
        "resume - undo: undoes pause (agent.pause)",
        "Plan ",
        "What did you check?",
        "Code: the four digits",
        "Resume billing-bot",
        "Keep it held",
        "I can't decide: escalate now",
    ];
    let mut rest = text.as_str();
    for words in order {
        rest = rest.split_once(words).unwrap_or_else(|| panic!("`{words}` is missing or too early in:\n{text}")).1;
    }
    assert!(page.body.len() < PAGE_BYTES_MAX / 2, "{} bytes", page.body.len());
}

#[tokio::test]
async fn a_contained_agent_is_not_said_to_be_free() {
    let page = page(Scene { gate_saw_the_agent: true, ..Scene::default() }).await;
    let text = page.text();
    assert!(!text.contains("NOT contained") && !text.contains("never seen"), "{text}");
    assert!(text.contains("paused") && text.contains("contained: pause (agent.pause)"), "{text}");
    assert!(text.contains("Keep it stopped: billing-bot stays stopped."), "{text}");
    let (_, top) = text.split_once("Contained\n").unwrap_or_else(|| panic!("{text}"));
    assert!(top.starts_with("pause (agent.pause): seen at 10:07 UTC"), "{text}");
    assert!(!text.contains("unproven"), "{text}");
}

#[tokio::test]
async fn a_hold_that_was_taken_over_is_not_said_to_stay_where_yes_lifts_it_nor_to_be_contained_by_this_run() {
    let site = Site::of(Scene { gate_saw_the_agent: true, ..Scene::default() }).await;
    site.rehearsal.deliver().await;
    let run = site.rehearsal.again().await;
    let link = site.rehearsal.link_of("ana").await;
    let page = site.get(&format!("/a/{}", link.token)).await;
    let text = page.text();
    let agent = text.split_once("The agent\n").unwrap().1;
    assert!(agent.contains("another run, ") && agent.contains("this run, "), "both hold it: {text}");
    assert!(!text.contains("STAYS"), "{text}");
    assert!(text.contains("Held already, before this run\npause (agent.pause): had been done before"), "{text}");
    assert!(!text.lines().any(|line| line.ends_with("Contained")), "{text}");
    let message = &link.text;
    assert!(message.contains("\nHeld already, before this run:\n") && !message.contains("\nContained:"), "{message}");
    // And it is so: yes leaves the hold of nobody.
    let plan = site.rehearsal.read(run).await.approvals.values().next().unwrap().plan.hash.to_string();
    let fields = [("choice", "approve"), ("reason", "checked"), ("code", &link.code), ("plan", &plan)];
    assert_eq!(site.post(&link, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.rehearsal.engine.holds_on(&site.rehearsal.run().await.agent.id), []);
}

#[tokio::test]
async fn a_guard_says_what_would_be_done_and_how_many_must_say_yes() {
    let text = page(Scene { playbook: GUARD, ..Scene::default() }).await.text();
    for words in [
        "Pause the agent billing-bot: billing-bot is paused. It takes 2 people.",
        "Don't pause it: billing-bot is not paused by this.",
        "No answer: more people are asked, once. Until then: billing-bot is not paused by this.",
        "2 yes or 1 no of 2 people",
        "More people are asked at 12:07 UTC.",
        "pausing will not stop it",
    ] {
        assert!(text.contains(words), "`{words}` in:\n{text}");
    }
}

#[tokio::test]
async fn every_field_has_a_label_no_button_is_the_default_and_the_page_has_no_script_and_no_token() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let body = site.get(&format!("/a/{}", link.token)).await.body;
    for id in ["words", "code"] {
        assert!(
            body.contains(&format!("<label class=\"label\" for=\"{id}\">")) && body.contains(&format!("id=\"{id}\""))
        );
    }
    let form = body.split_once("<form").unwrap().1;
    let first = form.split_once("<button").unwrap().1.split_once('>').unwrap().0;
    assert!(first.contains("disabled"), "the Enter key must not decide: {first}");
    assert!(body.contains("<html lang=\"en\">") && body.contains("width=device-width"));
    for forbidden in ["<script", " on", "http://", "https://", "src=", "og:", &link.token] {
        let found = body.split_once("<main>").unwrap().1.contains(forbidden) && forbidden != " on";
        assert!(!found, "{forbidden}");
    }
    // Four digits may stand on a page by chance (a year, a limit): then they stand on everybody's.
    let elsewhere = Site::of(Scene::default()).await;
    let other = elsewhere.get(&format!("/a/{}", elsewhere.rehearsal.link_of("ana").await.token)).await.body;
    let has = |page: &str| page.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == link.code);
    assert!(!has(&body) || has(&other), "the code {} is on the page", link.code);
}

#[tokio::test]
async fn a_failed_entry_leads_to_its_field_and_keeps_what_was_typed() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let plan = site.plan().await;
    let wrong = link.wrong_code();
    let fields = [
        ("choice", "approve"),
        ("chip", "The cause is fixed"),
        ("reason", "see the change"),
        ("code", wrong.as_str()),
        ("plan", plan.as_str()),
    ];
    let answer = site.post(&link, &fields).await;
    assert!(answer.body.contains("<a href=\"#code\">That is not the code of this link: "), "{}", answer.body);
    assert!(answer.body.contains("aria-invalid=\"true\" aria-describedby=\"code-error\""));
    assert!(answer.body.contains(">see the change</textarea>"));
    assert!(answer.body.contains("value=\"The cause is fixed\" checked"));
    assert!(answer.text().contains("4 more tries."), "{}", answer.text());
}
