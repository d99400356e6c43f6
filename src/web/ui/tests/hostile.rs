//! Text of an agent or an alert that wants to be markup, a template, a link, or longer than a page.

use serde_json::json;

use super::*;

const MARKUP: &str = "<script>alert(1)</script><img src=x onerror=y>\" autofocus onfocus='z' \u{202e}txet\u{0}\u{7}";
const TEMPLATE: &str = "{{#each this}}{{@root}}{{/each}}{{{form}}} {{run_id}}";

async fn page_of(scene: Scene) -> (Site, Arrived, Answer) {
    let site = Site::of(scene).await;
    let link = site.rehearsal.link_of("ana").await;
    let page = site.get(&format!("/a/{}", link.token)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    (site, link, page)
}

#[tokio::test]
async fn markup_from_outside_is_text() {
    let scene = Scene { title: MARKUP.to_owned(), agent_name: format!("bot {MARKUP}"), ..Scene::default() };
    let (site, link, page) = page_of(scene).await;
    assert_eq!(site.decide(&link, "reject").await.status, StatusCode::SEE_OTHER);
    let after = site.get(&format!("/a/{}", link.token)).await;
    for body in [&page.body, &after.body] {
        assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        for forbidden in ["<script", "<img", "onerror=", "onfocus='", "\u{202e}", "\u{0}", "\u{7}"] {
            assert!(!body.contains(forbidden), "{forbidden:?}");
        }
    }
}

#[tokio::test]
async fn a_reason_that_is_markup_is_text_for_the_next_reader() {
    let site = Site::of(Scene { playbook: GUARD, ..Scene::default() }).await;
    let arrived = site.rehearsal.deliver().await;
    let plan = site.plan().await;
    let fields = [("choice", "approve"), ("reason", MARKUP), ("code", &arrived[0].code), ("plan", plan.as_str())];
    assert_eq!(site.post(&arrived[0], &fields).await.status, StatusCode::SEE_OTHER);
    let page = site.get(&format!("/a/{}", arrived[1].token)).await;
    assert!(page.body.contains("&lt;script&gt;") && !page.body.contains("<script"), "{}", page.body);
}

#[tokio::test]
async fn a_template_from_outside_is_not_evaluated() {
    let scene = Scene { title: TEMPLATE.to_owned(), agent_name: TEMPLATE.to_owned(), ..Scene::default() };
    let (_, _, page) = page_of(scene).await;
    let shown = page.text();
    assert!(shown.contains("{{#each this}}{{@root}}{{/each}}{{{form}}} {{run_id}}"), "{shown}");
}

#[tokio::test]
async fn the_largest_hostile_page_is_still_small() {
    let scene = Scene {
        title: "\"<'&".repeat(1_000),
        agent_name: "<\"&'".repeat(1_000),
        alert: |alert| {
            for index in 0..10 {
                alert.fields.insert(format!("<{index}>").repeat(50), json!("\"<&".repeat(1_000)));
                alert.labels.insert(format!("\"{index}\"").repeat(50), "<<<".repeat(1_000));
            }
            alert.resources = vec!["<\">".repeat(500); 10];
        },
        ..Scene::default()
    };
    let (_, _, page) = page_of(scene).await;
    assert!(page.body.len() < PAGE_BYTES_MAX, "{} bytes", page.body.len());
}
