//! The only performer of effects: it starts runs, submits events to them, calls what is outside, and recovers.
//!
//! **Architecture invariant:** a run changes by one door, [`Engine::submit`] (its first event by [`Engine::prepare`]):
//! load, ask the machine, answer its questions, commit, and only then act. What is committed decides; memory (the gate's
//! map, the budget's ledger, the set of live attempts) follows the commit. Nothing here knows HTTP or pages.
//!
//! **Architecture invariant:** nothing is performed for a run without a claim to it. What only its owner may say is
//! committed under [`Guard::Claim`](crate::store::Guard::Claim); what is heard after the claim was lost changes nothing.

mod act;
pub mod authority;
mod births;
mod brief;
mod budget;
mod bundles;
pub mod children;
pub mod delivery;
mod draft;
pub mod electorate;
mod facts;
mod freeze;
pub mod gate;
mod history;
mod holds;
mod incidents;
mod inheritance;
pub mod inspection;
pub mod inventory;
mod known;
mod late;
mod lift;
mod live;
mod locks;
mod options;
mod own_alert;
pub mod playbooks;
mod recovery;
mod restored;
pub mod retention;
mod shared;
mod start;
mod submit;
mod supervisor;
mod takeover;
mod tell;
mod tenure;
mod timers;
pub mod words;
mod worker;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use authority::{Authority, Request};
pub use budget::{Ledger, Place};
pub use bundles::{Alike, Bundles, Carried, Seat, window};
pub use delivery::Delivery;
pub use freeze::Freeze;
pub use gate::{Gate, GateAnswer};
pub use history::RunHistory;
pub use holds::{HoldError, HoldRequest, asks_about};
pub use incidents::CloseError;
pub use inspection::{Fault, Inspection, inspect};
pub use inventory::Inventory;
pub use options::{Options, Reach};
pub use own_alert::{HOLD_ENDED, REGRESSED, SystemAlert};
pub use playbooks::{Cause, Library, Loaded, Occasion, PlaybookChange, PlaybookRefusal};
pub use restored::{RestoredError, RestoredState, settle_restored};
pub use retention::{Ages, Forgotten};
pub use start::{StartError, StartRequest, Started};
pub use submit::SubmitError;
pub use supervisor::Supervisor;
pub use takeover::{ReleaseError, TAKEOVERS_MAX};
pub use tell::Told;
pub use worker::{Performer, event_of};

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::clock::{Clock, SharedClock};
use crate::domain::{RunId, StepPath};
use crate::store::Store;

/// How many runs are remembered with the family that they belong to.
const FAMILIES_MAX: u64 = 65_536;

/// What the engine works with; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    store: Store,
    clock: SharedClock,
    performer: Arc<dyn Performer>,
    library: Arc<Library>,
    inventory: ArcSwap<Inventory>,
    gate: Arc<Gate>,
    holds: holds::Book,
    refreshing: std::sync::Mutex<()>,
    budget: Arc<budget::Ledger>,
    bundles: Arc<Bundles>,
    /// Rung when requests of a bundle may wait without a person who knows of them.
    unbundled: Notify,
    freeze: freeze::Switch,
    options: Options,
    supervisor: Supervisor,
    workers: Arc<Semaphore>,
    live: live::Live,
    known: known::Known,
    tenure: tenure::Tenure,
    waiting: mpsc::UnboundedSender<(RunId, StepPath)>,
    /// Turns of runs, and apart from them turns of incident keys: whoever has a turn of a key may wait for one of a run.
    locks: locks::KeyedLocks,
    turns: locks::KeyedLocks,
    /// Turns of families, by their first runs: whoever has a turn of a run may wait for one of its family.
    family_turns: locks::KeyedLocks,
    /// The first run of the family that a run belongs to, which never changes.
    families: moka::sync::Cache<RunId, RunId>,
    /// Families that are full, by their first runs, with the playbooks whose owners were told of it.
    full_families: moka::sync::Cache<(RunId, crate::domain::PlaybookName), ()>,
    wake: timers::Wake,
    posted: Notify,
    forgotten: retention::Tally,
    system_alerts: mpsc::UnboundedSender<SystemAlert>,
    #[cfg_attr(not(test), expect(dead_code, reason = "it has a use in the tests alone"))]
    passage: write::Passage,
}

/// What [`Engine::build`] puts together.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// What calls the world outside.
    pub performer: Arc<dyn Performer>,
    /// The playbooks.
    pub library: Arc<Library>,
    /// Agents and people.
    pub inventory: Inventory,
    /// The gate.
    pub gate: Arc<Gate>,
    /// Limits and addresses.
    pub options: Options,
    /// Who waits for tasks at a stop.
    pub supervisor: Supervisor,
    /// Where alerts of our own go.
    pub system_alerts: mpsc::UnboundedSender<SystemAlert>,
}

impl Engine {
    /// The engine over its parts, with holds, budgets and switches read back from the store. Nothing runs yet:
    /// [`Engine::run`] starts its loops.
    pub async fn build(parts: Parts) -> Result<(Self, Loops), crate::store::ReadError> {
        use crate::store::Agents;
        let (now, lease) = (parts.clock.now(), parts.store.lease());
        let began = std::time::Instant::now();
        let holds = holds::Book::new(parts.store.holds().await?);
        if parts.store.is_shared() {
            parts.gate.grows_old_from(began);
        }
        let since = now.saturating_sub(budget::WINDOW_MAX).unwrap_or(now);
        let budget = Arc::new(budget::Ledger::read(parts.store.containments(since).await?, |agent| {
            parts.inventory.agent(agent).is_some()
        }));
        let freeze = freeze::Switch::new(parts.store.setting(freeze::SETTING).await?);
        parts.gate.restore(parts.store.gate_sightings().await?);
        let (waiting, queue) = mpsc::unbounded_channel();
        let inner = Inner {
            workers: Arc::new(Semaphore::new(parts.options.workers)),
            store: parts.store,
            clock: parts.clock,
            performer: parts.performer,
            library: parts.library,
            inventory: ArcSwap::from_pointee(parts.inventory),
            gate: parts.gate,
            holds,
            refreshing: std::sync::Mutex::default(),
            budget,
            bundles: Arc::default(),
            unbundled: Notify::new(),
            freeze,
            options: parts.options,
            supervisor: parts.supervisor,
            live: live::Live::default(),
            known: known::Known::default(),
            tenure: tenure::Tenure::new(lease),
            waiting,
            locks: locks::KeyedLocks::default(),
            turns: locks::KeyedLocks::default(),
            family_turns: locks::KeyedLocks::default(),
            families: moka::sync::Cache::new(FAMILIES_MAX),
            full_families: moka::sync::Cache::new(FAMILIES_MAX),
            wake: timers::Wake::default(),
            posted: Notify::new(),
            forgotten: retention::Tally::default(),
            system_alerts: parts.system_alerts,
            passage: write::Passage::default(),
        };
        let engine = Self { inner: Arc::new(inner) };
        engine.refresh_gate();
        Ok((engine, Loops { queue }))
    }

    /// Starts the loops: workers' queue, timers, recovery, the gate's sightings. They end with the supervisor.
    pub fn run(&self, loops: Loops) {
        let supervisor = &self.inner.supervisor;
        supervisor.spawn_to_the_end("heartbeat", self.clone().keep_beating());
        supervisor.spawn("starter", self.clone().start_waiting(loops.queue));
        supervisor.keep("timers", looped(self.clone(), Self::keep_time));
        supervisor.keep("recovery", looped(self.clone(), Self::reconcile_forever));
        supervisor.keep("bundles", looped(self.clone(), Self::keep_bundles_forever));
        supervisor.keep("listener", looped(self.clone(), Self::listen));
        if self.inner.store.is_shared() {
            supervisor.keep("rereading", looped(self.clone(), Self::keep_reading));
        }
        supervisor.keep("gate-sightings", looped(self.clone(), Self::keep_sightings));
        supervisor.keep("retention", looped(self.clone(), Self::forget_forever));
    }

    /// Where everything is kept.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }

    /// Agents and people, as they are now.
    #[must_use]
    pub fn inventory(&self) -> Arc<Inventory> {
        self.inner.inventory.load_full()
    }

    /// Replaces agents and people.
    pub fn set_inventory(&self, inventory: Inventory) {
        self.inner.inventory.store(Arc::new(inventory));
        self.refresh_gate();
    }

    /// The playbooks that serve.
    #[must_use]
    pub fn library(&self) -> &Arc<Library> {
        &self.inner.library
    }

    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.inner.gate
    }

    /// Limits and addresses.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// Who waits for tasks at a stop.
    #[must_use]
    pub fn supervisor(&self) -> &Supervisor {
        &self.inner.supervisor
    }

    /// Becomes ready whenever a message was put into the outbox.
    pub async fn posted(&self) {
        self.inner.posted.notified().await;
    }
}

/// A loop of the engine, as often as it must be begun.
fn looped<F>(engine: Engine, task: impl Fn(Engine) -> F) -> impl Fn() -> F {
    move || task(engine.clone())
}

/// What the loops of an engine need and only they have.
pub struct Loops {
    queue: mpsc::UnboundedReceiver<(RunId, StepPath)>,
}
