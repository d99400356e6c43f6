//! Several replicas over one database judge guards and number histories as one would.

use futures_util::future::join_all;
use serde_json::json;
use standdown::store::{CommitError, Guard, Row, RunLog, Subject, Writer, verify_chain};

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
