//! The pages through their router, against a real engine and database.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt as _;

use crate::approval::{Approvals, Limits};
use crate::domain::approval::ApprovalStatus;
use crate::engine::delivery::rehearsal::{Arrived, GUARD, Rehearsal, Scene};
use crate::store::{Approvals as _, Outbox as _, RunLog as _, Subject};

use super::{ClientAddress, router};

mod hostile;
mod looks;
mod together;

/// The largest page.
const PAGE_BYTES_MAX: usize = 30 * 1024;

struct Answer {
    path: String,
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    /// The page as a person reads it: without markup.
    fn text(&self) -> String {
        let body = self.body.split_once("<main>").unwrap().1;
        let mut text = String::new();
        let mut inside = false;
        for character in body.chars() {
            match character {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                other if !inside => text.push(other),
                _ => {}
            }
        }
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#x3D;", "=").replace("&amp;", "&")
    }

    /// Where it leads, as a browser finds it that came by a proxy which serves the pages below a path.
    fn location(&self) -> String {
        let below = "https://example.com/standdown";
        let asked = url::Url::parse(&format!("{below}{}", self.path)).unwrap();
        let led = asked.join(self.headers[header::LOCATION].to_str().unwrap()).unwrap();
        led.as_str().strip_prefix(below).unwrap_or_else(|| panic!("{led} is not below {below}")).to_owned()
    }
}

struct Site {
    rehearsal: Rehearsal,
    router: Router,
}

impl Site {
    async fn of(scene: Scene) -> Self {
        let rehearsal = Rehearsal::of(scene).await;
        let approvals = Arc::new(Approvals::new(rehearsal.engine.clone(), Limits::default()));
        Self { rehearsal, router: router(approvals) }
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .extension(ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)))
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        // To be looked at in a browser: TEST_PAGES names a folder.
        if let Ok(folder) = std::env::var("TEST_PAGES") {
            std::fs::write(format!("{folder}/{}-{}.html", status.as_u16(), bytes.len()), &bytes).unwrap();
        }
        Answer { path: path.to_owned(), status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    async fn post(&self, link: &Arrived, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, &format!("/a/{}", link.token), &form(fields)).await
    }

    async fn plan(&self) -> String {
        self.rehearsal.approval().await.plan.hash.to_string()
    }

    async fn decide(&self, link: &Arrived, choice: &str) -> Answer {
        let plan = self.plan().await;
        self.post(link, &[("choice", choice), ("reason", "asked ana"), ("code", &link.code), ("plan", &plan)]).await
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn a_decision_leads_to_its_receipt_and_the_link_then_shows_the_outcome_without_a_form() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let answer = site.decide(&link, "approve").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(!answer.location().contains(&link.token));
    let receipt = site.get(&answer.location()).await;
    assert_eq!(receipt.status, StatusCode::OK);
    let text = receipt.text();
    assert!(text.contains("Decided at 10:07 UTC: Resume billing-bot"), "{text}");
    assert!(text.contains("Ana Example: yes 10:07 UTC (by link)"), "{text}");
    assert!(text.contains("The run is completed") && !text.contains("NOT contained"), "{text}");
    let page = site.get(&format!("/a/{}", link.token)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<form") && page.text().contains("Decided at 10:07 UTC"), "{}", page.text());
}

/// Fields, the status and what the page shows.
type Case<'a> = (&'a [(&'a str, &'a str)], StatusCode, &'a str);

#[tokio::test]
async fn every_way_to_fail_has_its_own_status_and_changes_nothing() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let (plan, code) = (site.plan().await, link.code.clone());
    let wrong = link.wrong_code();
    let long = "x".repeat(17 * 1024);
    let cases: [Case<'_>; 7] = [
        (&[("code", &code), ("plan", &plan), ("reason", "r")], StatusCode::UNPROCESSABLE_ENTITY, "#choice"),
        (&[("choice", "approve"), ("plan", &plan), ("reason", "r")], StatusCode::UNPROCESSABLE_ENTITY, "#code"),
        (&[("choice", "approve"), ("plan", &plan), ("code", &code)], StatusCode::UNPROCESSABLE_ENTITY, "#words"),
        (
            &[("choice", "reject"), ("plan", &plan), ("code", &wrong), ("reason", "kept <words>")],
            StatusCode::UNPROCESSABLE_ENTITY,
            "kept &lt;words&gt;",
        ),
        (
            &[("choice", "approve"), ("plan", &"0".repeat(64)), ("code", &code), ("reason", "kept")],
            StatusCode::CONFLICT,
            "The plan has changed",
        ),
        (&[("choice", "approve"), ("code", &code), ("reason", "no plan")], StatusCode::CONFLICT, "plan has changed"),
        (&[("reason", &long)], StatusCode::PAYLOAD_TOO_LARGE, "Nothing was decided"),
    ];
    let before = site.rehearsal.run().await;
    for (fields, status, shown) in cases {
        let answer = site.post(&link, fields).await;
        assert_eq!(answer.status, status, "{fields:?}: {}", answer.text());
        assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
        assert!(!answer.body.contains(&code) && !answer.body.contains(&link.token), "{fields:?}");
    }
    assert_eq!(site.rehearsal.run().await, before);
}

#[tokio::test]
async fn who_comes_second_late_or_uninvited_is_told_so() {
    let site = Site::of(Scene::default()).await;
    let arrived = site.rehearsal.deliver().await;
    assert_eq!(site.decide(&arrived[0], "reject").await.status, StatusCode::SEE_OTHER);
    let second = site.decide(&arrived[1], "approve").await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.text().contains("Keep it held") && !second.body.contains("<form"), "{}", second.text());

    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    site.rehearsal.clock.advance(Duration::from_hours(4));
    assert_eq!(site.decide(&link, "approve").await.status, StatusCode::GONE);
    assert_eq!(site.get(&format!("/a/{}", link.token)).await.status, StatusCode::GONE);

    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let mut directory = site.rehearsal.engine.inventory().directory().clone();
    directory.people.remove(&crate::engine::delivery::rehearsal::person("ana"));
    site.rehearsal.engine.set_inventory(crate::engine::Inventory::new(Vec::new(), directory));
    assert_eq!(site.decide(&link, "approve").await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.rehearsal.approval().await.status, ApprovalStatus::Pending);
}

#[tokio::test]
async fn unknown_revoked_and_mistyped_links_are_the_same_page_until_there_are_too_many() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    for _ in 0..5 {
        let plan = site.plan().await;
        let wrong = link.wrong_code();
        let fields = [("choice", "approve"), ("reason", "r"), ("code", wrong.as_str()), ("plan", plan.as_str())];
        assert_eq!(site.post(&link, &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let unknown = crate::domain::LinkToken::from_random(&[9; 32]);
    let paths = [format!("/a/{}", link.token), format!("/a/{}", unknown.reveal()), "/a/apr_typo".to_owned()];
    let mut pages = Vec::new();
    for path in &paths {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        pages.push(answer.body);
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    for _ in 3..10 {
        assert_eq!(site.get(&paths[1]).await.status, StatusCode::NOT_FOUND);
    }
    let answer = site.get(&paths[1]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers[header::RETRY_AFTER], "60");
}

#[tokio::test]
async fn opening_a_page_is_inert_and_head_is_a_get_without_its_body() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let path = format!("/a/{}", link.token);
    let store = site.rehearsal.engine.store();
    let approval = site.rehearsal.approval().await.id;
    let state = || async {
        let events = store.events(&Subject::Run(site.rehearsal.run)).await.unwrap().len();
        let counts = store.message_counts().await.unwrap();
        (site.rehearsal.run().await, events, counts, store.tokens_of(approval).await.unwrap())
    };
    let before = state().await;
    for _ in 0..20 {
        let page = site.get(&path).await;
        let head = site.send(Method::HEAD, &path, "").await;
        assert_eq!((page.status, head.status), (StatusCode::OK, StatusCode::OK));
        assert!(head.body.is_empty());
        for (name, value) in &page.headers {
            assert_eq!(head.headers.get(name), Some(value), "{name}");
        }
    }
    assert_eq!(state().await, before);
}

#[tokio::test]
async fn every_answer_is_guarded_by_its_headers() {
    let site = Site::of(Scene::default()).await;
    let link = site.rehearsal.link_of("ana").await;
    let good = site.get(&format!("/a/{}", link.token)).await;
    let bad = site.get("/a/apr_x").await;
    let decided = site.decide(&link, "approve").await;
    for answer in [good, bad, decided] {
        let of = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(of("cache-control"), "no-store");
        assert_eq!(of("referrer-policy"), "no-referrer");
        assert_eq!(of("x-content-type-options"), "nosniff");
        assert!(of("x-robots-tag").contains("noindex"));
        let policy = of("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "style-src 'sha256-"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn who_can_not_decide_calls_more_people_with_the_code_and_without_a_reason() {
    for to in ["", "/decision"] {
        let site = Site::of(Scene::default()).await;
        let link = site.rehearsal.link_of("ana").await;
        let path = format!("/a/{}{to}", link.token);
        let escalate =
            async |code: &str| site.send(Method::POST, &path, &form(&[("choice", "escalate"), ("code", code)])).await;
        for wrong in ["", &link.wrong_code()] {
            let refused = escalate(wrong).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
            assert!(refused.body.contains("#code"), "{}", refused.body);
        }
        assert_eq!(site.rehearsal.approval().await.status, ApprovalStatus::Pending);
        let answer = escalate(&link.code).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{to}: {}", answer.body);
        assert!(site.get(&answer.location()).await.text().contains("More people were asked"));
        let old = site.get(&format!("/a/{}", link.token)).await;
        assert!(old.body.contains("<form"), "who asked for help may still decide");
        assert_eq!(escalate(&link.code).await.status, StatusCode::CONFLICT);
        let trap = site.send(Method::POST, &format!("/a/{}/escalate", link.token), "").await;
        assert_eq!(trap.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_decision_may_also_be_posted_to_its_own_address() {
    let site = Site::of(Scene { playbook: GUARD, ..Scene::default() }).await;
    let link = site.rehearsal.link_of("ana").await;
    let plan = site.plan().await;
    let fields = form(&[("choice", "approve"), ("chip", "I checked the alert"), ("code", &link.code), ("plan", &plan)]);
    let answer = site.send(Method::POST, &format!("/a/{}/decision", link.token), &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(site.rehearsal.approval().await.votes[0].reason, "I checked the alert");
    let waiting = site.get(&answer.location()).await.text();
    assert!(waiting.contains("Not decided yet") && waiting.contains("1 of 2 people have answered"), "{waiting}");
    let page = site.get(&format!("/a/{}", link.token)).await;
    assert!(!page.body.contains("<form"), "one vote a link");
}
