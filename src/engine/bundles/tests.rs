//! Which requests join which.

use super::*;
use crate::domain::PlaybookName;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn alike(people: &[&str]) -> Alike {
    Alike {
        limit: Limit::Budget(PlaybookName::parse("p").unwrap()),
        digest: Digest::ZERO,
        step: StepName::parse("pause").unwrap(),
        people: people.iter().map(|id| PersonId::parse(id).unwrap()).collect(),
        escalated: false,
    }
}

/// Joins and keeps the place; the bundle, and the request.
fn joined(book: &Arc<Bundles>, alike: Alike, minute: i64) -> (Bundle, ApprovalId) {
    let id = ApprovalId::generate(at(minute));
    let (bundle, mut seat) = book.join(alike, id, at(minute), HOUR);
    seat.keep();
    (bundle, id)
}

#[test]
fn requests_of_one_window_join_the_first_and_the_next_window_begins_another() {
    let book = Arc::new(Bundles::default());
    let (first, id) = joined(&book, alike(&["ana"]), 0);
    assert_eq!((first.first, first.asks), (id, true));
    let (second, _) = joined(&book, alike(&["ana"]), 59);
    assert_eq!((second.first, second.asks), (id, false));
    let (later, own) = joined(&book, alike(&["ana"]), 60);
    assert_eq!((later.first, later.asks), (own, true));
}

#[test]
fn what_other_people_decide_or_another_limit_stops_is_never_in_the_same_list() {
    let book = Arc::new(Bundles::default());
    joined(&book, alike(&["ana"]), 0);
    let other_limit = Alike { limit: Limit::EveryHour, ..alike(&["ana"]) };
    let other_version = Alike { digest: Digest::of(b"other"), ..alike(&["ana"]) };
    let other_step = Alike { step: StepName::parse("revoke").unwrap(), ..alike(&["ana"]) };
    let escalated = Alike { escalated: true, ..alike(&["ana"]) };
    for other in [alike(&["ben"]), alike(&["ana", "ben"]), other_limit, other_version, other_step, escalated] {
        assert!(joined(&book, other.clone(), 1).0.asks, "{other:?}");
    }
}

#[test]
fn a_list_in_which_nobody_waits_takes_nobody_in() {
    let book = Arc::new(Bundles::default());
    let (_, first) = joined(&book, alike(&["ana"]), 0);
    let (_, second) = joined(&book, alike(&["ana"]), 1);
    book.leave(first, first);
    assert!(!joined(&book, alike(&["ana"]), 2).0.asks, "the second still waits");
    book.close(first);
    assert!(joined(&book, alike(&["ana"]), 3).0.asks);
    book.leave(first, second);
}

#[test]
fn a_request_that_was_never_committed_leads_nobody() {
    let book = Arc::new(Bundles::default());
    let (_, seat) = book.join(alike(&["ana"]), ApprovalId::generate(at(0)), at(0), HOUR);
    let (_, second) = book.join(alike(&["ana"]), ApprovalId::generate(at(0)), at(0), HOUR);
    drop(second);
    drop(seat);
    assert!(joined(&book, alike(&["ana"]), 1).0.asks);
}

#[test]
fn a_request_that_its_run_never_made_leads_nobody_either() {
    let book = Arc::new(Bundles::default());
    let (_, mut seat) = book.join(alike(&["ana"]), ApprovalId::generate(at(0)), at(0), HOUR);
    seat.keep_if_asked(&BTreeMap::new());
    drop(seat);
    assert!(joined(&book, alike(&["ana"]), 1).0.asks);
}

#[test]
fn a_full_list_begins_another() {
    let book = Arc::new(Bundles::default());
    let asks = (0..=MEMBERS_MAX).filter(|_| joined(&book, alike(&["ana"]), 0).0.asks).count();
    assert_eq!(asks, 2);
}

#[test]
fn what_other_replicas_took_in_counts_for_a_full_list() {
    let book = Arc::new(Bundles::default());
    let (_, first) = joined(&book, alike(&["ana"]), 0);
    let elsewhere: Vec<ApprovalId> = (1..MEMBERS_MAX).map(|_| ApprovalId::generate(at(0))).collect();
    book.refresh(first, elsewhere.iter().copied(), std::iter::empty());
    let (other, own) = joined(&book, alike(&["ana"]), 1);
    assert_eq!((other.first, other.asks), (own, true));
}
