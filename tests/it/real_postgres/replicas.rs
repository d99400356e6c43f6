//! Several replicas over one database judge guards and number histories as one would.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use standdown::store::{Claims, CommitError, Guard, Renewal, Row, RunLog, StoreOptions, Subject, Writer, verify_chain};

use super::*;

#[tokio::test]
async fn of_many_that_exclude_each_other_across_replicas_one_wins() {
    let server = Postgres::start().await;
    let stores = join_all((0..3).map(|_| async { opened(&server.url()).await })).await;
    for round in 0..10 {
        let key = format!("contended-{round}");
        let guard = Guard::NoOpenIncident { key: key.clone() };
        let commits = (0..30_usize).map(|number| {
            let incident = incident(&key, i64::try_from(number).unwrap());
            stores[number % 3].commit(guarded(guard.clone(), [incident_row(&incident)]))
        });
        let answers = join_all(commits).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let conflict = Err(CommitError::Conflict(guard));
        assert_eq!(answers.iter().filter(|answer| **answer == conflict).count(), 29, "{answers:?}");
    }
    join_all(stores.iter().map(Store::close)).await;
}

#[tokio::test]
async fn facts_of_one_subject_from_several_replicas_make_one_chain() {
    let server = Postgres::start().await;
    let stores = join_all((0..3).map(|_| async { opened(&server.url()).await })).await;
    let subject = Subject::Agent(agent("billing-bot"));
    let fact = |number: usize| {
        let body = json!({"call": number});
        stores[number % 3].commit(rows([event(&subject, "gate_refused", body, i64::try_from(number).unwrap())]))
    };
    for answer in join_all((0..300).map(fact)).await {
        answer.unwrap();
    }
    let events = stores[0].events(&subject).await.unwrap();
    assert_eq!(events.len(), 300);
    assert_eq!(verify_chain(&events, &subject), Ok(()));
    join_all(stores.iter().map(Store::close)).await;
}

#[tokio::test]
async fn replicas_that_change_the_same_rows_in_opposite_orders_do_not_fail() {
    let server = Postgres::start().await;
    let stores = join_all((0..2).map(|_| async { opened(&server.url()).await })).await;
    let alerts: Vec<_> = (0..40).map(|number| alert(&format!("a{number}"), number)).collect();
    stores[0].commit(rows(alerts.iter().map(|alert| alert_row(alert, None)))).await.unwrap();
    let repeated = |alert: &standdown::domain::Alert| Row::AlertRepeated { alert: alert.id, at: at(9) };
    for _ in 0..20 {
        let forth = stores[0].commit(rows(alerts.iter().map(repeated)));
        let back = stores[1].commit(rows(alerts.iter().rev().map(repeated)));
        let (forth, back) = tokio::join!(forth, back);
        forth.and(back).unwrap();
    }
    let last = stores[0].last_alert(&source(), &alerts[7].dedup_key).await.unwrap().unwrap();
    assert_eq!(last.count, 41);
    join_all(stores.iter().map(Store::close)).await;
}

#[tokio::test]
async fn a_replica_that_was_not_heard_of_for_its_lease_is_dead_by_the_clock_of_the_database() {
    let server = Postgres::start().await;
    let options = StoreOptions { lease: Duration::from_secs(1), ..StoreOptions::default() };
    let silent = Store::open(&server.url(), options).await.unwrap();
    let living = opened(&server.url()).await;
    let run = lone_run(0);
    let started = guarded(Guard::RunVersion { run: run.id, expected: 0 }, [run_row(&run)]);
    silent.commit(started).await.unwrap();
    assert_eq!(silent.renew().await.unwrap(), Renewal::Stands);

    let taken = poll(LIMIT, || async { living.take_over(10).await.unwrap().first().copied() });
    let taken = taken.await.expect("the run is taken over");
    assert_eq!((taken.run, taken.epoch), (run.id, 2));
    assert_eq!(silent.renew().await.unwrap(), Renewal::Removed);
    let guard = Guard::Claim { run: run.id, epoch: 1 };
    let late = silent.commit(guarded(guard.clone(), [delivery_row("late")])).await;
    assert_eq!(late, Err(CommitError::Conflict(guard)));
    assert!(!is_recorded(&living, "late").await);
    silent.close().await;
    living.close().await;
}

#[tokio::test]
async fn nothing_is_taken_over_between_the_judgement_of_a_claim_and_its_commit() {
    let server = Postgres::start().await;
    let owner = opened(&server.url()).await;
    let other = opened(&server.url()).await;
    for round in 0..20_u64 {
        let run = lone_run(0);
        owner.commit(guarded(Guard::RunVersion { run: run.id, expected: 0 }, [run_row(&run)])).await.unwrap();
        let name = format!("under-the-claim-{round}");
        let write = owner.commit(guarded(Guard::Claim { run: run.id, epoch: 1 }, [delivery_row(&name)]));
        let take = async {
            other.remove_replica(owner.replica()).await.unwrap();
            // What was acknowledged under the claim is there by the time that it is lost.
            let seen = is_recorded(&other, &name).await;
            (seen, other.take_over(10).await.unwrap())
        };
        let (written, (seen, taken)) = tokio::join!(write, take);
        assert_eq!(written.is_ok(), seen, "{written:?}");
        assert_eq!(taken.iter().filter(|taken| taken.run == run.id).count(), 1);
        owner.rejoin().await.unwrap();
    }
    owner.close().await;
    other.close().await;
}
