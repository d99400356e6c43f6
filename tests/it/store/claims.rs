//! Claims: who may perform for a run, who takes over from whom, and what is kept of whoever came too late. Every test
//! has two replicas of one database.

use standdown::domain::{Attempt, Run, RunId, StepState};
use standdown::store::{
    Change, Claim, Claims, CommitError, Guard, LateReply, Outbox, Quarantined, ReadModel, Renewal, Row, RunLog, Store,
    Taken, Writer,
};
use std::time::Duration;

use super::samples::*;

/// A run with a call under way.
fn busy_run(seconds: i64) -> Run {
    let mut run = lone_run(seconds);
    let attempt = Attempt::Running { number: 1, since: at(seconds) };
    run.steps.get_mut(&path("revoke")).unwrap().state = StepState::Doing(attempt);
    run
}

async fn started(store: &Store, run: &Run) {
    let new = Guard::RunVersion { run: run.id, expected: 0 };
    store.commit(guarded(new, [run_row(run)])).await.unwrap();
}

/// Writes the next version of a run under a claim.
async fn perform(store: &Store, run: &Run, version: u64, epoch: u64) -> Result<(), CommitError> {
    let next = Run { version, ..run.clone() };
    let mut commit = guarded(Guard::Claim { run: run.id, epoch }, [run_row(&next)]);
    commit.guards.push(Guard::RunVersion { run: run.id, expected: version - 1 });
    store.commit(commit).await
}

async fn claim(store: &Store, run: RunId) -> Claim {
    store.claim(run).await.unwrap().unwrap()
}

/// Ends a replica as a crash does, and lets another take over from it.
async fn dies(dead: &Store, heir: &Store) -> Vec<Taken> {
    assert!(heir.remove_replica(dead.replica()).await.unwrap());
    heir.take_over(100).await.unwrap()
}

pub async fn a_run_belongs_to_the_replica_that_started_it(one: &Store, two: &Store) {
    assert_ne!(one.replica(), two.replica());
    let run = lone_run(0);
    started(one, &run).await;
    let expected = Claim { owner: Some(one.replica()), epoch: 1, takeovers: 0, quarantined: None };
    for store in [one, two] {
        assert_eq!(claim(store, run.id).await, expected);
        let claimed = store.claimed_run(run.id).await.unwrap().unwrap();
        assert_eq!((claimed.run, claimed.claim), (run.clone(), expected.clone()));
    }
    assert_eq!(two.claim(lone_run(1).id).await.unwrap(), None);
    perform(one, &run, 2, 1).await.unwrap();
    for (store, epoch) in [(two, 1), (one, 0), (one, 2)] {
        let refused = perform(store, &run, 3, epoch).await;
        assert_eq!(refused, Err(CommitError::Conflict(Guard::Claim { run: run.id, epoch })));
    }
    assert_eq!(one.run(run.id).await.unwrap().unwrap().version, 2);
}

pub async fn whoever_writes_a_run_without_a_claim_leaves_the_claim_as_it_is(one: &Store, two: &Store) {
    let run = lone_run(0);
    started(one, &run).await;
    let voted = Run { version: 2, ..run.clone() };
    two.commit(guarded(Guard::RunVersion { run: run.id, expected: 1 }, [run_row(&voted)])).await.unwrap();
    assert_eq!(claim(two, run.id).await.owner, Some(one.replica()));
    perform(one, &run, 3, 1).await.unwrap();
}

pub async fn nothing_is_taken_from_a_replica_that_lives(one: &Store, two: &Store) {
    started(one, &busy_run(0)).await;
    assert_eq!(one.renew().await.unwrap(), Renewal::Stands);
    assert_eq!(two.take_over(100).await.unwrap(), []);
    assert_eq!(one.take_over(100).await.unwrap(), []);
}

pub async fn a_takeover_raises_the_epoch_and_the_former_owner_can_write_nothing(one: &Store, two: &Store) {
    let run = busy_run(0);
    started(one, &run).await;
    assert_eq!(dies(one, two).await, [Taken { run: run.id, epoch: 2, takeovers: 1 }]);
    assert_eq!(one.renew().await.unwrap(), Renewal::Removed);
    assert_eq!(one.renew().await.unwrap(), Renewal::Removed, "a row that is gone is not put back");
    let late = perform(one, &run, 2, 1).await;
    assert_eq!(late, Err(CommitError::Conflict(Guard::Claim { run: run.id, epoch: 1 })));
    perform(two, &run, 2, 2).await.unwrap();

    assert_eq!(one.take_over(100).await.unwrap(), [], "who was declared dead takes nothing");
    let before = one.replica();
    let again = one.rejoin().await.unwrap();
    assert_eq!(again, one.replica());
    assert_ne!(again, before);
    assert_eq!(one.renew().await.unwrap(), Renewal::Stands);
    for epoch in [1, 2] {
        assert!(perform(one, &run, 3, epoch).await.is_err(), "nothing is owned under a new id");
    }
    assert_eq!(dies(two, one).await, [Taken { run: run.id, epoch: 3, takeovers: 2 }]);
    perform(one, &run, 3, 3).await.unwrap();
}

pub async fn runs_are_taken_over_a_few_at_a_time_and_finished_ones_never(one: &Store, two: &Store) {
    let runs: Vec<_> = (0..5).map(busy_run).collect();
    for run in &runs {
        started(one, run).await;
    }
    let mut over = lone_run(9);
    over.status = standdown::domain::RunStatus::Finished(standdown::domain::Outcome::Completed);
    started(one, &over).await;
    assert!(two.remove_replica(one.replica()).await.unwrap());
    assert!(!two.remove_replica(one.replica()).await.unwrap());
    let mut taken = Vec::new();
    for expected in [2, 2, 1, 0] {
        let batch = two.take_over(2).await.unwrap();
        assert_eq!(batch.len(), expected);
        taken.extend(batch.into_iter().map(|taken| taken.run));
    }
    taken.sort_unstable();
    assert_eq!(taken, runs.iter().map(|run| run.id).collect::<Vec<_>>());
    assert_eq!(claim(two, over.id).await.owner, Some(one.replica()));
}

pub async fn a_takeover_counts_only_where_the_owner_died_with_a_call_under_way(one: &Store, two: &Store) {
    let (busy, waiting) = (busy_run(0), lone_run(1));
    started(one, &busy).await;
    started(one, &waiting).await;
    let counts = |mut taken: Vec<Taken>| {
        taken.sort_unstable_by_key(|taken| taken.run);
        taken.into_iter().map(|taken| (taken.run, taken.epoch, taken.takeovers)).collect::<Vec<_>>()
    };
    assert_eq!(counts(dies(one, two).await), [(busy.id, 2, 1), (waiting.id, 2, 0)]);
    assert_eq!(two.release_all().await.unwrap(), 2);
    assert_eq!(two.renew().await.unwrap(), Renewal::Removed);
    assert_eq!(claim(two, busy.id).await.owner, None);
    assert!(perform(two, &busy, 2, 2).await.is_err(), "what was given up is not ours");
    one.rejoin().await.unwrap();
    assert_eq!(counts(one.take_over(100).await.unwrap()), [(busy.id, 3, 1), (waiting.id, 3, 0)]);

    let mut commit = guarded(Guard::Claim { run: busy.id, epoch: 3 }, [Row::RunAdvanced { run: busy.id }]);
    commit.rows.push(run_row(&Run { version: 2, ..busy.clone() }));
    one.commit(commit).await.unwrap();
    two.rejoin().await.unwrap();
    assert_eq!(counts(dies(one, two).await), [(busy.id, 4, 1), (waiting.id, 4, 0)]);
}

pub async fn a_quarantined_run_is_shown_and_left_alone_until_it_is_released(one: &Store, two: &Store) {
    let mut run = busy_run(0);
    run.deadline = Some(at(5));
    started(one, &run).await;
    let reason = "it was taken over 6 times".to_owned();
    let quarantine = Row::RunQuarantined { run: run.id, reason: reason.clone() };
    let foreign = two.commit(guarded(Guard::Claim { run: run.id, epoch: 1 }, [quarantine.clone()])).await;
    assert!(foreign.is_err());
    one.commit(guarded(Guard::Claim { run: run.id, epoch: 1 }, [quarantine])).await.unwrap();
    assert_eq!(claim(two, run.id).await.quarantined, Some(reason.clone()));
    let quarantined = Quarantined { run: run.id, reason: reason.clone() };
    assert_eq!(two.quarantined_runs(10).await.unwrap(), [quarantined]);
    assert_eq!(two.runs(None, 10).await.unwrap()[0].quarantined, Some(reason));
    assert!(perform(one, &run, 2, 1).await.is_err());
    assert_eq!(one.runs_due(at(99), 10).await.unwrap(), []);
    assert_eq!(one.next_wake().await.unwrap(), None);
    assert_eq!(one.runs_in_hand(None, 10).await.unwrap(), []);
    assert_eq!(dies(one, two).await, []);

    let release = || guarded(Guard::Quarantined { run: run.id }, [Row::RunReleased { run: run.id }]);
    two.commit(release()).await.unwrap();
    assert_eq!(two.commit(release()).await, Err(CommitError::Conflict(Guard::Quarantined { run: run.id })));
    assert_eq!(two.quarantined_runs(10).await.unwrap(), []);
    let taken = two.take_over(10).await.unwrap();
    assert_eq!(taken.iter().map(|taken| (taken.run, taken.takeovers)).collect::<Vec<_>>(), [(run.id, 0)]);
    perform(two, &run, 2, taken[0].epoch).await.unwrap();
    assert_eq!(two.runs_due(at(99), 10).await.unwrap(), [run.id]);
}

pub async fn each_replica_sees_what_it_has_to_do(one: &Store, two: &Store) {
    let (mut here, there) = (busy_run(0), busy_run(1));
    here.deadline = Some(at(7));
    started(one, &here).await;
    started(one, &lone_run(2)).await;
    started(two, &there).await;
    assert_eq!(one.runs_due(at(9), 10).await.unwrap(), [here.id]);
    assert_eq!(two.runs_due(at(9), 10).await.unwrap(), []);
    assert_eq!((one.next_wake().await.unwrap(), two.next_wake().await.unwrap()), (Some(at(7)), None));
    assert_eq!(one.runs_in_hand(None, 10).await.unwrap(), [here.id]);
    assert_eq!(one.runs_in_hand(Some(here.id), 10).await.unwrap(), []);
    assert_eq!(two.runs_in_hand(None, 10).await.unwrap(), [there.id]);
    dies(one, two).await;
    assert_eq!(two.runs_in_hand(None, 10).await.unwrap(), [here.id, there.id]);
    assert_eq!(two.runs_due(at(9), 10).await.unwrap(), [here.id]);
    assert_eq!(one.runs_due(at(9), 10).await.unwrap(), []);
}

pub async fn what_is_heard_too_late_is_kept_without_a_claim(one: &Store, two: &Store) {
    let run = busy_run(0);
    started(one, &run).await;
    dies(one, two).await;
    assert_eq!((one.late_reply_count().await.unwrap(), one.late_replies(run.id).await.unwrap()), (0, vec![]));
    let late = |seconds| LateReply {
        run: run.id,
        step: path("revoke"),
        attempt: 2,
        epoch: 1,
        replica: one.replica(),
        at: at(seconds),
        kind: "attempt_ended".to_owned(),
        outcome: serde_json::json!({"applied": {"status": 200}}),
    };
    for seconds in [5, 4] {
        one.commit(rows([Row::LateReply(Box::new(late(seconds)))])).await.unwrap();
    }
    assert_eq!(two.late_replies(run.id).await.unwrap(), [late(4), late(5)]);
    assert_eq!(two.late_reply_count().await.unwrap(), 2);
    assert_eq!(two.run(run.id).await.unwrap(), Some(run));
}

pub async fn a_message_is_sent_by_one_replica(one: &Store, two: &Store) {
    let minute = Duration::from_secs(60);
    let messages: Vec<_> = (0..3).map(|seconds| message(None, seconds)).collect();
    one.commit(rows(messages.iter().map(|message| Row::Message(Box::new(message.clone()))))).await.unwrap();
    let ids = |claimed: Vec<standdown::store::QueuedMessage>| {
        claimed.into_iter().map(|queued| queued.message.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(one.claim_messages(at(1), 1, minute).await.unwrap()), [messages[0].id]);
    assert_eq!(ids(two.claim_messages(at(1), 9, minute).await.unwrap()), [messages[1].id]);
    assert_eq!(ids(one.claim_messages(at(1), 9, minute).await.unwrap()), [messages[0].id], "its own stay its own");
    assert_eq!(two.next_message().await.unwrap(), Some(at(1)));
    assert_eq!(one.next_message().await.unwrap(), Some(at(0)));

    let delayed = Row::MessageDelayed { message: messages[0].id, next_at: at(50), error: "busy".to_owned() };
    one.commit(rows([delayed, Row::MessageSent { message: messages[2].id, at: at(3) }])).await.unwrap();
    assert_eq!(ids(two.claim_messages(at(49), 9, minute).await.unwrap()), [messages[1].id]);
    assert_eq!(ids(two.claim_messages(at(50), 9, minute).await.unwrap()), [messages[1].id, messages[0].id]);
    assert_eq!(ids(one.claim_messages(at(99), 9, minute).await.unwrap()), []);
}

pub async fn a_message_of_a_sender_that_was_not_heard_of_again_is_free_after_its_lease(one: &Store, two: &Store) {
    let message = message(None, 0);
    one.commit(rows([Row::Message(Box::new(message.clone()))])).await.unwrap();
    assert_eq!(one.claim_messages(at(1), 9, Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(two.claim_messages(at(1), 9, Duration::from_secs(60)).await.unwrap().len(), 1);
}

pub async fn a_replica_hears_what_another_changes(one: &Store, two: &Store) {
    let mut heard = two.changes();
    let run = lone_run(0);
    started(one, &run).await;
    perform(one, &run, 2, 1).await.unwrap();
    // What an owner does to its own run concerns nobody else; the hold does.
    let hold = hold("billing-bot", None, 0);
    one.commit(rows([Row::Hold(Box::new(hold))])).await.unwrap();
    let limit = Duration::from_secs(10);
    let next = async |heard: &mut tokio::sync::broadcast::Receiver<Change>| {
        tokio::time::timeout(limit, heard.recv()).await.expect("nothing was heard").unwrap()
    };
    assert_eq!(next(&mut heard).await, Change::Holds);
    let voted = Run { version: 3, ..run.clone() };
    let mut heard = one.changes();
    two.commit(guarded(Guard::RunVersion { run: run.id, expected: 2 }, [run_row(&voted)])).await.unwrap();
    assert_eq!(next(&mut heard).await, Change::Runs);
}
