//! The answers to the machine's questions: facts of this moment, looked up in memory, which become events.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::event::{GateSight, Grant};
use crate::domain::message::Via;
use crate::domain::{
    Actor, ApprovalId, EventKind, HoldId, Impact, Message, MessageId, MessageKind, PersonId, Principal, Run, StepPath,
};
use crate::machine::{Effect, Notice};
use crate::playbook::Playbook;
use crate::store::Row;

use super::authority::Authority;
use super::children::Wanted;
use super::draft::{Draft, hold_event};
use super::{Engine, SystemAlert, electorate, words};

impl Engine {
    /// Does what an effect asks for as far as it belongs to the commit, and answers it if it is a question.
    pub(super) fn answer(
        &self,
        playbook: &Playbook,
        draft: &mut Draft,
        effect: Effect,
        at: Timestamp,
    ) -> Option<EventKind> {
        match effect {
            Effect::Authorize { path, impact, approved } => {
                let grant = self.grant(playbook, draft, impact, approved, at);
                Some(EventKind::StepAuthorized { path, grant })
            }
            Effect::Ask { path, asked, cause: _ } => {
                let owner = draft.run.agent.owner.as_ref();
                let (people, quorums) = electorate::electorate(self.inventory().directory(), &asked, owner);
                Some(EventKind::ApprovalAsked { path, approval: ApprovalId::generate(at), people, quorums })
            }
            Effect::AskPeople { approval, people } => {
                let kind = MessageKind::ApprovalRequest { approval };
                self.post(draft, &people, &kind, at);
                None
            }
            Effect::Notify { path, notice } => {
                let people = self.people(&notice.to, draft.run.agent.owner.as_ref());
                let kind = MessageKind::Notice { subject: notice.subject, text: notice.text };
                let messages = self.post(draft, &people, &kind, at);
                Some(EventKind::Notified { path, people, messages })
            }
            Effect::Alarm(notice) => {
                self.alarm(draft, &notice, at);
                None
            }
            Effect::Begin { path } => self.begins(draft, path),
            Effect::Call(call) => {
                draft.calls.push(*call);
                None
            }
            Effect::PlaceHold(hold) => {
                draft.rows.push(Row::Hold(hold.clone()));
                draft.rows.push(hold_event(&hold, "hold_placed", at, Actor::System));
                draft.placed.push(*hold);
                None
            }
            Effect::LiftHold { hold, reason } => {
                self.lift(draft, hold, reason, at);
                None
            }
            Effect::StartChild { path, generation, playbook: name, agent } => {
                let wanted = Wanted { path, generation, playbook: &name, agent: &agent };
                Some(self.start_child(playbook, draft, wanted, at))
            }
            Effect::StopChild { run, reason } => {
                draft.stops.push((run, reason));
                None
            }
            Effect::Regressed { path, detail } => {
                self.regressed(draft, &path, &detail, at);
                None
            }
        }
    }

    /// Begins an attempt if a worker is free; otherwise it waits.
    fn begins(&self, draft: &mut Draft, path: StepPath) -> Option<EventKind> {
        if draft.permits.contains_key(&path) {
            return Some(EventKind::AttemptBegan { path });
        }
        draft.epoch?;
        // A step that ended leaves its worker to the next one of its run: runs that began are finished before others
        // begin, and the step begins in this very commit.
        let any = || self.inner.workers.clone().try_acquire_owned().ok();
        let may_begin = !self.is_frozen() && self.is_acting();
        let free = if may_begin { draft.spare_permit().or_else(any) } else { None };
        if let Some(permit) = free {
            draft.permits.insert(path.clone(), permit);
            return Some(EventKind::AttemptBegan { path });
        }
        draft.waiting.push(path);
        None
    }

    fn lift(&self, draft: &mut Draft, hold: HoldId, reason: String, at: Timestamp) {
        draft.rows.push(Row::HoldLifted { hold, at, by: Actor::System, reason });
        if let Some(known) = self.inner.holds.get(hold) {
            draft.rows.push(hold_event(&known, "hold_lifted", at, Actor::System));
        }
        draft.lifted.push(hold);
    }

    /// Something found undone: people are told in this commit, and an alert of our own follows it.
    fn regressed(&self, draft: &mut Draft, path: &StepPath, detail: &str, at: Timestamp) {
        let (title, notice) = words::regressed(&draft.run, path, detail);
        self.alarm(draft, &notice, at);
        draft.alerts.push(SystemAlert { rule: "regressed", agent: draft.run.agent.id.clone(), title });
    }

    /// Whether a step may act: protected agents, trust in the source, then the budgets.
    fn grant(&self, playbook: &Playbook, draft: &mut Draft, impact: Impact, approved: bool, at: Timestamp) -> Grant {
        let run = &draft.run;
        let standing = self.standing(&run.agent.id);
        let gate = GateSight { seen_at: self.inner.gate.seen_at(&run.agent.id), standing };
        let protected = self.inventory().agent(&run.agent.id).map_or(run.agent.protected, |agent| agent.protected);
        let authority =
            Authority { ledger: &self.inner.budget, contained_per_hour: self.options().contained_per_hour, protected };
        match authority.ask(playbook, run, impact, approved, at) {
            Ok(None) => {}
            Ok(Some(place)) => {
                draft.rows.extend(place.entry().map(|entry| Row::Containment {
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

    /// Everybody who may vote on a request now, by whom it asked.
    #[must_use]
    pub fn eligible(&self, run: &Run, approval: ApprovalId) -> BTreeSet<PersonId> {
        let Some(approval) = run.approvals.get(&approval) else { return BTreeSet::new() };
        electorate::eligible(self.inventory().directory(), approval, run.agent.owner.as_ref())
    }

    /// The people that principals mean now.
    fn people(&self, principals: &[Principal], owner: Option<&Principal>) -> BTreeSet<PersonId> {
        // An owner is asked only where an owner is meant; `exclude: [owner]` must not exclude the fallback owner.
        self.inventory().directory().resolve(principals, owner)
    }

    fn alarm(&self, draft: &mut Draft, notice: &Notice, at: Timestamp) {
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
