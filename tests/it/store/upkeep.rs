//! Forgetting and examining: what is old and over goes whole, nothing else is named, and a sound store has no fault.

use standdown::domain::approval::ApprovalStatus;
use standdown::domain::{Digest, Incident, IncidentStatus, Outcome, PlaybookName, Run, RunStatus};
use standdown::store::upkeep::{AgedPage, Aging, Record};
use standdown::store::{Commit, Row, Subject};

use super::Backend;
use super::samples::*;

/// A run that is over, with everything that may belong to one, in an incident with two alerts.
async fn over(store: &impl Backend, key: &str, seconds: i64) -> (Incident, Run) {
    let mut incident = incident(key, seconds);
    incident.status = IncidentStatus::Closed;
    let (first, second) = (alert(key, seconds), alert(&format!("{key} again"), seconds));
    let mut run = contained(run(incident.id, first.clone(), seconds));
    let mut request = approval(seconds);
    request.status = ApprovalStatus::Approved;
    run.approvals.insert(request.id, request.clone());
    run.status = RunStatus::Finished(Outcome::Completed);
    run.ended_at = Some(at(seconds + 60));
    let (mail, hold) = (message(Some(run.id), seconds), hold("billing-bot", None, seconds));
    let text = "name: contain-runaway";
    let name = PlaybookName::parse("contain-runaway").unwrap();
    let fact = |subject: &Subject, kind| event(subject, kind, serde_json::json!({}), seconds);
    let rows_of = [
        Row::Playbook {
            digest: Digest::of(text.as_bytes()),
            name,
            text: text.to_owned(),
            approvals: None,
            at: at(seconds),
        },
        incident_row(&incident),
        alert_row(&first, Some(incident.id)),
        alert_row(&second, Some(incident.id)),
        run_row(&run),
        Row::Approval { run: run.id, agent: run.agent.id.clone(), approval: Box::new(request.clone()) },
        Row::Token(Box::new(token(key, request.id, run.id))),
        Row::Message(Box::new(mail.clone())),
        Row::Hold(Box::new(hold.clone())),
        Row::Containment { agent: agent("billing-bot"), run: run.id, playbook: playbook(), at: at(seconds) },
        delivery_row(key),
        Row::DeadLetter(Box::new(dead_letter(seconds))),
        fact(&Subject::Run(run.id), "run_started"),
        fact(&Subject::Run(run.id), "run_finished"),
        fact(&Subject::Incident(incident.id), "incident_opened"),
        fact(&Subject::Agent(agent("billing-bot")), "hold_placed"),
        fact(&Subject::Daemon, "frozen"),
    ];
    store.commit(rows(rows_of)).await.unwrap();
    let lifted = Row::HoldLifted { hold: hold.id, at: at(seconds + 60), by: by_hand(), reason: "over".to_owned() };
    let ends = [first, second].map(|alert| Row::AlertResolved { alert: alert.id, at: at(seconds + 60) });
    let sent = Row::MessageSent { message: mail.id, at: at(seconds + 60) };
    store.commit(rows([sent, lifted].into_iter().chain(ends))).await.unwrap();
    (incident, run)
}

/// How many things of a kind ended before a time, in pages of 2.
async fn old(store: &impl Backend, kind: Aging, before: i64) -> usize {
    let (mut after, mut count) = (None, 0);
    loop {
        let AgedPage { aged, next } = store.aged(kind, at(before), after, 2).await.unwrap();
        count += aged.len();
        match next {
            Some(next) => after = Some(next),
            None => return count,
        }
    }
}

/// Forgets what ended before a time; how many things of each kind.
async fn forget(store: &impl Backend, before: i64) -> Vec<usize> {
    let mut counts = Vec::new();
    for kind in Aging::ALL {
        let page = store.aged(kind, at(before), None, 100).await.unwrap();
        counts.push(page.aged.len());
        let guards = page.aged.iter().filter_map(|aged| aged.guard.clone()).collect();
        let rows = page.aged.into_iter().map(|aged| Row::Retired(Box::new(aged.retired))).collect();
        store.commit(Commit { guards, rows }).await.unwrap();
    }
    counts
}

/// Everything that an examination finds wrong.
async fn faults(store: &impl Backend) -> Vec<String> {
    let mut faults = store.integrity().await.unwrap();
    faults.extend(store.strays(100).await.unwrap().into_iter().map(|stray| format!("{stray:?}")));
    for kind in Record::ALL {
        let page = store.examined_records(kind, None, 1000).await.unwrap();
        faults.extend(page.rows.into_iter().flat_map(|row| row.faults));
    }
    let runs = store.examined_runs(None, 1000).await.unwrap();
    faults.extend(runs.rows.into_iter().flat_map(|row| row.faults));
    for row in store.subjects(None, 1000).await.unwrap().rows {
        let events = store.events_after(&row.record.unwrap(), 0, 1000).await.unwrap();
        assert!(!events.is_empty());
        faults.extend(events.into_iter().flat_map(|event| event.faults).chain(row.faults));
    }
    faults
}

pub async fn what_is_over_and_old_goes_whole_and_leaves_the_rest_sound(store: &impl Backend) {
    let mut gone = Vec::new();
    for number in 0..5 {
        gone.push(over(store, &format!("old-{number}"), number * 10).await);
    }
    let (stays, run) = over(store, "young", 10_000).await;
    assert_eq!(faults(store).await, Vec::<String>::new());
    assert_eq!(old(store, Aging::Runs, 5_000).await, 5, "pages of two lead to all of them");
    assert_eq!(old(store, Aging::Alerts, 5_000).await, 0, "alerts outlive the runs of their incident");
    assert_eq!(forget(store, 5_000).await, [5, 10, 5, 5, 0, 6, 5, 5], "messages of runs went with them");
    for (incident, run) in gone {
        assert_eq!(store.run(run.id).await.unwrap(), None);
        assert_eq!(store.incident(incident.id).await.unwrap(), None);
        assert_eq!(store.events(&Subject::Run(run.id)).await.unwrap(), []);
        assert_eq!(store.events(&Subject::Incident(incident.id)).await.unwrap(), []);
        assert_eq!(store.messages_of(run.id).await.unwrap(), []);
        assert_eq!(store.alerts_of(incident.id).await.unwrap(), []);
        assert_eq!(store.alert_body(run.alert.id).await.unwrap(), None);
        let request = run.approvals.keys().next().unwrap();
        assert_eq!(store.approval(*request).await.unwrap(), None);
        assert_eq!(store.tokens_of(*request).await.unwrap(), []);
    }
    assert_eq!(store.run(run.id).await.unwrap().as_ref(), Some(&run));
    assert_eq!(store.alerts_of(stays.id).await.unwrap().len(), 2);
    assert_eq!(store.events(&Subject::Agent(agent("billing-bot"))).await.unwrap().len(), 6, "agents keep theirs");
    assert_eq!(faults(store).await, Vec::<String>::new());
    assert_eq!(forget(store, 5_000).await, [0; 8], "there is nothing left to do");
}

pub async fn what_is_open_pending_or_standing_is_never_old(store: &impl Backend) {
    let late = 1_000_000;
    let (mut incident, mut run) = over(store, "open", 0).await;
    incident.status = IncidentStatus::New;
    incident.version += 1;
    store.commit(rows([incident_row(&incident)])).await.unwrap();
    assert_eq!(
        (old(store, Aging::Runs, late).await, old(store, Aging::Incidents, late).await),
        (0, 0),
        "its incident is open"
    );
    incident.status = IncidentStatus::Closed;
    incident.version += 1;
    let waiting = message(Some(run.id), 0);
    store.commit(rows([incident_row(&incident), Row::Message(Box::new(waiting.clone()))])).await.unwrap();
    assert_eq!(
        (old(store, Aging::Runs, late).await, old(store, Aging::Messages, late).await),
        (0, 1),
        "a message waits"
    );
    store.commit(rows([Row::MessageSent { message: waiting.id, at: at(0) }])).await.unwrap();
    let mut standing = hold("billing-bot", None, 0);
    standing.cause = standdown::domain::HoldCause::Run { run: run.id, path: path("pause") };
    store.commit(rows([Row::Hold(Box::new(standing.clone()))])).await.unwrap();
    assert_eq!((old(store, Aging::Runs, late).await, old(store, Aging::Holds, late).await), (0, 1), "its hold stands");
    let lifted = Row::HoldLifted { hold: standing.id, at: at(0), by: by_hand(), reason: "over".to_owned() };
    store.commit(rows([lifted])).await.unwrap();
    assert_eq!(old(store, Aging::Runs, late).await, 1);
    run.status = RunStatus::Running { stage: 0 };
    run.version += 1;
    store.commit(rows([run_row(&run)])).await.unwrap();
    assert_eq!(old(store, Aging::Runs, late).await, 0, "it is not over");
    let firing = alert("fires", 0);
    store.commit(rows([alert_row(&firing, None)])).await.unwrap();
    assert_eq!(old(store, Aging::Alerts, late).await, 0, "it fires, or its incident has a run");
}

pub async fn rows_are_examined_in_pages_and_those_that_belong_to_nothing_are_named(store: &impl Backend) {
    for number in 0..3 {
        over(store, &format!("incident-{number}"), number).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.examined_runs(after, 2).await.unwrap();
        seen.extend(page.rows.into_iter().filter_map(|row| row.record.map(|run| run.id)));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let mut all: Vec<_> = store.runs(None, 10).await.unwrap().into_iter().map(|run| run.id).collect();
    all.reverse();
    assert_eq!(seen, all);
    let one = store.events_after(&Subject::Daemon, 1, 1).await.unwrap();
    assert_eq!(one.into_iter().map(|event| event.id).collect::<Vec<_>>(), ["2"]);
    assert_eq!(store.strays(10).await.unwrap(), []);
    let lone = lone_run(77);
    let stray = message(Some(standdown::domain::RunId::generate(at(5))), 5);
    let subject = Subject::Incident(standdown::domain::IncidentId::generate(at(5)));
    let lost = event(&subject, "incident_opened", serde_json::json!({}), 5);
    store.commit(rows([run_row(&lone), Row::Message(Box::new(stray.clone())), lost])).await.unwrap();
    let strays = store.strays(10).await.unwrap();
    let named = |table: &str, id: String, missing: &str| {
        strays.iter().any(|stray| stray.table == table && stray.id == id && stray.missing == missing)
    };
    assert!(named("runs", lone.id.to_string(), "its incident"), "{strays:#?}");
    assert!(named("messages", stray.id.to_string(), "its run"), "{strays:#?}");
    let Subject::Incident(incident) = subject else { unreachable!() };
    assert!(named("events", incident.to_string(), "its incident"), "{strays:#?}");
    assert_eq!(strays.len(), 3, "{strays:#?}");
}
