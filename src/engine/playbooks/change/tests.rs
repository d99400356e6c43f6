//! Tests of what is said of a change.

use super::*;

fn set(playbooks: &[(&str, &str, Mode)]) -> Set {
    let version = |(name, text, mode): &(&str, &str, Mode)| {
        let version = Version { digest: Digest::of(text.as_bytes()), mode: *mode, file: format!("{name}.yaml") };
        (name.parse().unwrap(), version)
    };
    playbooks.iter().map(version).collect()
}

fn between(before: &Set, after: &Set) -> Option<PlaybookChange> {
    PlaybookChange::between(before, after, Cause::FileChange, ReplicaId::generate(jiff::Timestamp::UNIX_EPOCH))
}

fn names(names: &[PlaybookName]) -> Vec<&str> {
    names.iter().map(PlaybookName::as_str).collect()
}

#[test]
fn what_came_what_went_and_what_acts_now_are_told_apart() {
    let before = set(&[
        ("gone", "g", Mode::Enforce),
        ("same", "s", Mode::Enforce),
        ("sharper", "o", Mode::Observe),
        ("milder", "e", Mode::Enforce),
    ]);
    let after = set(&[
        ("same", "s", Mode::Enforce),
        ("sharper", "e", Mode::Enforce),
        ("milder", "o", Mode::Observe),
        ("new", "n", Mode::Enforce),
        ("quiet", "q", Mode::Observe),
    ]);
    let change = between(&before, &after).unwrap();
    assert_eq!(names(&change.now_acting), ["new", "sharper"]);
    assert_eq!(names(&change.no_longer_acting), ["gone", "milder"]);
    assert_eq!(change.summary(), "2 added, 1 removed, 2 changed");
    let sharper = change.changed.iter().find(|one| one.playbook.as_str() == "sharper").unwrap();
    assert_eq!((sharper.from, sharper.to), (Digest::of(b"o"), Digest::of(b"e")));
    assert_eq!((sharper.mode_from, sharper.mode_to), (Mode::Observe, Mode::Enforce));
    assert_eq!(between(&after, &after), None);
}

#[test]
fn the_text_of_what_begins_to_act_is_compared_first() {
    let before = set(&[("a", "1", Mode::Observe), ("z", "1", Mode::Observe)]);
    let after = set(&[("a", "2", Mode::Observe), ("z", "2", Mode::Enforce)]);
    let mut change = between(&before, &after).unwrap();
    change.compare(|_| Some(("mode: observe\n", "mode: enforce\n")));
    let first = change.diff.lines().next().unwrap();
    assert_eq!(first, "--- z.yaml, before");
    assert!(change.diff.contains("\n-mode: observe\n+mode: enforce\n"), "{}", change.diff);
}

#[test]
fn a_comparison_is_kept_within_its_bounds_and_says_how_much_was_left_off() {
    let before = set(&[("a", "1", Mode::Observe)]);
    let after = set(&[("a", "2", Mode::Observe)]);
    let long: String = (0..1_000).map(|number| format!("line {number}\n")).collect();
    let mut change = between(&before, &after).unwrap();
    change.compare(|_| Some(("", &long)));
    assert_eq!((change.diff.lines().count(), change.lines_left_off), (200, 803));
    let wide = format!("{}\n{}\n", "x".repeat(10_000), "y".repeat(10_000));
    change.compare(|_| Some(("", &wide)));
    assert!(change.diff.len() <= BYTES_MAX && change.lines_left_off == 1, "{}", change.diff.len());
}
