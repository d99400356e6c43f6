//! The list that one person decides about: which requests of a bundle they may decide with the proof that they give, as
//! they are shown and as they are decided.
//!
//! Page, count and vote ask the same question here, so that a button never promises more than the vote does. A page names
//! every request that it asks about, and says what is otherwise about it than about the first; so it asks about no more
//! than it can name, and the rest waits for the next look.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::domain::{Agent, Approval, Assurance, Listed, Listing, PersonId, Run};
use crate::engine::delivery::several::Known;
use crate::store::{BundledApproval, ReadError, RunLog as _};

use super::super::{Approvals, DecideError};
use super::Together;
use super::difference::{About, DIFFERENCE_CHARACTERS_MAX, difference};

/// Runs that are read at once.
const PARALLEL_MAX: usize = 16;

/// The most characters that names and differences take in what one decision is about.
const CHARACTERS_MAX: usize = 9_000;

/// One request of a list, with what a person must know of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The request.
    pub request: BundledApproval,
    /// Its agent, as its run knows it.
    pub agent: Arc<Agent>,
    /// What its alert says; untrusted.
    pub alert: String,
    /// What is done otherwise than for the first of the list.
    pub differs: Option<String>,
    /// What is known of its containment.
    pub known: Known,
}

impl Entry {
    /// The request with what its run says.
    #[must_use]
    pub fn of(request: BundledApproval, run: &Run, known: Known) -> Self {
        let (agent, alert) = (run.agent.clone(), run.alert.title.clone());
        Self { request, agent, alert, differs: None, known }
    }

    fn about(&self) -> About<'_> {
        About { run: self.request.run, agent: &self.agent, plan: &self.request.approval.plan }
    }
}

/// The requests of a bundle that are decided about at once.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// These, the one that waits longest first.
    pub entries: Vec<Entry>,
    /// How many more this person may decide about, once these are decided.
    pub later: usize,
    /// How many wait for somebody else, or for more proof.
    pub barred: usize,
}

impl List {
    /// What a decision about all of it is bound to.
    #[must_use]
    pub fn listing(&self) -> Listing {
        Listing::of(self.approvals())
    }

    /// How many agents it is about: two requests may be about one.
    #[must_use]
    pub fn agents(&self) -> usize {
        self.entries.iter().map(|entry| &entry.request.agent).collect::<BTreeSet<_>>().len()
    }

    /// The requests that a person was shown besides the first, if the list still begins with what they were shown.
    pub(in crate::approval) fn others(&self, listing: &Listing) -> Result<Vec<Listed>, DecideError> {
        let shown = || self.approvals().take(listing.count);
        if listing.count == 0 || Listing::of(shown()) != *listing {
            return Err(DecideError::ListChanged);
        }
        Ok(shown().skip(1).map(Listed::from).collect())
    }

    /// As much of it, from its beginning, as a page can name.
    #[must_use]
    pub(in crate::approval) fn shortened(mut self) -> Self {
        let mut characters = 0;
        let fits = self.entries.iter().take_while(|entry| {
            characters += entry.request.agent.as_str().len() + 2;
            characters += entry.differs.as_ref().map_or(0, |differs| differs.chars().count() + 60);
            characters <= CHARACTERS_MAX
        });
        // One can always be named.
        let count = fits.count().max(1).min(self.entries.len());
        self.later += self.entries.len() - count;
        self.entries.truncate(count);
        self
    }

    fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.entries.iter().map(|entry| &entry.request.approval)
    }

    fn compared(mut self) -> Self {
        let Some(first) = self.entries.first().cloned() else { return self };
        for entry in self.entries.iter_mut().skip(1) {
            entry.differs = difference(entry.about(), first.about());
        }
        self
    }
}

impl Approvals {
    /// The requests of a bundle that wait, and about which this person may decide with this proof.
    pub async fn list(&self, together: &Together, person: &PersonId, assurance: Assurance) -> Result<List, ReadError> {
        let asked = |request: &&BundledApproval| {
            let approval = &request.approval;
            approval.people.contains(person) && approval.identity <= assurance && approval.votes.is_empty()
        };
        let waiting = together.waiting().count();
        let entries = self.entries(together.waiting().filter(asked).cloned().collect(), Some(person)).await?;
        let barred = waiting - entries.len();
        Ok(List { entries, later: 0, barred }.compared())
    }

    /// The requests that a decision was about, without a question of who may decide.
    pub(in crate::approval) async fn decided(
        &self,
        together: &Together,
        approval: &Approval,
    ) -> Result<List, ReadError> {
        let requests = together.about(approval).into_iter().cloned().collect();
        Ok(List { entries: self.entries(requests, None).await?, later: 0, barred: 0 }.compared())
    }

    /// The requests with their runs: of a person only those about which they may decide now.
    async fn entries(
        &self,
        requests: Vec<BundledApproval>,
        person: Option<&PersonId>,
    ) -> Result<Vec<Entry>, ReadError> {
        let engine = &self.engine;
        let read = stream::iter(requests).map(|request| async move {
            let run = match engine.store().run(request.run).await {
                // One that can't be understood keeps nobody from deciding about the others.
                Ok(None) | Err(ReadError::Damaged { .. }) => return Ok(None),
                Ok(Some(run)) => run,
                Err(error) => return Err(error),
            };
            // Somebody may have left the group since they were asked.
            let eligible = |person| engine.eligible(&run, request.approval.id).contains(person);
            if !person.is_none_or(eligible) {
                return Ok(None);
            }
            let seen_at = engine.gate().seen_at(&run.agent.id);
            let known = Known::of(&run, &request.approval, None, seen_at, engine.clock().now());
            Ok(Some(Entry::of(request, &run, known)))
        });
        let read: Vec<Option<Entry>> = read.buffered(PARALLEL_MAX).try_collect().await?;
        Ok(read.into_iter().flatten().collect())
    }
}

const _: () = assert!(DIFFERENCE_CHARACTERS_MAX < CHARACTERS_MAX, "one difference can always be shown");
