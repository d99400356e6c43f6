//! What every database must do, as functions over the ports, and what only one of them promises.
//!
//! A database more is one module more below that runs the same list.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    reason = "a test stops at what it did not expect; its samples read like words of the language"
)]

mod batches;
mod claims;
mod durability;
mod eras;
mod guards;
mod history;
mod outbox;
mod people;
mod projections;
pub mod samples;
mod standing;
mod statements;
mod upkeep;

use standdown::store::{
    Agents, Approvals, Examination, Inbox, Outbox, Playbooks, ReadModel, Retention, RunLog, Store, StoreOptions, Writer,
};
use tempfile::TempDir;

use crate::harness::servers::Postgres;

/// Every port at once.
pub trait Backend:
    Writer + Inbox + RunLog + Playbooks + Outbox + Approvals + Agents + ReadModel + Retention + Examination + Sync
{
}

impl<T> Backend for T where
    T: Writer + Inbox + RunLog + Playbooks + Outbox + Approvals + Agents + ReadModel + Retention + Examination + Sync
{
}

/// The URL of the database in a directory.
fn url_in(directory: &TempDir) -> String {
    format!("sqlite:{}", directory.path().join("standdown.db").display())
}

/// An empty SQLite store in a directory of its own.
async fn fresh_sqlite() -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap();
    (directory, store)
}

/// An empty PostgreSQL store on a server of its own.
async fn fresh_postgres() -> (Postgres, Store) {
    let server = Postgres::start().await;
    let store = Store::open(&server.url(), StoreOptions::default()).await.unwrap();
    (server, store)
}

macro_rules! every_database_with_two_replicas {
    ($($behaviour:ident),+) => {
        mod sqlite_replicas {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let (_directory, one) = super::fresh_sqlite().await;
                    let two = one.another_replica().await.unwrap();
                    super::claims::$behaviour(&one, &two).await;
                    one.close().await;
                }
            )+
        }
        mod postgres_replicas {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let (_server, one) = super::fresh_postgres().await;
                    let two = one.another_replica().await.unwrap();
                    super::claims::$behaviour(&one, &two).await;
                    two.close().await;
                    one.close().await;
                }
            )+
        }
    };
}

every_database_with_two_replicas! {
    a_run_belongs_to_the_replica_that_started_it, whoever_writes_a_run_without_a_claim_leaves_the_claim_as_it_is,
    nothing_is_taken_from_a_replica_that_lives, a_takeover_raises_the_epoch_and_the_former_owner_can_write_nothing,
    runs_are_taken_over_a_few_at_a_time_and_finished_ones_never,
    a_takeover_counts_only_where_the_owner_died_with_a_call_under_way,
    a_quarantined_run_is_shown_and_left_alone_until_it_is_released, each_replica_sees_what_it_has_to_do,
    what_is_heard_too_late_is_kept_without_a_claim, a_message_is_sent_by_one_replica,
    a_message_of_a_sender_that_was_not_heard_of_again_is_free_after_its_lease, a_replica_hears_what_another_changes
}

macro_rules! every_database {
    ($($module:ident: $($behaviour:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test]
                async fn $behaviour() {
                    let (_directory, store) = super::fresh_sqlite().await;
                    super::$module::$behaviour(&store).await;
                    store.close().await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test]
                async fn $behaviour() {
                    let (_server, store) = super::fresh_postgres().await;
                    super::$module::$behaviour(&store).await;
                    store.close().await;
                }
            )+)+
        }
    };
}

every_database! {
    statements: every_statement_fits_the_tables;
    guards: a_run_is_written_only_over_the_version_that_was_read, an_incident_is_written_only_over_the_version_that_was_read,
        an_open_incident_keeps_its_key_until_it_is_closed, a_delivery_is_recorded_once, a_hold_is_lifted_once,
        people_are_asked_about_the_end_of_a_hold_once,
        a_commit_that_lost_leaves_nothing, of_many_that_exclude_each_other_one_wins;
    history: a_history_is_numbered_and_chained, a_changed_event_is_detected, a_removed_or_swapped_event_is_detected,
        fractions_and_sorted_keys_survive_verification, histories_of_subjects_do_not_mix,
        concurrent_facts_of_one_subject_make_one_chain;
    projections: repeats_are_counted_in_one_alert, the_last_alert_is_found_firing_or_not, a_run_comes_back_as_it_was,
        runs_that_are_due_come_earliest_first, open_runs_are_paged_oldest_first,
        the_last_run_for_an_incident_is_found_once_it_is_over, runs_and_incidents_are_listed_newest_first,
        a_state_that_is_too_large_is_refused, a_playbook_version_is_found_by_its_digest_and_no_other,
        facts_of_the_daemon_are_found_by_their_kind_newest_first, dead_letters_blobs_and_bodies_are_kept;
    outbox: a_message_waits_until_it_is_sent, a_message_that_failed_waits_longer_and_counts, a_message_that_was_given_up_is_counted;
    people: requests_are_projected_and_pending_ones_listed, the_fifth_wrong_code_revokes_a_token, a_token_can_be_revoked,
            requests_of_a_bundle_are_found_while_any_of_them_waits;
    standing: holds_stand_until_they_are_lifted, an_end_is_asked_about_once, sightings_keep_the_latest_of_each,
        containments_count_since_a_time, a_switch_has_the_last_value;
    upkeep: what_is_over_and_old_goes_whole_and_leaves_the_rest_sound, what_is_open_pending_or_standing_is_never_old,
        rows_are_examined_in_pages_and_those_that_belong_to_nothing_are_named;
}
