//! One attempt at one message: whom it reaches now, what it says now, and how it went.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::channel::{Address, Channel, DeliveryError, Message as Outgoing};
use crate::domain::approval::ApprovalStatus;
use crate::domain::message::Via;
use crate::domain::{AgentId, Approval, ApprovalId, Digest, Message, MessageKind, RunId};
use crate::playbook::Playbook;
use crate::store::{Approvals, Commit, CommitError, QueuedMessage, ReadError, Row, RunLog, Writer};

use super::Delivery;
use super::containment::Containment;
use super::mint::{For, Minted, mint};
use super::request::{Request, Worded};
use super::several::Known;
use super::wording::Wording;

/// What became of an attempt.
pub(super) enum Fate {
    /// The channel took it.
    Sent,
    /// What it asks is decided or over.
    NoLongerNeeded,
    /// It failed; whether for good, and the token that must not stay good.
    Failed { reason: String, permanent: bool, token: Option<Digest> },
}

/// What became of a message could not be read or written; the message stays due.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A message in words, with the token that it carries, if any.
struct Ready {
    worded: Worded,
    token: Option<Digest>,
}

impl Delivery {
    /// Tries a message once and records what came of it.
    pub(super) async fn deliver(&self, queued: &QueuedMessage) -> Result<(), RecordError> {
        let fate = self.attempt(&queued.message).await?;
        self.record(queued, fate).await
    }

    async fn attempt(&self, message: &Message) -> Result<Fate, RecordError> {
        let (channel, address) = match self.reach(message) {
            Ok(reached) => reached,
            Err(reason) => return Ok(failed(reason, true)),
        };
        let ready = match &message.kind {
            MessageKind::Notice { subject, text } => {
                Ready { worded: Worded { subject: subject.clone(), text: text.clone(), html: None }, token: None }
            }
            MessageKind::ApprovalRequest { approval } => match self.request(message, *approval).await? {
                Ok(ready) => ready,
                Err(fate) => return Ok(fate),
            },
        };
        let Worded { subject, text, html } = ready.worded;
        let id = message.id.to_string();
        let outgoing = Outgoing { id, to: address, subject, text, html, at: message.created_at };
        Ok(match channel.send_at(&outgoing, self.engine.clock().now()).await {
            Ok(()) => Fate::Sent,
            Err(DeliveryError::Transient(reason)) => Fate::Failed { reason, permanent: false, token: ready.token },
            Err(DeliveryError::Permanent(reason)) => Fate::Failed { reason, permanent: true, token: ready.token },
        })
    }

    /// The channel and the person's address on it, as they are configured now.
    fn reach(&self, message: &Message) -> Result<(&Channel, Address), String> {
        let inventory = self.engine.inventory();
        let person = inventory.directory().people.get(&message.to);
        let person = person.ok_or_else(|| format!("{} is no longer configured as a person", message.to))?;
        match &message.via {
            Via::Email => {
                let channel = self.channels.email.as_ref().ok_or("no e-mail channel is configured")?;
                let address = person.email.clone().ok_or_else(|| format!("{} has no e-mail address", message.to))?;
                Ok((channel, Address::Email(address)))
            }
            Via::Webhook(name) => {
                let channel = self.channels.webhooks.get(name);
                let channel = channel.ok_or_else(|| format!("no webhook `{name}` is configured"))?;
                Ok((channel, Address::Webhook { name: name.clone() }))
            }
        }
    }

    /// A request in words with a fresh token that is on disk, or why it is not to be sent.
    async fn request(&self, message: &Message, id: ApprovalId) -> Result<Result<Ready, Fate>, RecordError> {
        let Some((run_id, approval)) = self.engine.store().approval(id).await? else {
            return Ok(Err(failed(format!("the request {id} does not exist"), true)));
        };
        let now = self.engine.clock().now();
        if approval.status != ApprovalStatus::Pending || now >= approval.deadline {
            return Ok(Err(Fate::NoLongerNeeded));
        }
        let target = For { approval: id, run: run_id, person: &message.to, message: message.id };
        let Minted { token, code, row } = match mint(&target, now) {
            Ok(minted) => minted,
            Err(error) => return Ok(Err(failed(error.to_string(), false))),
        };
        let Some(worded) = self.words(run_id, &approval, now, |request| request.worded(&token, &code)).await? else {
            return Ok(Err(failed(format!("the run {run_id} does not exist"), true)));
        };
        let digest = row.digest;
        let commit = Commit { guards: Vec::new(), rows: vec![Row::Token(Box::new(row))] };
        self.engine.store().commit(commit).await?;
        Ok(Ok(Ready { worded, token: Some(digest) }))
    }

    async fn words(
        &self,
        run: RunId,
        approval: &Approval,
        now: Timestamp,
        word: impl FnOnce(&Request<'_>) -> Worded,
    ) -> Result<Option<Worded>, ReadError> {
        let store = self.engine.store();
        let Some(run) = store.run(run).await? else { return Ok(None) };
        // Without its playbook a request can still be asked; only what follows the decision is left unsaid.
        let playbook = self.engine.library().pinned(store, &run.digest).await.ok();
        let known = self.waiting_with(approval, playbook.as_deref(), now).await?;
        let agents: BTreeSet<AgentId> = known.iter().map(|(agent, _)| agent.clone()).collect();
        let agents: Vec<AgentId> = agents.into_iter().collect();
        let wording = Wording::about(&run, approval, agents.len(), playbook.as_deref(), now);
        let seen_at = self.engine.gate().seen_at(&run.agent.id);
        let containment = &if agents.len() > 1 {
            Containment::of_several(known.iter().map(|(_, known)| known))
        } else {
            Containment::of(&run, approval, playbook.as_deref(), &wording, seen_at, now)
        };
        let public_url = &self.engine.options().public_url;
        let (agents, wording) = (agents.as_slice(), &wording);
        Ok(Some(word(&Request { run: &run, approval, agents, wording, containment, public_url, now })))
    }
}

impl Delivery {
    /// The agents of the requests that are decided together with this one, and what is known of each.
    async fn waiting_with(
        &self,
        approval: &Approval,
        playbook: Option<&Playbook>,
        now: Timestamp,
    ) -> Result<Vec<(AgentId, Known)>, ReadError> {
        let Some(bundle) = &approval.bundle else { return Ok(Vec::new()) };
        let all = self.engine.store().bundle(bundle.first).await?;
        let mut known = Vec::new();
        for other in all.iter().filter(|other| other.is_undecided(&all)) {
            let run = match self.engine.store().run(other.run).await {
                // One that can't be understood keeps nobody from hearing of the others.
                Ok(None) | Err(ReadError::Damaged { .. }) => continue,
                Ok(Some(run)) => run,
                Err(error) => return Err(error),
            };
            let seen_at = self.engine.gate().seen_at(&other.agent);
            known.push((other.agent.clone(), Known::of(&run, &other.approval, playbook, seen_at, now)));
        }
        Ok(known)
    }
}

const fn failed(reason: String, permanent: bool) -> Fate {
    Fate::Failed { reason, permanent, token: None }
}
