//! A database that does not answer for a moment: nothing is decided without what could not be read.

use std::collections::BTreeMap;

use super::children::{CHILD, calls, child_of};
use super::harness::{Life, World};
use super::outside::catalogue;
use crate::domain::{Event, EventKind, Run};
use crate::engine::Library;
use crate::engine::draft::Draft;
use crate::engine::playbooks::LibraryError;
use crate::engine::tell::Told;
use crate::playbook::Catalogue;
use crate::store::{CommitError, ReadError};

/// A run that waits for one that it started.
fn parent(world: &World) -> (Life, Run) {
    let life = world.start();
    let parent = life.launch("parent", "billing-bot");
    child_of(&life, parent);
    let run = life.run(parent);
    (life, run)
}

fn world() -> World {
    World::new(&[&calls("parent", "child", ""), CHILD])
}

fn draft(life: &Life, run: &Run, kind: EventKind) -> Draft {
    let playbook = life.on(life.engine.library().pinned(life.engine.store(), &run.digest)).unwrap();
    let event = Event::by_system(life.engine.clock().now(), kind);
    life.engine.draft_event(&playbook, run.clone(), event, &mut BTreeMap::new(), None).unwrap()
}

#[test]
fn a_version_that_can_not_be_read_at_the_moment_is_not_taken_for_one_that_can_not_be_used() {
    let world = world();
    let (life, run) = parent(&world);
    let fresh = Library::new(Catalogue::new(catalogue()), world.folder().join("playbooks"));
    life.on(fresh.pinned(life.engine.store(), &run.digest)).unwrap();
    life.on(life.engine.store().close());
    let found = life.on(fresh.of_run(life.engine.store(), &run));
    assert!(matches!(found, Err(LibraryError::Read(ReadError::Unavailable { .. }))), "{found:?}");
}

#[test]
fn a_version_that_does_not_compile_is_read_once_and_costs_its_family_nothing_else() {
    let mut world = world();
    let (life, run) = parent(&world);
    life.crash();
    world.missing_actions = vec!["try.contain"];
    let life = world.start();
    let library = life.engine.library();
    life.on(library.of_run(life.engine.store(), &run)).unwrap();
    life.on(life.engine.store().close());
    assert_eq!(life.on(library.of_run(life.engine.store(), &run)).unwrap().digest, run.digest);
    let child = run.versions.values().next().unwrap();
    assert!(matches!(life.on(library.pinned(life.engine.store(), child)), Err(LibraryError::Broken { .. })));
}

#[test]
fn a_run_does_not_end_before_what_ends_with_it_can_be_read() {
    let world = world();
    let (life, run) = parent(&world);
    let mut draft = draft(&life, &run, EventKind::RunCancelled { reason: "a mistake".into() });
    assert_eq!(draft.stops.len(), 1);
    life.on(life.engine.store().close());
    let added = life.on(life.engine.add_stopped(&mut draft));
    assert!(added.as_ref().is_err_and(|error| error.unread().is_some()), "{added:?}");
}

#[test]
fn an_alert_does_not_join_a_run_before_those_that_it_started_can_be_read() {
    let world = world();
    let (life, run) = parent(&world);
    let kind = EventKind::AlertJoined { alert: run.alert.id, source: Some("other".parse().unwrap()) };
    let mut drafts = vec![draft(&life, &run, kind.clone())];
    life.on(life.engine.store().close());
    let told = life.on(life.engine.tell_children(&mut drafts, &[], Told { run: run.id, kind }));
    assert!(matches!(told, Err(CommitError::Unavailable(_))), "{told:?}");
}
