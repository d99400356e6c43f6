//! What every handler may use. Cheap to clone; put together by the composition root.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use axum::http::HeaderName;

use crate::approval::Approvals;
use crate::domain::{Digest, PersonId};
use crate::engine::{Engine, Loaded};
use crate::guide::Guide;
use crate::intake::Intake;

use super::metrics::Metrics;

/// The reference, made when it is first asked for: it compiles every shipped playbook, and a start must not wait for that.
pub type Pages = Arc<LazyLock<Guide>>;

/// Who is behind a credential. Implemented by the configuration, which alone knows the credentials.
pub trait People: Send + Sync {
    /// The person whose API token this is; compared in constant time.
    fn by_token(&self, token: &str) -> Option<PersonId>;
    /// The person who acts as this user of the machine.
    fn by_uid(&self, uid: u32) -> Option<PersonId>;
}

/// How proxies ask the gate.
#[derive(Clone, Debug, Default)]
pub struct GateOptions {
    /// Digest of the bearer token of whoever asks; none where the configuration allows that.
    pub token: Option<Digest>,
    /// The header that names the agent; without it the path does.
    pub header: Option<HeaderName>,
}

/// Limits and the gate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The largest body of a delivery, in bytes, whatever the source allows.
    pub body_bytes_max: usize,
    /// How proxies ask the gate.
    pub gate: GateOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self { body_bytes_max: 1024 * 1024, gate: GateOptions::default() }
    }
}

/// What the last (re)load of the playbooks brought; nothing until the first.
#[derive(Debug, Default)]
pub struct LastLoad(ArcSwapOption<Loaded>);

impl LastLoad {
    /// Remembers a load.
    pub fn set(&self, loaded: Loaded) {
        self.0.store(Some(Arc::new(loaded)));
    }

    /// The last load.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Loaded>> {
        self.0.load_full()
    }
}

/// What every handler may use.
#[derive(Clone)]
pub struct WebState {
    /// Runs, agents and switches.
    pub engine: Engine,
    /// Where deliveries go.
    pub intake: Arc<Intake>,
    /// Where decisions go.
    pub approvals: Arc<Approvals>,
    /// Who is behind a credential.
    pub people: Arc<dyn People>,
    /// What the last load of the playbooks brought.
    pub last_load: Arc<LastLoad>,
    /// The reference documentation.
    pub guide: Pages,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Limits and the gate.
    pub options: Arc<Options>,
}
