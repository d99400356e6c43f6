//! The main job from beginning to end on real servers: Alertmanager, an OpenID provider, nginx, a mail server, Chromium.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use thirtyfour::By;

use crate::harness::daemon::Daemon;
use crate::harness::interposer::Rule;
use crate::harness::patience::{START, poll};
use crate::harness::request::Request;
use crate::harness::servers::{Alertmanager, Chromium, Policy};
use crate::harness::world::{AGENT, LIMIT, World, step, timeline};

const SOURCE: &str = "prod-alertmanager";
const BEARER: &str = "token-of-alertmanager";
const REASON: &str = "it is our new office; <b>checked</b> with the network team";

#[tokio::test]
async fn a_real_alert_revokes_the_token_stops_the_agent_and_a_person_lets_it_go_on() {
    let add_source = |setup: crate::harness::daemon::Setup| setup.bearer_source(SOURCE, "alertmanager", BEARER);
    let mut world = World::start(Policy::Permissive, Rule::Pass, add_source).await;
    let alertmanager = Alertmanager::start(&world.daemon.hook(SOURCE), BEARER).await;
    let labels = [("alertname", "token_anomalous_use"), ("severity", "critical"), ("agent_id", AGENT)];
    alertmanager.fire(&labels, &[("summary", "agent-7's token is used from a network where it never runs")]).await;

    let request = world.request().await;
    let run = run_of(&world.daemon).await;
    the_agent_is_stopped(&world).await;
    opening_the_link_changes_nothing(&world, &run, &request).await;
    what_is_no_token_opens_nothing(&world, &request).await;
    the_owner_approves_on_a_phone(&world, &request).await;

    world.agent_sees(200).await;
    let ended = world.run_in(&run, "completed").await;
    assert_eq!(ended["verdict"], "contained", "{ended:#}");
    assert_eq!(step(&ended, "revoke")["verdict"], "contained", "{ended:#}");
    assert_eq!(step(&ended, "pause")["state"], "undone", "{ended:#}");
    assert_eq!(ended["consistent"], true, "{ended:#}");
    assert!(!world.token_is_active().await, "an approval must not give a token back");
    the_link_is_read_only_now(&world, &request).await;
    the_incident_tells_the_time_to_contain(&world, &ended).await;
    the_command_line_shows_it(&world, &run).await;
    no_secret_is_in_the_log(&world, &request);
    println!("memory of the daemon: {} KiB resident", world.daemon.resident_kib());
    world.daemon.stop().await;
}

async fn run_of(daemon: &Daemon) -> String {
    let only = |list: &Value| {
        let runs = list["runs"].as_array().unwrap();
        assert!(runs.len() <= 1, "one alert is one run: {runs:#?}");
        Some(runs.first()?["id"].as_str().unwrap().to_owned())
    };
    daemon.read_until("/runs", LIMIT, only).await
}

async fn the_agent_is_stopped(world: &World) {
    let calls = world.target.requests().len();
    let refused = world.nginx.response_to(AGENT).await;
    assert_eq!(refused.status().as_u16(), 403);
    let reason = refused.headers()["x-standdown-reason"].to_str().unwrap().to_owned();
    assert!(reason.starts_with("paused: ") && reason.contains("where it never runs"), "{reason}");
    assert_eq!(world.target.requests().len(), calls, "a refused call must not reach what the agent works on");
    assert!(!world.token_is_active().await, "the provider must call the token inactive");
}

async fn opening_the_link_changes_nothing(world: &World, run: &str, request: &Request) {
    let settled = |view: &Value| {
        let sent = view["messages"].as_array().unwrap().iter().all(|message| message["status"] == "sent");
        sent && step(view, "evidence")["state"] == "succeeded"
    };
    let before = world.run_when(run, settled).await;
    for method in [Method::GET, Method::HEAD, Method::GET, Method::HEAD] {
        let page = world.daemon.send(method.clone(), &request.path(), &[], None).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{page:?}");
        assert!(page.header("set-cookie").is_empty(), "{page:?}");
        if method == Method::HEAD {
            assert!(page.text.is_empty(), "HEAD has no body");
        } else {
            assert!(page.text.len() < 30_000, "{} bytes", page.text.len());
            assert!(!page.text.contains("<script") && !page.text.contains(&request.code), "{}", page.text);
        }
    }
    let after = world.daemon.read(&format!("/runs/{run}")).await;
    assert_eq!(before, after, "opening a link must change nothing");
    assert_eq!(world.nginx.call_as(AGENT).await, 403);
}

async fn what_is_no_token_opens_nothing(world: &World, request: &Request) {
    let cut = &request.token[..request.token.len() - 1];
    let last = if request.token.ends_with('a') { 'b' } else { 'a' };
    let (forged, unknown) = (format!("{cut}{last}"), "apr_nothing".to_owned());
    let mut pages = Vec::new();
    for token in [cut.to_owned(), forged, unknown] {
        let page = world.daemon.send(Method::GET, &format!("/a/{token}"), &[], None).await;
        assert_eq!(page.status, 404, "{page:?}");
        pages.push(page.text);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "what is wrong with a token must not be told");
}

async fn the_owner_approves_on_a_phone(world: &World, request: &Request) {
    let chromium = Chromium::start().await;
    let page = chromium.page();
    page.goto(&request.link).await.unwrap();
    assert_eq!(page.find(By::Tag("h1")).await.unwrap().text().await.unwrap(), "Let agent-7 resume?");
    assert!(page.find_all(By::Tag("script")).await.unwrap().is_empty(), "a page without scripts");
    let text = page.find(By::Tag("body")).await.unwrap().text().await.unwrap();
    for words in ["Resume agent-7", "Keep it stopped", "No answer:", "Decide by", "where it never runs"] {
        assert!(text.contains(words), "{words:?} is not on the page:\n{text}");
    }
    let overflow = "return document.documentElement.scrollWidth - window.innerWidth";
    let overflow = page.execute(overflow, Vec::new()).await.unwrap().json().as_i64().unwrap();
    assert!(overflow <= 0, "the page is {overflow} px wider than the phone");
    chromium.screenshot(&picture("request")).await;

    page.find(By::Id("words")).await.unwrap().send_keys(REASON).await.unwrap();
    page.find(By::Id("code")).await.unwrap().send_keys(request.wrong_code()).await.unwrap();
    click(&chromium, "approve").await;
    let text = page.find(By::Tag("body")).await.unwrap().text().await.unwrap();
    assert!(text.contains("Nothing was decided yet") && text.contains("That is not the code"), "{text}");
    let words = page.find(By::Id("words")).await.unwrap();
    assert_eq!(words.prop("value").await.unwrap().as_deref(), Some(REASON), "what was typed stays");
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "a wrong code lets nobody go");
    chromium.screenshot(&picture("wrong-code")).await;

    page.find(By::Id("code")).await.unwrap().send_keys(&request.code).await.unwrap();
    click(&chromium, "approve").await;
    let address = page.current_url().await.unwrap();
    assert!(address.path().starts_with("/r/"), "the receipt's page, not {}", address.path());
    let text = page.find(By::Tag("body")).await.unwrap().text().await.unwrap();
    assert!(text.contains("Decided") && text.contains("Resume agent-7") && text.contains(REASON), "{text}");
    chromium.screenshot(&picture("receipt")).await;
    chromium.quit().await;
}

async fn click(chromium: &Chromium, choice: &str) {
    let button = By::Css(format!("button[name=choice][value={choice}]"));
    let button = chromium.page().find(button).await.unwrap();
    button.click().await.unwrap();
    // The form leads to another page; what is read before that has come belongs to the old one.
    let gone = poll(START, || async { button.tag_name().await.is_err().then_some(()) }).await;
    gone.expect("the form leads to another page");
    let there = poll(START, || async { chromium.page().find(By::Tag("h1")).await.ok().map(drop) }).await;
    there.expect("the page has come");
}

async fn the_link_is_read_only_now(world: &World, request: &Request) {
    let page = world.daemon.send(Method::GET, &request.path(), &[], None).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.text.contains("<form") && !page.text.contains("<button"), "{}", page.text);
    assert!(page.text.contains("Decided"), "{}", page.text);
    let form = format!("act=decide&choice=reject&reason=no&code={}&plan={}", request.code, "0".repeat(64));
    let late = world.post_form(request, form.into_bytes()).await;
    assert_eq!(late.status, 409, "{late:?}");
    assert_eq!(world.nginx.call_as(AGENT).await, 200, "what was decided stays decided");
}

async fn the_incident_tells_the_time_to_contain(world: &World, run: &Value) {
    let incident = world.daemon.read(&format!("/incidents/{}", run["incident"].as_str().unwrap())).await;
    assert_eq!(incident["runs"][0]["id"], run["id"], "{incident:#}");
    let alert = &incident["alerts"][0]["alert"];
    assert_eq!(alert["source"], SOURCE, "{incident:#}");
    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    let (received, seen) = (time(&alert["received_at"]), time(&run["contained_at"]));
    assert!(seen >= received, "contained at {seen}, before the alert of {received}");
    println!(
        "time to contain: {:.3} s (alert received -> last flip seen)",
        seen.duration_since(received).as_secs_f64()
    );
}

async fn the_command_line_shows_it(world: &World, run: &str) {
    let shown = world.daemon.cli_text(&["runs", "show", run]).await;
    println!("{shown}");
    for words in [run, "contained", "revoke", "ana approved", "run completed"] {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe:\n{shown}");
    let incidents = world.daemon.cli_text(&["incidents", "list"]).await;
    assert!(incidents.contains(AGENT), "{incidents}");
    let view: Value = serde_json::from_str(&world.daemon.cli_text(&["runs", "show", run, "--json"]).await).unwrap();
    assert!(timeline(&view).contains("revoke: contained"), "{}", timeline(&view));
}

fn no_secret_is_in_the_log(world: &World, request: &Request) {
    let log = world.daemon.log();
    for (what, secret) in [
        ("the agent's token", world.token.as_str()),
        ("the link's token", &request.token),
        ("the bearer", BEARER),
        ("the password of the provider", crate::harness::servers::OidcProvider::ORCHESTRATOR_SECRET),
    ] {
        assert!(!log.contains(secret), "{what} is in the log:\n{log}");
    }
}

/// Pictures of the pages are kept for people, below the build's own folder.
fn picture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}
