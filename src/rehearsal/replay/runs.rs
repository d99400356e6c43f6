//! The runs of a replay that are not over: when each goes on by itself, and which one a further alert finds under way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use jiff::Timestamp;

use crate::domain::{AgentId, PlaybookName, RunId};
use crate::rehearsal::performance::Performance;

/// A run that is not over, with those that it started.
pub(super) struct Open {
    /// Which playbook.
    pub index: usize,
    /// The key of its incident.
    pub key: String,
    pub performance: Performance,
}

impl Open {
    /// What a further alert must be about to find it.
    fn place(&self) -> (String, usize, AgentId) {
        (self.key.clone(), self.index, self.performance.run.agent.id.clone())
    }
}

/// The runs that are not over.
#[derive(Default)]
pub(super) struct Runs {
    /// By their number.
    open: BTreeMap<usize, Open>,
    begun: usize,
    /// By the run that nobody started.
    firsts: HashMap<RunId, usize>,
    wakes: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The last run of an incident key and a playbook about an agent.
    last: HashMap<(String, usize, AgentId), usize>,
    /// Runs of an incident key that started others.
    parents: HashMap<String, BTreeSet<usize>>,
}

impl Runs {
    /// Adds a run; its number.
    pub fn add(&mut self, index: usize, key: String, performance: Performance) -> usize {
        let number = self.begun;
        self.begun += 1;
        self.firsts.insert(performance.first().run, number);
        let open = Open { index, key, performance };
        self.last.insert(open.place(), number);
        self.open.insert(number, open);
        number
    }

    /// A run that is not over, or has only just ended.
    pub fn get(&self, number: usize) -> Option<&Open> {
        self.open.get(&number)
    }

    /// The run that is not over and that leads a family, by the id of that run.
    pub fn of_first(&self, first: RunId) -> Option<(usize, &Open)> {
        let number = *self.firsts.get(&first)?;
        Some((number, self.open.get(&number)?))
    }

    /// A run that is not over.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut Performance> {
        self.open.get_mut(&number).map(|open| &mut open.performance)
    }

    /// The run of a playbook about an agent that is under way for an incident: the newest, whoever started it.
    pub fn under_way(
        &self,
        key: &str,
        index: usize,
        playbook: &PlaybookName,
        agent: &AgentId,
    ) -> Option<(usize, RunId)> {
        let last = self.last.get(&(key.to_owned(), index, agent.clone()));
        let parents = self.parents.get(key).into_iter().flatten();
        let members = last.into_iter().chain(parents).filter_map(|number| Some((*number, self.open.get(number)?)));
        let members =
            members.flat_map(|(number, open)| open.performance.family().into_iter().map(move |it| (number, it)));
        let fits = |performance: &Performance| {
            let run = &performance.run;
            !run.status.is_finished() && run.playbook == *playbook && run.agent.id == *agent
        };
        let found = members.filter(|(_, performance)| fits(performance));
        let newest = found.max_by_key(|(_, performance)| (performance.run.started_at, performance.run.id));
        newest.map(|(number, performance)| (number, performance.run.id))
    }

    /// The next run that goes on by itself until a time, and when; the same one until it has gone on.
    pub fn next_until(&mut self, until: Timestamp) -> Option<(Timestamp, usize)> {
        while let Some(Reverse((at, number))) = self.wakes.peek().copied().filter(|Reverse((at, _))| *at <= until) {
            // One that was told something meanwhile goes on at another time.
            if self.open.get(&number).is_some_and(|open| open.performance.next() == Some(at)) {
                return Some((at, number));
            }
            self.wakes.pop();
        }
        None
    }

    /// The next run goes on now: this waking is over.
    pub fn awake(&mut self) {
        self.wakes.pop();
    }

    /// Sees when a run goes on by itself. One that never does is taken out; one that waits for a person alone is not,
    /// because it may still be told of alerts.
    pub fn look_at(&mut self, number: usize) -> Option<Open> {
        let open = self.open.get(&number)?;
        let finished = open.performance.run.status.is_finished();
        if !finished
            && !open.performance.children.is_empty()
            && !self.parents.get(&open.key).is_some_and(|it| it.contains(&number))
        {
            self.parents.entry(open.key.clone()).or_default().insert(number);
        }
        if finished {
            self.forget(number);
        }
        let open = self.open.get(&number)?;
        if let Some(next) = open.performance.next() {
            self.wakes.push(Reverse((next, number)));
            return None;
        }
        if finished { self.remove(number) } else { None }
    }

    /// A run that no alert finds any more.
    fn forget(&mut self, number: usize) {
        let Some(open) = self.open.get(&number) else { return };
        let place = open.place();
        if self.last.get(&place) == Some(&number) {
            self.last.remove(&place);
        }
        if let Some(parents) = self.parents.get_mut(&open.key) {
            parents.remove(&number);
            if parents.is_empty() {
                self.parents.remove(&open.key);
            }
        }
    }

    /// Takes a run out.
    pub fn remove(&mut self, number: usize) -> Option<Open> {
        self.forget(number);
        let open = self.open.remove(&number)?;
        self.firsts.remove(&open.performance.first().run);
        Some(open)
    }

    /// Takes all runs out, in the order in which they began.
    pub fn take_all(&mut self) -> impl Iterator<Item = Open> + use<> {
        std::mem::take(&mut self.open).into_values()
    }
}
