//! Who is asked and who may vote: answers that need nothing but the people of the moment.
//!
//! The engine asks with the people of its configuration, a rehearsal with those of a test. Nothing here knows how they are
//! reached or what they decide.

use std::collections::BTreeSet;

use crate::domain::approval::Quorum;
use crate::domain::{Approval, Directory, PersonId, Principal};
use crate::machine::Asked;

/// Everybody who may vote, and what decides. Where nobody is left after exclusions, the fallback owner is asked.
#[must_use]
pub fn electorate(
    directory: &Directory,
    asked: &Asked,
    owner: Option<&Principal>,
) -> (BTreeSet<PersonId>, Vec<Quorum>) {
    let excluded: BTreeSet<PersonId> =
        directory.resolve(&asked.exclude, owner).into_iter().chain(asked.exclude_person.clone()).collect();
    let eligible = |principals: &[Principal]| -> BTreeSet<PersonId> {
        directory.resolve(principals, owner).difference(&excluded).cloned().collect()
    };
    let mut people = eligible(&asked.approvers);
    if people.is_empty() {
        people = eligible(&[Principal::Fallback]);
    }
    if asked.thresholds.is_empty() {
        let quorum = Quorum { approve: 1, reject: 1, from: people.clone() };
        return (people, vec![quorum]);
    }
    let quorums = asked.thresholds.iter().map(|threshold| {
        let from = if threshold.from.is_empty() { people.clone() } else { eligible(&threshold.from) };
        Quorum { approve: threshold.approve, reject: threshold.reject, from }
    });
    let quorums: Vec<Quorum> = quorums.collect();
    let voices = quorums.iter().flat_map(|quorum| quorum.from.iter().cloned());
    let people = people.iter().cloned().chain(voices).collect();
    (people, quorums)
}

/// Whom asking `more` about a request reaches who was not asked before.
#[must_use]
pub fn not_asked_yet(
    directory: &Directory,
    more: &Asked,
    approval: &Approval,
    owner: Option<&Principal>,
) -> BTreeSet<PersonId> {
    let excluded = directory.resolve(&more.exclude, owner);
    let people = directory.resolve(&more.approvers, owner).into_iter();
    let may = |person: &PersonId| !excluded.contains(person) && more.exclude_person.as_ref() != Some(person);
    people.filter(|person| may(person) && !approval.people.contains(person)).collect()
}

/// Everybody who may vote on a request now, by whom it asked.
#[must_use]
pub fn eligible(directory: &Directory, approval: &Approval, owner: Option<&Principal>) -> BTreeSet<PersonId> {
    let mut people = directory.resolve(&approval.approvers, owner);
    if people.is_disjoint(&approval.people) {
        // None of them was to be asked, because they are excluded or started the run: the fallback was, in their place.
        people.extend(directory.resolve(&[Principal::Fallback], owner));
    }
    people.difference(&directory.resolve(&approval.exclude, owner)).cloned().collect()
}
