//! The composition root: from a configuration to a running daemon, and from a stop to a closed store.
//!
//! It alone knows every room. Nothing is decided here; what fails here fails before the daemon answers anybody.

mod guide;
mod parts;
mod reload;
mod watch;

pub use guide::{CODES, guide};
pub use reload::Reload;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use tokio::sync::mpsc;

use crate::approval::{Approvals, Limits};
use crate::client::{Secrets, SystemSecrets};
use crate::clock::{SharedClock, SystemClock};
use crate::config::Configuration;
use crate::engine::{Delivery, Engine, Gate, Loaded, Supervisor, SystemAlert};
use crate::intake::Intake;
use crate::language::Diagnostic;
use crate::store::{Password, Store, StoreOptions};
use crate::web::{self, LastLoad, WebState};

/// What a daemon takes from its surroundings; tests and the demo bring their own.
pub struct Surroundings {
    /// The time.
    pub clock: SharedClock,
    /// Where secrets are read.
    pub secrets: Arc<dyn Secrets>,
    /// Reads the configuration again, for the approvals that playbooks use; none keeps those of the start.
    pub configuration: Option<Reread>,
}

/// Reads a configuration again, as it is by now.
pub type Reread = Arc<dyn Fn() -> Result<Configuration, Vec<Diagnostic>> + Send + Sync>;

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), secrets: Arc::new(SystemSecrets), configuration: None }
    }
}

/// Why a daemon can't start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration names what can't be had; every fault with its place.
    #[error("failed to start: the configuration has {} faults", .0.len())]
    Configuration(Vec<Diagnostic>),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] crate::store::OpenError),
    /// The store can't be read.
    #[error(transparent)]
    Read(#[from] crate::store::ReadError),
    /// The playbooks can't be stored.
    #[error(transparent)]
    Playbooks(#[from] crate::engine::playbooks::LoadError),
    /// The address can't be had.
    #[error("failed to listen at {address}: {source}; stop whatever listens there, or set another `listen:`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The socket can't be had.
    #[error(transparent)]
    Socket(#[from] web::listen::SocketError),
}

/// A daemon that is ready to run.
pub struct Application {
    listener: TcpListener,
    local_addr: SocketAddr,
    socket: Option<web::listen::LocalSocket>,
    router: Router,
    engine: Engine,
    loops: crate::engine::Loops,
    delivery: Delivery,
    intake: Arc<Intake>,
    system_alerts: mpsc::UnboundedReceiver<SystemAlert>,
    reloader: reload::Reloader,
    store: Store,
    drain: Duration,
    loaded: Loaded,
}

impl Application {
    /// Puts a daemon together. It listens already, but answers nobody before [`Application::run_until_stopped`].
    pub async fn build(configuration: Configuration, surroundings: Surroundings) -> Result<Self, BuildError> {
        let Surroundings { clock, secrets, configuration: reread } = surroundings;
        let faults = configuration.check_secrets(secrets.as_ref());
        let (registry, sources, channels) = parts::adapters(&configuration, &secrets, faults)?;
        let password = configuration.store_password.clone().map(|named| Password::new(named, secrets.clone()));
        let (queue_length_max, lease) = (configuration.limits.queue, configuration.limits.lease);
        let store_options = StoreOptions { queue_length_max, lease, password, ..StoreOptions::default() };
        let store = Store::open(&configuration.store, store_options).await?;
        let listener = web::listen::bind(configuration.listen);
        let address = configuration.listen;
        let listener = listener.map_err(|source| BuildError::Listen { address, source })?;
        let local_addr = listener.local_addr().map_err(|source| BuildError::Listen { address, source })?;
        let socket = match &configuration.socket {
            Some(path) => Some(web::listen::bind_socket(path).await?),
            None => None,
        };

        let catalogue = registry.catalogue().with_approvals(configuration.approvals.clone());
        let library = Arc::new(reload::library(catalogue, &configuration, reread));
        let loaded = library.load(&store, clock.now()).await?;
        let (system_alerts_sender, system_alerts) = mpsc::unbounded_channel();
        let (engine, loops) = Engine::build(crate::engine::Parts {
            store: store.clone(),
            clock: clock.clone(),
            performer: Arc::new(registry),
            library,
            inventory: parts::inventory(&configuration),
            gate: Arc::new(Gate::new(configuration.gate.allow_unknown).allow_stale(configuration.gate.allow_stale)),
            options: parts::engine_options(&configuration, local_addr),
            supervisor: Supervisor::default(),
            system_alerts: system_alerts_sender,
        })
        .await?;

        let intake = Arc::new(Intake::new(engine.clone(), sources));
        let delivery = Delivery::new(engine.clone(), channels);
        let approvals = Arc::new(Approvals::new(engine.clone(), Limits::default()));
        let last_load = Arc::new(LastLoad::default());
        last_load.set(loaded.clone());
        let state = WebState {
            engine: engine.clone(),
            intake: intake.clone(),
            approvals,
            people: Arc::new(parts::Credentials(configuration.credentials.clone())),
            last_load: last_load.clone(),
            guide: Arc::new(LazyLock::new(guide)),
            metrics: Arc::new(web::Metrics::new(clock.now())),
            options: Arc::new(parts::web_options(&configuration, secrets.as_ref())?),
        };
        let reloader = reload::Reloader::new(engine.clone(), last_load);
        let (router, drain) = (web::router(state), configuration.limits.drain);
        Ok(Self {
            listener,
            local_addr,
            socket,
            router,
            engine,
            loops,
            delivery,
            intake,
            system_alerts,
            reloader,
            store,
            drain,
            loaded,
        })
    }

    /// Where it listens; with port 0 in the configuration, the port that it got.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What loading the playbooks brought.
    #[must_use]
    pub const fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The engine, for whoever runs a daemon within another program.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The folder that is watched for playbooks.
    #[must_use]
    pub fn playbooks(&self) -> &Path {
        self.engine.library().folder()
    }

    /// By which the playbooks can be loaded again while it runs.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.reloader.asked()
    }

    /// Serves until `stop` is ready; then finishes requests and calls under way, and closes the store.
    pub async fn run_until_stopped(self, stop: impl Future<Output = ()> + Send) -> Result<(), std::io::Error> {
        let supervisor = self.engine.supervisor().clone();
        self.engine.tell_quarantined().await;
        self.engine.run(self.loops);
        supervisor.spawn("delivery", self.delivery.run());
        let intake = Arc::clone(&self.intake);
        supervisor.spawn("schedules", async move { intake.keep_schedules().await });
        let (intake, queue) = (self.intake, self.system_alerts);
        supervisor.spawn("system-alerts", async move { intake.keep_system_alerts(queue).await });
        supervisor.spawn("reloader", self.reloader.run());
        if let Some(socket) = self.socket {
            let served = web::listen::serve_socket(socket, self.router.clone(), supervisor.clone());
            supervisor.spawn("socket", async move {
                if let Err(error) = served.await {
                    tracing::error!(%error, "the local socket ended");
                }
            });
        }
        if self.store.is_shared() {
            // A start may take longer than what it read at first stays fresh: the gate must not be shut when alerts are taken.
            self.engine.reread().await;
        }
        tracing::info!(listen = %self.local_addr, "standdown serves");
        let served = web::listen::serve(self.listener, self.router, supervisor.clone());
        let ended = tokio::select! {
            ended = served => ended,
            () = stop => Ok(()),
        };
        tracing::info!("stopping: finishing what is under way");
        if !supervisor.stop(self.drain).await {
            tracing::warn!("not everything ended in time; it is picked up at the next start");
        }
        self.engine.leave().await;
        self.store.close().await;
        ended
    }
}
