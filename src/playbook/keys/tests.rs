use std::collections::BTreeSet;

use super::*;

#[test]
fn every_key_and_every_section_says_what_it_is() {
    for section in SECTIONS {
        assert!(section.help.ends_with('.'), "{}", section.name);
        for key in section.keys {
            assert!(!key.help.is_empty() && !key.help.ends_with('.'), "{}.{}", section.name, key.name);
            assert!(!key.required || key.default.is_empty(), "{}.{} is required", section.name, key.name);
        }
    }
}

#[test]
fn no_key_stands_twice_or_is_reserved_beside() {
    for section in SECTIONS {
        let all: Vec<&str> = section.names().into_iter().chain(section.reserved.iter().copied()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{}: {all:?}", section.name);
    }
}

#[test]
fn every_section_is_reached_from_the_head() {
    let mut open: Vec<&Section> = vec![&HEAD];
    let mut seen = BTreeSet::new();
    while let Some(section) = open.pop() {
        if seen.insert(section.name) {
            open.extend(section.keys.iter().filter_map(|key| match key.takes {
                Takes::Section(inner) | Takes::Named(inner) | Takes::Sections(inner) | Takes::OneOrMore(inner) => {
                    Some(inner)
                }
                _ => None,
            }));
        }
    }
    let listed: BTreeSet<&str> = SECTIONS.iter().map(|section| section.name).collect();
    assert_eq!(seen, listed);
    assert_eq!(listed.len(), SECTIONS.len());
}
