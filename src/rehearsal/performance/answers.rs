//! What a rehearsal answers the machine: the facts of its world, by the engine's own functions, and the script's calls.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::event::Grant;
use crate::domain::inheritance::Placer;
use crate::domain::{
    ApprovalCause, ApprovalId, Event, EventKind, Hold, HoldId, Impact, MessageId, PersonId, Run, RunId, StepPath,
};
use crate::engine::electorate::electorate;
use crate::engine::{Place as BudgetPlace, Request, SystemAlert, event_of, words};
use crate::machine::{Answers, Asked, Call, Electorate, Notice, Wanted};
use crate::rehearsal::place::Place;
use crate::rehearsal::script::Script;
use crate::rehearsal::world::World;

use super::{Due, Pending, Performance, Sent, SentKind};

/// Whoever answers for one run of a rehearsal.
pub(super) struct Answering<'a> {
    pub performance: &'a mut Performance,
    pub world: &'a mut World,
    pub script: &'a mut Script,
}

impl Answering<'_> {
    pub(super) fn tell(&mut self, notice: &Notice) -> BTreeSet<PersonId> {
        let owner = self.performance.run.agent.owner.as_ref();
        let people = self.world.inventory.directory().resolve(&notice.to, owner);
        let at = self.performance.at;
        self.performance.sent.extend(people.iter().map(|to| Sent {
            at,
            to: to.clone(),
            kind: SentKind::Notice,
            subject: notice.subject.clone(),
            text: notice.text.clone(),
        }));
        people
    }
}

impl Answers for Answering<'_> {
    fn run(&self) -> &Run {
        &self.performance.run
    }

    fn took(&mut self, run: Run, event: Event) {
        self.performance.run = run;
        self.performance.events.push(event);
    }

    fn grant(&mut self, impact: Impact, approved: bool) -> Grant {
        let Performance { run, playbook, at, .. } = &*self.performance;
        let gate = self.world.gate_sight(run, *at);
        match self.world.authority(run).ask(playbook, run, impact, approved, *at) {
            Ok(mut place) => {
                place.iter_mut().for_each(BudgetPlace::keep);
                Grant::Granted { gate }
            }
            Err(cause) => Grant::Withheld { cause },
        }
    }

    fn electorate(&mut self, path: &StepPath, cause: ApprovalCause, asked: &Asked) -> Electorate {
        let Performance { run, playbook, at, .. } = &*self.performance;
        let (people, quorums) = electorate(self.world.inventory.directory(), asked, run.agent.owner.as_ref());
        let approval = ApprovalId::generate(*at);
        let request = Request { playbook, run, path, cause, people: &people, approval, at: *at };
        let bundle = self.world.authority(run).bundle(&self.world.bundles, &request).map(|(bundle, mut seat)| {
            seat.keep();
            bundle
        });
        Electorate { approval, people, quorums, bundle }
    }

    fn notify(&mut self, notice: Notice) -> (BTreeSet<PersonId>, Vec<MessageId>) {
        let people = self.tell(&notice);
        let messages = people.iter().map(|_| MessageId::generate(self.performance.at)).collect();
        (people, messages)
    }

    fn has_worker(&mut self, _path: &StepPath) -> bool {
        true
    }

    /// Runs begin after everything that follows at once, as in the engine, where that is a commit of its own.
    fn start_child(&mut self, _wanted: Wanted) -> Option<Result<RunId, String>> {
        let at = self.performance.at;
        if !self.performance.pending.iter().any(|pending| matches!(pending.due, Due::Births)) {
            self.performance.pending.push(Pending { at, due: Due::Births });
        }
        None
    }

    fn ask(&mut self, approval: ApprovalId, people: BTreeSet<PersonId>) {
        let Performance { run, at, above, .. } = &*self.performance;
        let Some(approval) = run.approvals.get(&approval) else { return };
        let place = Place { above: above.clone(), path: approval.path.clone() };
        let sent = |to| Sent {
            at: *at,
            to,
            kind: SentKind::Request(place.clone()),
            subject: approval.ask.clone(),
            text: approval.ask.clone(),
        };
        let sent: Vec<Sent> = people.into_iter().map(sent).collect();
        self.performance.sent.extend(sent);
    }

    fn alarm(&mut self, notice: Notice) {
        self.tell(&notice);
    }

    fn call(&mut self, call: Call) {
        let Performance { playbook, above, at, .. } = &*self.performance;
        let reply = self.script.reply(playbook, above, &call, *at);
        let at = at.saturating_add(reply.after).unwrap_or(Timestamp::MAX);
        let kind = match reply.result {
            Some(result) => event_of(&call, result),
            None => EventKind::AttemptLost { path: call.path },
        };
        self.performance.pending.push(Pending { at, due: Due::Event(kind) });
    }

    fn place(&mut self, hold: Box<Hold>) {
        self.world.place_for(*hold, Placer::of(&self.performance.run), self.performance.cause());
    }

    fn lift(&mut self, hold: HoldId, _reason: String) {
        self.world.lift(&self.performance.run.agent.id, hold);
    }

    fn stop_child(&mut self, run: RunId, reason: String) {
        let at = self.performance.at;
        let Some(child) = self.performance.children.iter_mut().find(|child| child.run.id == run) else { return };
        child.be_at(at);
        let stopped = child.happen(self.world, self.script, EventKind::RunCancelled { reason });
        self.performance.broken = stopped.err().or(self.performance.broken.take());
    }

    fn regressed(&mut self, path: StepPath, detail: String) {
        let (_, notice) = words::regressed(&self.performance.run, &path, &detail);
        self.tell(&notice);
        let alert = SystemAlert::regressed(&self.performance.run, &path, &detail, self.performance.at);
        self.world.came(alert, self.performance.cause());
        self.performance.regressed.push(path);
    }
}
