//! One page about all agents above a budget.

use super::*;
use crate::engine::delivery::rehearsal::BUDGET;

/// One agent within the budget, and so many above it; with the link of the one request that ana gets.
async fn storm(agents: usize) -> (Site, Arrived) {
    let site = Site::of(Scene { playbook: BUDGET, ..Scene::default() }).await;
    for number in 0..agents {
        site.rehearsal.also(&format!("invoice-reader-{number:03}")).await;
        site.rehearsal.clock.advance(Duration::from_millis(10));
    }
    let link = site.rehearsal.link_of("ana").await;
    (site, link)
}

/// What the form of a page sends besides what a person enters.
fn hidden(page: &str, name: &str) -> String {
    let field = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name} in {page}")).1;
    field.split_once('"').unwrap().0.to_owned()
}

async fn decide(site: &Site, link: &Arrived, page: &Answer, choice: &str) -> Answer {
    let (plan, list) = (hidden(&page.body, "plan"), hidden(&page.body, "list"));
    let fields = [("choice", choice), ("reason", "a storm"), ("code", &link.code), ("plan", &plan), ("list", &list)];
    site.post(link, &fields).await
}

#[tokio::test]
async fn a_page_about_two_hundred_agents_is_small_and_names_every_one() {
    let (site, link) = storm(200).await;
    let page = site.get(&format!("/a/{}", link.token)).await;
    assert!(page.body.len() < PAGE_BYTES_MAX, "{} bytes", page.body.len());
    assert!(!page.body.contains("<script"));
    let text = page.text();
    for number in 0..200 {
        assert!(text.contains(&format!("invoice-reader-{number:03}")), "agent {number} in {text}");
    }
    for words in [
        "200 agents: Do ",
        "These 200 agents wait",
        "All are over the budget of the playbook token-misuse.",
        "acts alone, owner user:ana",
        "token used from an unexpected network",
        "pause - agent.pause",
        "Pause each of the 200 agents: each of the 200 agents is paused.",
        "No answer: more people are asked, once.",
    ] {
        assert!(text.contains(words), "`{words}` in:\n{text}");
    }
    let answer = decide(&site, &link, &page, "approve").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let receipt = site.get(&answer.location()).await;
    assert!(receipt.text().contains("For these 200 agents"), "{}", receipt.text());
    assert!(receipt.body.len() < PAGE_BYTES_MAX, "{} bytes", receipt.body.len());
    assert_eq!(site.rehearsal.engine.store().approvals(true, 500).await.unwrap(), []);
}

#[tokio::test]
async fn the_answer_says_who_still_waits_and_the_link_shows_them() {
    let (site, link) = storm(3).await;
    let address = format!("/a/{}", link.token);
    let page = site.get(&address).await;
    site.rehearsal.also("late-one").await;
    let answer = decide(&site, &link, &page, "approve").await;
    let receipt = site.get(&answer.location()).await.text();
    assert!(receipt.contains("1 more came meanwhile") && receipt.contains("For these 3 agents"), "{receipt}");
    assert!(receipt.contains("The question was\n3 agents: "), "{receipt}");
    assert!(receipt.contains("invoice-reader-002 yes"), "{receipt}");
    let rest = site.get(&address).await;
    let text = rest.text();
    assert!(text.contains("late-one") && text.contains("3 others of this list are over"), "{text}");
    site.rehearsal.clock.advance(Duration::from_secs(5));
    // What they decided last is what they are told of, by the receipt and by the link.
    let answer = decide(&site, &link, &rest, "reject").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    for path in [&answer.location(), &address] {
        let told = site.get(path).await.text();
        assert!(told.contains(": Don't pause it") && told.contains("late-one"), "{told}");
        assert!(!told.contains("For these 3 agents"), "{told}");
    }
}

#[tokio::test]
async fn a_list_that_is_no_longer_the_one_shown_is_shown_anew() {
    let (site, link) = storm(3).await;
    let page = site.get(&format!("/a/{}", link.token)).await;
    let first = decide(&site, &link, &page, "approve").await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    for name in ["one", "two"] {
        site.rehearsal.also(name).await;
        site.rehearsal.engine.keep_bundles().await;
    }
    let link = site.rehearsal.link_of("ana").await;
    let now = site.get(&format!("/a/{}", link.token)).await;
    let (plan, of_the_first_page) = (hidden(&now.body, "plan"), hidden(&page.body, "list"));
    assert!(of_the_first_page.parse::<crate::domain::Listing>().is_ok(), "{of_the_first_page}");
    for list in [of_the_first_page.as_str(), "2:00", ""] {
        let code = link.code.as_str();
        let fields =
            [("choice", "approve"), ("reason", "a storm"), ("code", code), ("plan", plan.as_str()), ("list", list)];
        let stale = site.post(&link, &fields).await;
        assert_eq!(stale.status, StatusCode::CONFLICT, "{list}");
        assert!(stale.text().contains("The list has changed") && stale.text().contains("Nothing was decided."));
    }
    assert_eq!(site.rehearsal.engine.store().approvals(true, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_done_otherwise_for_an_agent_stands_first_however_far_behind_it_came() {
    let (site, link) = storm(30).await;
    site.rehearsal.also_about("the-other-one", "wipe the ledger").await;
    // The same request once more is about the same agent, and not about one more.
    site.rehearsal.also("invoice-reader-029").await;
    let text = site.get(&format!("/a/{}", link.token)).await.text();
    assert!(text.contains("31 agents: ") && text.contains("These 32 requests about 31 agents wait"), "{text}");
    let list = text.split_once("waits for an answer of its own.").unwrap().1;
    let (other, first) = (list.find("the-other-one").unwrap(), list.find("invoice-reader-000").unwrap());
    assert!(other < first, "{list}");
    assert!(list.contains("with reason = \"wipe the ledger\""), "{list}");
    assert!(!list[first..].contains("Here"), "the agent's own name is no difference: {list}");
}

#[tokio::test]
async fn every_agent_is_named_that_the_gate_never_saw() {
    let (site, link) = storm(3).await;
    let text = site.get(&format!("/a/{}", link.token)).await.text();
    let words = "The gate has never seen invoice-reader-000, invoice-reader-001, invoice-reader-002: pausing will not stop them.";
    assert!(text.contains(words), "{text}");
}

#[tokio::test]
async fn an_answer_is_about_no_more_agents_than_the_page_can_name() {
    let site = Site::of(Scene { playbook: BUDGET, ..Scene::default() }).await;
    let name = |number: usize| format!("{}-{number:03}", "accounting-".repeat(8));
    for number in 0..110 {
        site.rehearsal.also(&name(number)).await;
    }
    let link = site.rehearsal.link_of("ana").await;
    let page = site.get(&format!("/a/{}", link.token)).await;
    let text = page.text();
    let shown: usize = hidden(&page.body, "list").split_once(':').unwrap().0.parse().unwrap();
    assert!(shown < 110 && text.contains(&format!("{} more wait for you", 110 - shown)), "{shown} of {text}");
    assert!(page.body.len() < PAGE_BYTES_MAX, "{} bytes", page.body.len());
    let (named, rest): (Vec<_>, Vec<_>) = (0..110).map(name).partition(|name| text.contains(name));
    assert_eq!(named.len(), shown, "{text}");
    let answer = decide(&site, &link, &page, "approve").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let waiting = site.rehearsal.engine.store().approvals(true, 500).await.unwrap();
    let mut names = Vec::new();
    for (run, _) in waiting {
        names.push(site.rehearsal.read(run).await.agent.name.clone());
    }
    names.sort_unstable();
    assert_eq!(names, rest, "decided is what was named, and nothing else");
}
