//! The answers to the machine's questions: facts of this moment, looked up in memory, which become events.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::event::{GateSight, Grant};
use crate::domain::message::Via;
use crate::domain::{
    Actor, Approval, ApprovalCause, ApprovalId, Event, Hold, HoldId, Impact, Message, MessageId, MessageKind, PersonId,
    Principal, Run, RunId, StepPath,
};
use crate::machine::{Answers, Asked, Call, Electorate, Notice, Wanted, escalates_to};
use crate::playbook::Playbook;
use crate::store::Row;

use super::authority::{Authority, Request};
use super::draft::{Draft, hold_event};
use super::{Engine, SystemAlert, electorate, words};

/// Whoever answers for a draft: the engine, at one moment.
pub(super) struct Facts<'a> {
    pub engine: &'a Engine,
    /// The playbook of the draft's run.
    pub playbook: &'a Playbook,
    pub draft: &'a mut Draft,
    pub at: Timestamp,
}

impl Answers for Facts<'_> {
    fn run(&self) -> &Run {
        &self.draft.run
    }

    fn took(&mut self, run: Run, event: Event) {
        self.draft.run = run;
        self.draft.events.push(event);
    }

    fn grant(&mut self, impact: Impact, approved: bool) -> Grant {
        self.engine.grant(self.playbook, self.draft, impact, approved, self.at)
    }

    fn electorate(&mut self, path: &StepPath, cause: ApprovalCause, asked: &Asked) -> Electorate {
        let run = &self.draft.run;
        let (people, quorums) =
            electorate::electorate(self.engine.inventory().directory(), asked, run.agent.owner.as_ref());
        let approval = ApprovalId::generate(self.at);
        let request = Request { playbook: self.playbook, run, path, cause, people: &people, approval, at: self.at };
        let joined = self.engine.authority(run).bundle(&self.engine.inner.bundles, &request);
        let bundle = joined.map(|(bundle, seat)| {
            self.draft.seats.push(seat);
            bundle
        });
        Electorate { approval, people, quorums, bundle }
    }

    fn notify(&mut self, notice: Notice) -> (BTreeSet<PersonId>, Vec<MessageId>) {
        let people = self.engine.people(&notice.to, self.draft.run.agent.owner.as_ref());
        let kind = MessageKind::Notice { subject: notice.subject, text: notice.text };
        let messages = self.engine.post(self.draft, &people, &kind, self.at);
        (people, messages)
    }

    fn has_worker(&mut self, path: &StepPath) -> bool {
        self.engine.begins(self.draft, path)
    }

    fn start_child(&mut self, _wanted: Wanted) -> Option<Result<RunId, String>> {
        self.draft.bears = true;
        None
    }

    fn ask(&mut self, approval: ApprovalId, people: BTreeSet<PersonId>) {
        self.engine.post(self.draft, &people, &MessageKind::ApprovalRequest { approval }, self.at);
    }

    fn alarm(&mut self, notice: Notice) {
        self.engine.alarm(self.draft, &notice, self.at);
    }

    fn call(&mut self, call: Call) {
        self.draft.calls.push(call);
    }

    fn place(&mut self, hold: Box<Hold>) {
        self.draft.rows.push(Row::Hold(hold.clone()));
        self.draft.rows.push(hold_event(&hold, "hold_placed", self.at, Actor::System));
        self.draft.placed.push(*hold);
    }

    fn lift(&mut self, hold: HoldId, reason: String) {
        self.engine.lift(self.draft, hold, reason, self.at);
    }

    fn stop_child(&mut self, run: RunId, reason: String) {
        self.draft.stops.push((run, reason));
    }

    fn regressed(&mut self, path: StepPath, detail: String) {
        self.engine.regressed(self.draft, &path, &detail, self.at);
    }
}

impl Engine {
    /// Whether a worker is free for an attempt, which begins with it; otherwise it waits.
    fn begins(&self, draft: &mut Draft, path: &StepPath) -> bool {
        if draft.permits.contains_key(path) {
            return true;
        }
        if draft.epoch.is_none() {
            return false;
        }
        // A step that ended leaves its worker to the next one of its run: runs that began are finished before others
        // begin, and the step begins in this very commit.
        let any = || self.inner.workers.clone().try_acquire_owned().ok();
        let may_begin = !self.is_frozen() && self.is_acting();
        let free = if may_begin { draft.spare_permit().or_else(any) } else { None };
        if let Some(permit) = free {
            draft.permits.insert(path.clone(), permit);
            return true;
        }
        draft.waiting.push(path.clone());
        false
    }

    fn lift(&self, draft: &mut Draft, hold: HoldId, reason: String, at: Timestamp) {
        draft.rows.push(Row::HoldLifted { hold, at, by: Actor::System, reason });
        if let Some(known) = self.inner.holds.get(hold) {
            draft.rows.push(hold_event(&known, "hold_lifted", at, Actor::System));
        }
        draft.lifted.push(hold);
    }

    /// Something found undone: people are told in this commit, which keeps an alert of our own until it is taken.
    fn regressed(&self, draft: &mut Draft, path: &StepPath, detail: &str, at: Timestamp) {
        let (_, notice) = words::regressed(&draft.run, path, detail);
        self.alarm(draft, &notice, at);
        let alert = SystemAlert::regressed(&draft.run, path, detail, at);
        draft.rows.push(alert.row());
        draft.alerts.push(alert);
    }

    /// Whether a step may act: protected agents, trust in the source, then the budgets.
    fn grant(&self, playbook: &Playbook, draft: &mut Draft, impact: Impact, approved: bool, at: Timestamp) -> Grant {
        let run = &draft.run;
        let standing = self.standing(&run.agent.id);
        let gate = GateSight { seen_at: self.inner.gate.seen_at(&run.agent.id), standing };
        match self.authority(run).ask(playbook, run, impact, approved, at) {
            Ok(None) => {}
            Ok(Some(place)) => {
                draft.rows.extend(place.records().iter().map(|entry| Row::Containment {
                    agent: entry.agent.clone(),
                    run: entry.run,
                    playbook: entry.playbook.clone(),
                    at,
                }));
                draft.places.push(place);
            }
            Err(cause) => return Grant::Withheld { cause },
        }
        Grant::Granted { gate }
    }

    fn authority(&self, run: &Run) -> Authority<'_> {
        let protected = self.inventory().agent(&run.agent.id).map_or(run.agent.protected, |agent| agent.protected);
        Authority { ledger: &self.inner.budget, contained_per_hour: self.options().contained_per_hour, protected }
    }

    /// Everybody who may vote on a request now, by whom it asked.
    #[must_use]
    pub fn eligible(&self, run: &Run, approval: ApprovalId) -> BTreeSet<PersonId> {
        let Some(approval) = run.approvals.get(&approval) else { return BTreeSet::new() };
        electorate::eligible(self.inventory().directory(), approval, run.agent.owner.as_ref())
    }

    /// Whether an escalation of a request would reach anybody who was not asked before.
    #[must_use]
    pub fn can_ask_more(&self, playbook: &Playbook, run: &Run, approval: &Approval) -> bool {
        let (inventory, more) = (self.inventory(), escalates_to(playbook, run, approval));
        !electorate::not_asked_yet(inventory.directory(), &more, approval, run.agent.owner.as_ref()).is_empty()
    }

    /// The people that principals mean now.
    fn people(&self, principals: &[Principal], owner: Option<&Principal>) -> BTreeSet<PersonId> {
        // An owner is asked only where an owner is meant; `exclude: [owner]` must not exclude the fallback owner.
        self.inventory().directory().resolve(principals, owner)
    }

    pub(super) fn alarm(&self, draft: &mut Draft, notice: &Notice, at: Timestamp) {
        let people = self.people(&notice.to, draft.run.agent.owner.as_ref());
        let kind = MessageKind::Notice { subject: notice.subject.clone(), text: notice.text.clone() };
        self.post(draft, &people, &kind, at);
    }

    fn post(
        &self,
        draft: &mut Draft,
        people: &BTreeSet<PersonId>,
        kind: &MessageKind,
        at: Timestamp,
    ) -> Vec<MessageId> {
        let messages = self.messages(people, kind, Some(&draft.run), at);
        let ids = messages.iter().map(|message| message.id).collect();
        draft.posts |= !messages.is_empty();
        draft.rows.extend(messages.into_iter().map(|message| Row::Message(Box::new(message))));
        ids
    }

    /// One message a person and channel. Who can't be reached is logged: a person must look.
    pub fn messages(
        &self,
        people: &BTreeSet<PersonId>,
        kind: &MessageKind,
        run: Option<&Run>,
        at: Timestamp,
    ) -> Vec<Message> {
        let inventory = self.inventory();
        let reach = &self.options().reach;
        let mut messages = Vec::new();
        for id in people {
            let Some(person) = inventory.directory().people.get(id) else { continue };
            let email = person.email.as_ref().filter(|_| reach.email).map(|_| Via::Email);
            let webhook = person.webhook.as_ref().filter(|name| reach.webhooks.contains(*name));
            let channels: Vec<Via> = email.into_iter().chain(webhook.cloned().map(Via::Webhook)).collect();
            if channels.is_empty() {
                tracing::error!(person.id = %id, "nobody can reach this person: give them an e-mail address or a webhook");
            }
            messages.extend(channels.into_iter().map(|via| Message {
                id: MessageId::generate(at),
                to: id.clone(),
                via,
                run: run.map(|run| run.id),
                incident: run.map(|run| run.incident),
                kind: kind.clone(),
                created_at: at,
            }));
        }
        messages
    }
}
