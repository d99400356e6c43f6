//! The reference at `/docs`: readable by everybody, without a script, with links that lead somewhere.

use super::*;

async fn page(world: &World, path: &str) -> Answer {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    world.send(request).await
}

#[tokio::test]
async fn every_topic_is_a_page_and_every_link_of_the_reference_leads_to_one() {
    let world = World::new().await;
    let mut open = vec!["/docs".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = page(&world, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!answer.text.contains("<script") && answer.text.contains("width=device-width"), "{path}");
        let base = url::Url::parse("https://example.com").unwrap().join(&path).unwrap();
        for link in answer.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            if !link.starts_with("https://") {
                open.push(base.join(link).unwrap().path().to_owned());
            }
        }
    }
    let topics = world.state.guide.pages().len();
    assert!(topics > 20, "{topics}");
    assert_eq!(seen.len(), topics + 1, "each page is reached from the first: {seen:?}");
}

#[tokio::test]
async fn examples_stand_on_the_page_as_they_are_written() {
    let world = World::new().await;
    let answer = page(&world, "/docs/playbooks").await;
    assert!(answer.text.contains("playbook: stop-token-theft\nowner: fallback"), "{}", answer.text);
    let answer = page(&world, "/docs/templates").await;
    assert!(answer.text.contains("<code>{{alert.title}}</code>"), "{}", answer.text);
}

#[tokio::test]
async fn a_page_that_is_not_there_names_the_one_that_was_meant_and_shows_no_markup() {
    let world = World::new().await;
    let answer = page(&world, "/docs/agent.puase").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("href=\"agent.pause\""), "{}", answer.text);
    let answer = page(&world, "/docs/%3Cb%3Ekeys").await;
    assert!(answer.status == StatusCode::NOT_FOUND && !answer.text.contains("<b>"), "{}", answer.text);
}

#[tokio::test]
async fn whoever_opens_the_daemon_in_a_browser_is_led_to_the_reference() {
    let world = World::new().await;
    for path in ["/", "/docs/"] {
        let answer = page(&world, path).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT, "{path}");
        let base = url::Url::parse("https://example.com/below").unwrap().join(&format!("below{path}")).unwrap();
        assert_eq!(base.join(answer.header("location")).unwrap().path(), "/below/docs", "{path}");
    }
}
