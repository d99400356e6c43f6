//! Deciding: by a link and its code, or by a person whom the API knows.

use std::net::IpAddr;

use aws_lc_rs::constant_time;

use crate::domain::approval::Choice;
use crate::domain::{ApprovalId, Assurance, Digest, Listing, PersonId};
use crate::store::{Approvals as _, RunLog as _, Token};

use super::link::{Link, NoLink};
use super::receipt::ReceiptLink;
use super::together::Head;
use super::vote::Ballot;
use super::{Approvals, DecideError, LANES, Receipt};

/// The digits of a code.
const CODE_DIGITS: usize = 4;

/// What a person entered on the page of a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    /// Yes or no.
    pub choice: Choice,
    /// Why, in their words.
    pub reason: String,
    /// The code of the message's subject.
    pub code: String,
    /// The plan that they saw.
    pub plan: Digest,
    /// The list that they saw, where several requests are decided together.
    pub listing: Option<Listing>,
}

/// The decision of a person who has proven who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub choice: Choice,
    /// Why, in their words.
    pub reason: String,
    /// The plan that they saw.
    pub plan: Digest,
    /// The list that they decide about; `None` if it is one request alone.
    pub listing: Option<Listing>,
}

impl Approvals {
    /// Takes the decision of whoever holds a link and its code.
    pub async fn decide_by_link(
        &self,
        token: &str,
        address: IpAddr,
        submission: Submission,
    ) -> Result<Receipt, DecideError> {
        let Submission { choice, reason, code, plan, listing } = submission;
        let row = self.proven(token, address, &code, Some(&reason)).await?;
        let head = self.head(&row).await?.ok_or(DecideError::NotFound)?;
        let (run, approval, person, assurance) = (head.run, head.approval.id, &row.person, Assurance::Link);
        let others = match head.list {
            // A page names its list; a form that names none is of no page that stands.
            Some(list) => list.others(&listing.ok_or(DecideError::ListChanged)?)?,
            None => Vec::new(),
        };
        let status =
            self.cast(Ballot { run, approval, person, choice, reason: &reason, plan, assurance, others }).await?;
        let link = Some(ReceiptLink::of(&row).to_string());
        Ok(Receipt { approval, person: row.person, status, link })
    }

    /// Takes the decision of a person whom a token of theirs, or the local socket, has proven.
    pub async fn decide_by_person(
        &self,
        approval: ApprovalId,
        person: &PersonId,
        verdict: Answer,
        assurance: Assurance,
    ) -> Result<Receipt, DecideError> {
        let Answer { choice, reason, plan, listing } = verdict;
        let (run, known) = self.engine.store().approval(approval).await?.ok_or(DecideError::NotFound)?;
        self.check_open(&known)?;
        Self::check_reason(&known, &reason)?;
        let others = match listing {
            Some(listing) => {
                let together = self.together(&known).await?.ok_or(DecideError::ListChanged)?;
                let list = self.list(&together, person, assurance).await?;
                if list.entries.first().is_none_or(|first| first.request.approval.id != approval) {
                    return Err(DecideError::ListChanged);
                }
                list.others(&listing)?
            }
            None => Vec::new(),
        };
        let reason = reason.as_str();
        let status = self.cast(Ballot { run, approval, person, choice, reason, plan, assurance, others }).await?;
        Ok(Receipt { approval, person: person.clone(), status, link: None })
    }

    /// The row of a link whose holder has given its code too. Only incomplete tries are counted here, by link and
    /// address: whoever has the code is never kept out by somebody who has only the link.
    pub(super) async fn proven(
        &self,
        token: &str,
        address: IpAddr,
        code: &str,
        reason: Option<&str>,
    ) -> Result<Token, DecideError> {
        let digest = Digest::of(token.as_bytes());
        let lane = usize::from(digest.as_bytes().first().copied().unwrap_or_default()) % LANES;
        let _turn = match self.lanes.get(lane) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        };
        let link = self.link(token, address).await?;
        match self.check(&link, code, reason).await {
            Ok(()) => Ok(link.row),
            Err(incomplete) if incomplete.is_incomplete() && self.tries_too_often(digest, address) => {
                Err(DecideError::TooMany)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the entry is whole and its code right; an escalation has no reason to check. What is missing is said
    /// before the code is looked at, so that an incomplete entry can't be used to try codes.
    async fn check(&self, link: &Link, code: &str, reason: Option<&str>) -> Result<(), DecideError> {
        let Head { run, approval, .. } = self.head(&link.row).await?.ok_or(DecideError::NotFound)?;
        self.check_open(&approval)?;
        let reason = reason.map_or(Ok(()), |reason| Self::check_reason(&approval, reason));
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != CODE_DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DecideError::CodeMissing { reason_missing: reason == Err(DecideError::ReasonMissing) });
        }
        reason?;
        let given = link.token.code_digest(&code);
        if constant_time::verify_slices_are_equal(given.as_bytes(), link.row.code.as_bytes()).is_ok() {
            return Ok(());
        }
        let run = self.engine.store().run(run).await?.ok_or(DecideError::NotFound)?;
        Err(self.wrong_code(&link.row, &run, &approval).await?)
    }
}

impl From<NoLink> for DecideError {
    fn from(none: NoLink) -> Self {
        match none {
            NoLink::Unknown => Self::NotFound,
            NoLink::TooMany => Self::TooMany,
            NoLink::Read(error) => error.into(),
        }
    }
}
