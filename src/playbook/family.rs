//! What can be said of playbooks only when all of them are seen together: those that run each other with `run_playbook`.
//!
//! One file can't tell whether the playbook that it names exists, acts, or leads back to itself. That is found out here,
//! while somebody writes, and not at night when the step's turn comes. It knows neither folders nor what serves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::codes;
use super::model::{Body, Playbook};
use crate::domain::lineage::DEPTH_MAX;
use crate::domain::{Mode, PlaybookName};
use crate::language::{Diagnostic, Source, suggest};

/// How many playbooks stand one below the other in the shortest family that is too deep.
const TOO_DEEP: usize = DEPTH_MAX as usize + 1;

/// Everything that is wrong or dangerous in how these playbooks run each other. `broken` are the names of files that did
/// not compile, with the files.
pub fn family<'p>(
    playbooks: impl Iterator<Item = &'p Playbook> + Clone,
    broken: &BTreeMap<PlaybookName, String>,
) -> Vec<Diagnostic> {
    let members: BTreeMap<&PlaybookName, &Playbook> = playbooks.clone().map(|one| (&one.name, one)).collect();
    let look = Look { members, broken };
    playbooks.flat_map(|playbook| look.at(playbook)).collect()
}

/// The names of the playbooks that a playbook's steps run, with the place of each.
fn children(playbook: &Playbook) -> impl Iterator<Item = (String, &PlaybookName)> {
    playbook.stages.iter().enumerate().flat_map(|(stage, of)| {
        of.steps.iter().enumerate().filter_map(move |(index, step)| match &step.body {
            Body::Action(action) => {
                let place = || format!("/stages/{stage}/steps/{index}/with/playbook");
                action.runs.as_ref().map(|name| (place(), name))
            }
            Body::Approval(_) | Body::Wait(_) => None,
        })
    })
}

/// The names of all playbooks that a run of this one may start, directly or in turn; `find` gives the playbook of a name.
pub fn descendants<'p>(
    playbook: &'p Playbook,
    find: impl Fn(&PlaybookName) -> Option<&'p Playbook>,
) -> BTreeSet<&'p PlaybookName> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&PlaybookName> = children(playbook).map(|(_, name)| name).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(find(name).into_iter().flat_map(children).map(|(_, name)| name));
        }
    }
    found
}

struct Look<'p> {
    members: BTreeMap<&'p PlaybookName, &'p Playbook>,
    broken: &'p BTreeMap<PlaybookName, String>,
}

impl<'p> Look<'p> {
    fn at(&self, playbook: &'p Playbook) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (pointer, child) in children(playbook) {
            found.extend(self.member(playbook, child).map(|diagnostic| (pointer, diagnostic)));
        }
        if let Some((pointer, diagnostic)) = self.depth(playbook) {
            found.push((pointer, diagnostic));
        }
        if found.is_empty() {
            return Vec::new();
        }
        let source = Source { name: playbook.file.clone(), text: playbook.text.to_string() };
        let places = crate::language::parse::<Value>(&source).ok().map(|(_, places)| places);
        let place = |pointer: &str| places.as_ref().and_then(|places| places.nearest(pointer));
        found.into_iter().map(|(pointer, diagnostic)| diagnostic.at(place(&pointer))).collect()
    }

    /// What is wrong with one step that runs a playbook.
    fn member(&self, playbook: &Playbook, child: &PlaybookName) -> Option<Diagnostic> {
        let error = |message: String| Diagnostic::error(codes::RUN_PLAYBOOK, &playbook.file, message);
        let Some(theirs) = self.members.get(child) else {
            if let Some(file) = self.broken.get(child) {
                let diagnostic = error(format!("the playbook `{child}` has faults itself, in {file}"));
                return Some(
                    diagnostic.hint("mend those first: what runs another playbook is only as good as that one"),
                );
            }
            return Some(error(format!("there is no playbook `{child}`")).hint(self.known(&playbook.name, child)));
        };
        if let Some(way) = self.way(&theirs.name, &playbook.name) {
            let names: Vec<&str> = std::iter::once(&playbook.name).chain(way).map(PlaybookName::as_str).collect();
            let message = format!("these playbooks would run each other without end: {}", names.join(" → "));
            return Some(error(message).hint("let one of them do those steps itself"));
        }
        let idle = playbook.mode == Mode::Enforce && theirs.mode == Mode::Observe;
        idle.then(|| {
            let message = format!("`{child}` only observes: this playbook acts, and what it runs here does nothing");
            let hint = format!("set `mode: enforce` in {} once its plans are as you want them", theirs.file);
            Diagnostic::warning(codes::CHILD_OBSERVES, &playbook.file, message).hint(hint)
        })
    }

    fn known(&self, own: &PlaybookName, wrong: &PlaybookName) -> String {
        let others = || self.members.keys().copied().filter(|name| *name != own).map(PlaybookName::as_str);
        if let Some(name) = suggest(wrong.as_str(), others()) {
            return format!("did you mean `{name}`?");
        }
        let names: Vec<&str> = others().collect();
        if names.is_empty() {
            return "no other playbook stands beside it: add one, or do its steps here".to_owned();
        }
        format!("known here: {}", names.join(", "))
    }

    /// The shortest way from one playbook to another along what they run, both included.
    fn way(&self, from: &'p PlaybookName, to: &PlaybookName) -> Option<Vec<&'p PlaybookName>> {
        let mut before: BTreeMap<&PlaybookName, Option<&'p PlaybookName>> = BTreeMap::from([(from, None)]);
        let mut open = VecDeque::from([from]);
        while let Some(name) = open.pop_front() {
            if name == to {
                let mut way = vec![name];
                while let Some(previous) = way.last().and_then(|last| before.get(last).copied().flatten()) {
                    way.push(previous);
                }
                way.reverse();
                return Some(way);
            }
            for (_, next) in self.members.get(name).copied().into_iter().flat_map(children) {
                if !before.contains_key(next) {
                    before.insert(next, Some(name));
                    open.push_back(next);
                }
            }
        }
        None
    }

    /// A family that is one deeper than it may be, at the step that leads into it. Whoever stands above is not told as well:
    /// it is mended together with this one.
    fn depth(&self, playbook: &'p Playbook) -> Option<(String, Diagnostic)> {
        let mut chain = Vec::new();
        if !self.reaches(&playbook.name, TOO_DEEP, &mut chain, &mut BTreeSet::new()) {
            return None;
        }
        let deeper = self.reaches(&playbook.name, TOO_DEEP + 1, &mut Vec::new(), &mut BTreeSet::new());
        let distinct: BTreeSet<_> = chain.iter().collect();
        if deeper || distinct.len() < chain.len() {
            return None;
        }
        let (pointer, _) = children(playbook).find(|(_, child)| Some(child) == chain.get(1))?;
        let names: Vec<&str> = chain.iter().map(|name| name.as_str()).collect();
        let message = format!("runs would start each other {TOO_DEEP} deep: {}", names.join(" → "));
        let hint = format!("at most {DEPTH_MAX} may stand one below the other: let one of them do those steps itself");
        Some((pointer, Diagnostic::error(codes::RUN_PLAYBOOK, &playbook.file, message).hint(hint)))
    }

    /// Whether so many playbooks stand one below the other from this one on; the first such chain. `dead` are names and
    /// lengths that were tried before, so that a wide family costs no more than its edges.
    fn reaches(
        &self,
        name: &'p PlaybookName,
        length: usize,
        chain: &mut Vec<&'p PlaybookName>,
        dead: &mut BTreeSet<(&'p PlaybookName, usize)>,
    ) -> bool {
        let Some(playbook) = self.members.get(name) else { return false };
        if dead.contains(&(name, length)) {
            return false;
        }
        chain.push(&playbook.name);
        if length <= 1 || children(playbook).any(|(_, child)| self.reaches(child, length - 1, chain, dead)) {
            return true;
        }
        chain.pop();
        dead.insert((name, length));
        false
    }
}

#[cfg(test)]
mod tests;
