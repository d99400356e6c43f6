//! Guards: who may write, and who must read again.

use futures_util::future::join_all;
use standdown::domain::{HoldId, IncidentStatus, RunId};
use standdown::store::{CommitError, Guard, Row, Subject};

use super::Backend;
use super::samples::*;

pub async fn a_run_is_written_only_over_the_version_that_was_read(store: &impl Backend) {
    let mut run = lone_run(0);
    let expects = |run: RunId, expected| Guard::RunVersion { run, expected };
    store.commit(guarded(expects(run.id, 0), [run_row(&run)])).await.unwrap();
    let again = store.commit(guarded(expects(run.id, 0), [run_row(&run)])).await;
    assert_eq!(again, Err(CommitError::Conflict(expects(run.id, 0))));

    run.version = 2;
    store.commit(guarded(expects(run.id, 1), [run_row(&run)])).await.unwrap();
    let stale = store.commit(guarded(expects(run.id, 1), [run_row(&run)])).await;
    assert_eq!(stale, Err(CommitError::Conflict(expects(run.id, 1))));
    assert_eq!(store.run(run.id).await.unwrap().unwrap().version, 2);
}

pub async fn an_incident_is_written_only_over_the_version_that_was_read(store: &impl Backend) {
    let mut incident = incident("billing-bot", 0);
    let expects = |expected| Guard::IncidentVersion { incident: incident.id, expected };
    store.commit(guarded(expects(0), [incident_row(&incident)])).await.unwrap();
    assert_eq!(
        store.commit(guarded(expects(0), [incident_row(&incident)])).await,
        Err(CommitError::Conflict(expects(0)))
    );
    let guard = expects(1);
    incident.version = 2;
    incident.alerts = 7;
    store.commit(guarded(guard, [incident_row(&incident)])).await.unwrap();
    assert_eq!(store.incident(incident.id).await.unwrap(), Some(incident));
}

pub async fn an_open_incident_keeps_its_key_until_it_is_closed(store: &impl Backend) {
    let guard = || Guard::NoOpenIncident { key: "billing-bot".to_owned() };
    let mut first = incident("billing-bot", 0);
    store.commit(guarded(guard(), [incident_row(&first)])).await.unwrap();
    let second = incident("billing-bot", 1);
    let refused = store.commit(guarded(guard(), [incident_row(&second)])).await;
    assert_eq!(refused, Err(CommitError::Conflict(guard())));
    assert_eq!(store.open_incident("billing-bot").await.unwrap(), Some(first.clone()));

    first.version = 2;
    first.status = IncidentStatus::Closed;
    store.commit(rows([incident_row(&first)])).await.unwrap();
    assert_eq!(store.open_incident("billing-bot").await.unwrap(), None);
    store.commit(guarded(guard(), [incident_row(&second)])).await.unwrap();
    assert_eq!(store.open_incident("billing-bot").await.unwrap(), Some(second));
}

pub async fn a_delivery_is_recorded_once(store: &impl Backend) {
    let guard = || Guard::NewDelivery { source: source(), delivery: "d \"1\"".to_owned() };
    assert_eq!(store.delivery(&source(), "d \"1\"").await.unwrap(), None);
    store.commit(guarded(guard(), [delivery_row("d \"1\"")])).await.unwrap();
    let again = store.commit(guarded(guard(), [delivery_row("d \"1\"")])).await;
    assert_eq!(again, Err(CommitError::Conflict(guard())));
    assert_eq!(store.delivery(&source(), "d \"1\"").await.unwrap(), Some(serde_json::json!({"alerts": 1})));
}

pub async fn a_hold_is_lifted_once(store: &impl Backend) {
    let hold = hold("billing-bot", None, 0);
    let lift = |id: HoldId| {
        let lifted = Row::HoldLifted { hold: id, at: at(1), by: by_hand(), reason: "it was a test".to_owned() };
        guarded(Guard::HoldStands { hold: id }, [lifted])
    };
    let missing = store.commit(lift(hold.id)).await;
    assert_eq!(missing, Err(CommitError::Conflict(Guard::HoldStands { hold: hold.id })));
    store.commit(rows([Row::Hold(Box::new(hold.clone()))])).await.unwrap();
    store.commit(lift(hold.id)).await.unwrap();
    let twice = store.commit(lift(hold.id)).await;
    assert_eq!(twice, Err(CommitError::Conflict(Guard::HoldStands { hold: hold.id })));
}

pub async fn people_are_asked_about_the_end_of_a_hold_once(store: &impl Backend) {
    let (ended, lifted) = (hold("billing-bot", None, 0), hold("mail-bot", None, 1));
    store.commit(rows([&ended, &lifted].map(|hold| Row::Hold(Box::new(hold.clone()))))).await.unwrap();
    let ask = |hold: HoldId| guarded(Guard::HoldEndOpen { hold }, [Row::HoldEndHandled { hold }]);
    let refused = |hold: HoldId| Err(CommitError::Conflict(Guard::HoldEndOpen { hold }));
    let (first, second) = tokio::join!(store.commit(ask(ended.id)), store.commit(ask(ended.id)));
    // A database with several writers may judge the second one first.
    let both = [first, second];
    assert!(both.contains(&Ok(())) && both.contains(&refused(ended.id)), "{both:?}");
    assert_eq!(store.commit(ask(ended.id)).await, refused(ended.id));
    let lift = Row::HoldLifted { hold: lifted.id, at: at(1), by: by_hand(), reason: "done".to_owned() };
    store.commit(rows([lift])).await.unwrap();
    assert_eq!(store.commit(ask(lifted.id)).await, refused(lifted.id));
}

pub async fn a_commit_that_lost_leaves_nothing(store: &impl Backend) {
    let run = lone_run(0);
    let subject = Subject::Run(run.id);
    let alert = alert("left-out", 0);
    let mut commit = guarded(
        Guard::RunVersion { run: run.id, expected: 9 },
        [alert_row(&alert, None), run_row(&run), delivery_row("left-out"), event(&subject, "run_started", 1.into(), 0)],
    );
    commit.guards.insert(0, Guard::NoOpenIncident { key: "nobody".to_owned() });
    assert!(matches!(store.commit(commit).await, Err(CommitError::Conflict(Guard::RunVersion { .. }))));
    assert_eq!(store.run(run.id).await.unwrap(), None);
    assert_eq!(store.last_alert(&source(), &alert.dedup_key).await.unwrap(), None);
    assert_eq!(store.delivery(&source(), "left-out").await.unwrap(), None);
    assert_eq!(store.events(&subject).await.unwrap(), []);
}

pub async fn of_many_that_exclude_each_other_one_wins(store: &impl Backend) {
    let commits = (0..20).map(|seconds| {
        let guard = Guard::NoOpenIncident { key: "contended".to_owned() };
        store.commit(guarded(guard, [incident_row(&incident("contended", seconds))]))
    });
    let verdicts = join_all(commits).await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 1);
    let conflict = CommitError::Conflict(Guard::NoOpenIncident { key: "contended".to_owned() });
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Err(conflict.clone())).count(), 19);
}
