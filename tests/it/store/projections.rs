//! What was written comes back: alerts, runs, incidents, playbooks, what was refused.

use std::sync::Arc;

use serde_json::json;
use standdown::domain::action::Verdict;
use standdown::domain::run::Recheck;
use standdown::domain::{Actor, AlertStatus, Digest, IncidentStatus, Outcome, PastRun, RunStatus, Severity};
use standdown::store::{CommitError, OpenRun, RUN_STATE_BYTES_MAX, Row, StoredPlaybook, Subject};

use super::Backend;
use super::samples::*;

pub async fn repeats_are_counted_in_one_alert(store: &impl Backend) {
    let alert = alert("spend", 0);
    let incident = incident("billing-bot", 0);
    store.commit(rows([incident_row(&incident), alert_row(&alert, Some(incident.id))])).await.unwrap();
    let repeat = |seconds| Row::AlertRepeated { alert: alert.id, at: at(seconds) };
    store.commit(rows([repeat(1), repeat(2)])).await.unwrap();
    store.commit(rows([repeat(3)])).await.unwrap();
    let stored = store.firing_alert(&source(), &alert.dedup_key).await.unwrap().unwrap();
    assert_eq!((stored.count, stored.last_seen_at, stored.resolved_at), (4, at(3), None));
    assert_eq!(stored.alert, alert);
    assert_eq!(store.alerts_of(incident.id).await.unwrap(), [stored]);
}

pub async fn the_last_alert_is_found_firing_or_not(store: &impl Backend) {
    let first = alert("spend", 0);
    let find = async || {
        let firing = store.firing_alert(&source(), &first.dedup_key).await.unwrap();
        let last = store.last_alert(&source(), &first.dedup_key).await.unwrap();
        (firing.map(|stored| stored.alert.id), last.map(|stored| (stored.alert.id, stored.resolved_at)))
    };
    assert_eq!(find().await, (None, None));
    store.commit(rows([alert_row(&first, None), alert_row(&alert("other", 0), None)])).await.unwrap();
    assert_eq!(find().await, (Some(first.id), Some((first.id, None))));
    store.commit(rows([Row::AlertResolved { alert: first.id, at: at(5) }])).await.unwrap();
    assert_eq!(find().await, (None, Some((first.id, Some(at(5))))));

    let mut event = alert("spend", 9);
    event.status = AlertStatus::Event;
    store.commit(rows([alert_row(&event, None)])).await.unwrap();
    assert_eq!(find().await, (None, Some((event.id, None))));
    let elsewhere = standdown::domain::SourceId::parse("sentry").unwrap();
    assert_eq!(store.last_alert(&elsewhere, &first.dedup_key).await.unwrap(), None);
}

pub async fn a_run_comes_back_as_it_was(store: &impl Backend) {
    let mut run = contained(lone_run(0));
    let asked = approval(1);
    run.approvals.insert(asked.id, asked);
    store.commit(rows([run_row(&run)])).await.unwrap();
    assert_eq!(store.run(run.id).await.unwrap(), Some(run.clone()));
    let summaries = store.runs(Some(run.incident), 10).await.unwrap();
    assert_eq!(summaries.len(), 1);
    assert_eq!(
        (summaries[0].id, summaries[0].status.as_str(), summaries[0].mode.as_str()),
        (run.id, "running", "enforce")
    );
    assert_eq!((summaries[0].verdict, summaries[0].started_at), (Some(Verdict::Contained), at(0)));
}

pub async fn runs_that_are_due_come_earliest_first(store: &impl Backend) {
    assert_eq!(store.next_wake().await.unwrap(), None);
    let waking = |seconds: i64| {
        let mut run = lone_run(seconds);
        run.deadline = Some(at(1000 - seconds));
        run
    };
    let (late, early) = (waking(1), waking(500));
    let mut over = lone_run(2);
    over.status = RunStatus::Finished(Outcome::Completed);
    over.rechecks = vec![Recheck { path: path("pause"), at: at(700) }];
    store.commit(rows([&late, &early, &over, &lone_run(3)].map(run_row))).await.unwrap();

    assert_eq!(store.next_wake().await.unwrap(), Some(at(500)));
    assert_eq!(store.runs_due(at(499), 10).await.unwrap(), []);
    assert_eq!(store.runs_due(at(700), 10).await.unwrap(), [early.id, over.id]);
    assert_eq!(store.runs_due(at(9999), 2).await.unwrap(), [early.id, over.id]);
    assert_eq!(store.runs_due(at(9999), 10).await.unwrap(), [early.id, over.id, late.id]);
}

pub async fn open_runs_are_paged_oldest_first(store: &impl Backend) {
    let runs = [1, 2, 3, 4].map(lone_run);
    let mut over = lone_run(0);
    over.status = RunStatus::Finished(Outcome::Failed);
    store.commit(rows(runs.iter().rev().map(run_row).chain([run_row(&over)]))).await.unwrap();
    let open = |index: usize| OpenRun {
        id: runs[index].id,
        incident: runs[index].incident,
        playbook: playbook(),
        agent: runs[index].agent.id.clone(),
    };
    assert_eq!(store.open_runs(None, 3).await.unwrap(), [open(0), open(1), open(2)]);
    assert_eq!(store.open_runs(Some(runs[2].id), 3).await.unwrap(), [open(3)]);
    assert_eq!(store.open_runs_of(runs[1].incident).await.unwrap(), [open(1)]);
    assert_eq!(store.open_runs_of(over.incident).await.unwrap(), []);
}

pub async fn the_last_run_for_an_incident_is_found_once_it_is_over(store: &impl Backend) {
    let incident = incident("billing-bot", 0);
    let heavy = |seconds: i64, severity| {
        let mut alert = alert("spend", seconds);
        alert.severity = severity;
        run(incident.id, alert, seconds)
    };
    let mut runs = [heavy(0, Severity::Low), heavy(1, Severity::High)];
    for (run, outcome) in runs.iter_mut().zip([Outcome::Failed, Outcome::Completed]) {
        run.status = RunStatus::Finished(outcome);
        run.ended_at = Some(at(60));
    }
    let last = async |agent_id: &str| store.last_run_of(incident.id, &playbook(), &agent(agent_id)).await.unwrap();
    assert_eq!(last("billing-bot").await, None);
    // The alert of the one is stored beside it, that of the other with the run alone.
    store.commit(rows([alert_row(&runs[0].alert, Some(incident.id)), run_row(&runs[0])])).await.unwrap();
    assert_eq!(last("billing-bot").await, PastRun::of(&runs[0]));
    let contained = contained(runs[1].clone());
    store.commit(rows([run_row(&contained)])).await.unwrap();
    let found = last("billing-bot").await.unwrap();
    assert_eq!((found.id, found.outcome, found.severity), (contained.id, Outcome::Completed, Severity::High));
    assert_eq!((found.verdict, found.started_at, found.ended_at), (Some(Verdict::Contained), at(1), at(60)));
    assert_eq!(last("mail-bot").await, None);
    let under_way = heavy(2, Severity::Info);
    store.commit(rows([run_row(&under_way)])).await.unwrap();
    assert_eq!(last("billing-bot").await, None, "the last one is not over");
}

pub async fn runs_and_incidents_are_listed_newest_first(store: &impl Backend) {
    let mut incidents = [0, 1, 2].map(|seconds| incident(&format!("agent-{seconds}"), seconds));
    incidents[1].status = IncidentStatus::Resolved;
    store.commit(rows(incidents.iter().map(incident_row))).await.unwrap();
    let [a, b, c] = incidents;
    assert_eq!(store.incidents(false, 10).await.unwrap(), [c.clone(), b, a.clone()]);
    assert_eq!(store.incidents(true, 10).await.unwrap(), [c.clone(), a.clone()]);
    assert_eq!(store.incidents(true, 1).await.unwrap(), [c]);

    let runs = [0, 1].map(lone_run);
    store.commit(rows(runs.iter().map(run_row))).await.unwrap();
    let listed: Vec<_> = store.runs(None, 10).await.unwrap().into_iter().map(|summary| summary.id).collect();
    assert_eq!(listed, [runs[1].id, runs[0].id]);
    store.ping().await.unwrap();
}

pub async fn a_state_that_is_too_large_is_refused(store: &impl Backend) {
    let mut run = lone_run(0);
    Arc::make_mut(&mut run.alert).title = "x".repeat(RUN_STATE_BYTES_MAX);
    let refused = store.commit(rows([delivery_row("large"), run_row(&run)])).await;
    let Err(CommitError::TooLarge { bytes, bytes_max, .. }) = refused else { panic!("{refused:?}") };
    assert!(bytes > bytes_max && bytes_max == RUN_STATE_BYTES_MAX);
    assert_eq!(store.delivery(&source(), "large").await.unwrap(), None);
}

pub async fn a_playbook_version_is_found_by_its_digest_and_no_other(store: &impl Backend) {
    let version = |text: &str, seconds| Row::Playbook {
        digest: Digest::of(text.as_bytes()),
        name: playbook(),
        text: text.to_owned(),
        approvals: (text == "one").then(|| serde_json::json!({ "approvals": { "release": { "timeout": "4h" } } })),
        at: at(seconds),
    };
    store.commit(rows([version("one", 0), version("two", 1)])).await.unwrap();
    let stored = |text: &str| StoredPlaybook {
        name: playbook(),
        digest: Digest::of(text.as_bytes()),
        text: text.to_owned(),
        approvals: (text == "one").then(|| serde_json::json!({ "approvals": { "release": { "timeout": "4h" } } })),
    };
    store.commit(rows([version("one", 2)])).await.unwrap();
    assert_eq!(store.playbook(&Digest::of(b"one")).await.unwrap(), Some(stored("one")));
    assert_eq!(store.playbook(&Digest::of(b"two")).await.unwrap(), Some(stored("two")));
    assert_eq!(store.playbook(&Digest::of(b"three")).await.unwrap(), None);
}

pub async fn facts_of_the_daemon_are_found_by_their_kind_newest_first(store: &impl Backend) {
    let fact = |kind: &'static str, seconds| Row::Event {
        subject: Subject::Daemon,
        at: at(seconds),
        actor: Actor::System,
        kind,
        body: json!({ "second": seconds }),
    };
    let kinds = ["playbooks_changed", "playbooks_refused"];
    store.commit(rows([fact(kinds[0], 0), fact("frozen", 1), fact(kinds[1], 2)])).await.unwrap();
    store.commit(rows([fact(kinds[0], 3)])).await.unwrap();
    let all = store.events(&Subject::Daemon).await.unwrap();
    let newest = store.daemon_facts(kinds, 10).await.unwrap();
    assert_eq!(newest, [all[3].clone(), all[2].clone(), all[0].clone()]);
    assert_eq!(store.daemon_facts(kinds, 2).await.unwrap(), newest[..2]);
    assert_eq!(store.daemon_facts(["thawed", "thawed"], 10).await.unwrap(), []);
}

pub async fn dead_letters_blobs_and_bodies_are_kept(store: &impl Backend) {
    let letters = [dead_letter(0), dead_letter(1)];
    let alert = alert("spend", 0);
    let bytes = vec![0_u8, 255, 7];
    let digest = Digest::of(&bytes);
    let blob = || Row::Blob { digest, bytes: bytes.clone() };
    let letter_rows = letters.iter().map(|letter| Row::DeadLetter(Box::new(letter.clone())));
    store.commit(rows(letter_rows.chain([blob(), blob(), alert_row(&alert, None)]))).await.unwrap();
    let [first, second] = letters;
    assert_eq!(store.dead_letters(10).await.unwrap(), [second, first]);
    assert_eq!(store.blob(&digest).await.unwrap(), Some(bytes));
    assert_eq!(store.alert_body(alert.id).await.unwrap(), Some(json!({"alerts": [{"status": "firing"}]})));
}
