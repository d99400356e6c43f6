//! A daemon without its doors: a real store in a folder, real loops, a clock that is told the time, and a world outside
//! that answers as it is told.
//!
//! Every life of the daemon has a runtime of its own. A crash drops that runtime with everything in it, as a killed
//! process would: tasks end where they wait, nothing is told to stop, and the next life opens the same file.

mod life;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;

pub use life::{launch, launch_about, pending, prepared};

use super::database::Database;
use super::fate::{self, Fate};
use super::outside::{Outside, catalogue};
pub use super::samples::{agent, agent_id, ana, directory, path};
use super::target::Target;
use crate::clock::{Clock, TestClock};
use crate::domain::*;
use crate::engine::{
    Engine, Gate, Inventory, Library, Loaded, Options, Parts, Performer, Reach, Supervisor, SystemAlert,
};
use crate::playbook::{Approvals, Catalogue};
use crate::store::{Claims, OpenError, Store, StoreOptions};

/// How long a test waits for something that must come by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// What outlives the daemon: its folder, the time, and everything that it talks to.
pub struct World {
    home: Home,
    pub database: Database,
    pub clock: TestClock,
    pub outside: Arc<Outside>,
    /// What is called instead of `outside`, if there is one.
    pub target: Option<Arc<Target>>,
    /// What happens to the daemon, in every life.
    pub fate: Arc<Fate>,
    /// Lives that ended without a word: whoever comes next knows that they did.
    dead: Arc<Mutex<Vec<ReplicaId>>>,
    pub options: Options,
    pub store_options: StoreOptions,
    pub agents: Vec<Agent>,
    /// Actions that the catalogue no longer has.
    pub missing_actions: Vec<&'static str>,
    /// The approvals of the configuration.
    pub approvals: Approvals,
    /// Whether tasks run on several threads at once.
    pub threads: bool,
}

/// Where a world keeps its files.
enum Home {
    Own(TempDir),
    /// Somebody else looks after it.
    At(PathBuf),
}

/// One life of the daemon.
pub struct Life {
    pub engine: Engine,
    pub loaded: Loaded,
    pub clock: TestClock,
    alerts: Mutex<UnboundedReceiver<SystemAlert>>,
    supervisor: Supervisor,
    dead: Arc<Mutex<Vec<ReplicaId>>>,
    // The last field: what is above lets go of the store before the runtime ends.
    runtime: Runtime,
}

impl World {
    /// A world with these playbooks in its folder, each named after its `playbook:` line.
    pub fn new(playbooks: &[&str]) -> Self {
        Self::on(Database::Sqlite, playbooks)
    }

    /// A world on a database, with these playbooks in a folder of its own.
    pub fn on(database: Database, playbooks: &[&str]) -> Self {
        let world = Self::at(Home::Own(tempfile::tempdir().unwrap()), database);
        std::fs::create_dir(world.playbooks()).unwrap();
        for text in playbooks {
            world.write(text);
        }
        world
    }

    /// A world that another process made, seen from this one.
    pub fn of_another_process(folder: PathBuf, address: String) -> Self {
        Self::at(Home::At(folder), Database::At(address))
    }

    /// The world as it is before anybody has done anything.
    fn at(home: Home, database: Database) -> Self {
        Self {
            home,
            database,
            clock: TestClock::at("2026-11-23T03:00:00Z".parse().unwrap()),
            outside: Arc::new(Outside::default()),
            target: None,
            fate: Arc::default(),
            dead: Arc::default(),
            options: Options {
                workers: 8,
                // Recovery runs at the start of every life and whenever a test calls it.
                reconcile_every: Duration::from_hours(1),
                take_over_every: Duration::from_hours(1),
                reach: Reach { email: true, webhooks: BTreeSet::new() },
                ..Options::default()
            },
            // A test that wants a heartbeat to be missed says so; the others must not depend on how fast they are.
            store_options: StoreOptions { lease: Duration::from_hours(1), ..StoreOptions::default() },
            agents: ["billing-bot", "mail-bot"].map(agent).into(),
            missing_actions: Vec::new(),
            approvals: Approvals::default(),
            threads: false,
        }
    }

    /// Has this world call a target with books in its folder.
    pub fn with_a_target(mut self) -> Self {
        self.target = Some(Arc::new(Target::new(self.folder().join("books.jsonl"), Arc::clone(&self.fate))));
        self
    }

    /// The target that this world was given.
    pub fn target(&self) -> &Target {
        self.target.as_deref().expect("this world has a target")
    }

    fn performer(&self) -> Arc<dyn Performer> {
        match &self.target {
            Some(target) => Arc::clone(target) as Arc<dyn Performer>,
            None => Arc::clone(&self.outside) as Arc<dyn Performer>,
        }
    }

    /// The folder of everything that outlives the daemon.
    pub fn folder(&self) -> &Path {
        match &self.home {
            Home::Own(folder) => folder.path(),
            Home::At(folder) => folder,
        }
    }

    /// The address of the database.
    pub fn address(&self) -> String {
        self.database.url(self.folder())
    }

    /// A life that nobody here could see ended without a word.
    pub fn has_died(&self, replica: ReplicaId) {
        self.dead.lock().unwrap().push(replica);
    }

    fn playbooks(&self) -> PathBuf {
        self.folder().join("playbooks")
    }

    /// Writes a playbook under its name.
    pub fn write(&self, text: &str) {
        let name = text.lines().find_map(|line| line.strip_prefix("playbook: ")).unwrap();
        std::fs::write(self.playbooks().join(format!("{name}.yaml")), text).unwrap();
    }

    /// Takes the file of a playbook away.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.playbooks().join(format!("{name}.yaml"))).unwrap();
    }

    /// The time.
    pub fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts the daemon and everything that runs in it.
    pub fn start(&self) -> Life {
        let mut builder = if self.threads {
            tokio::runtime::Builder::new_multi_thread()
        } else {
            tokio::runtime::Builder::new_current_thread()
        };
        let runtime = builder.enable_all().build().unwrap();
        let supervisor = Supervisor::default();
        let (sender, alerts) = tokio::sync::mpsc::unbounded_channel();
        let (engine, loaded) = runtime.block_on(async {
            let store = self.open().await;
            let mut catalogue = catalogue();
            catalogue.retain(|spec| !self.missing_actions.contains(&spec.name.as_str()));
            let library = Arc::new(Library::new(
                Catalogue::new(catalogue).with_approvals(self.approvals.clone()),
                self.playbooks(),
            ));
            let loaded = library.load(&store, self.clock.now()).await.unwrap();
            let parts = Parts {
                store,
                clock: Arc::new(self.clock.clone()),
                performer: self.performer(),
                library,
                inventory: Inventory::new(self.agents.clone(), directory()),
                gate: Arc::new(Gate::new(false)),
                options: self.options.clone(),
                supervisor: supervisor.clone(),
                system_alerts: sender,
            };
            let (engine, waiting) = Engine::build(parts).await.unwrap();
            fate::give(&engine, &self.fate);
            engine.run(waiting);
            (engine, loaded)
        });
        let (alerts, dead) = (Mutex::new(alerts), Arc::clone(&self.dead));
        Life { engine, loaded, clock: self.clock.clone(), alerts, supervisor, dead, runtime }
    }

    /// Opens the store as soon as the life before has let go of its lock.
    async fn open(&self) -> Store {
        let url = self.address();
        let began = Instant::now();
        loop {
            match Store::open(&url, self.store_options.clone()).await {
                Ok(store) => {
                    let dead = std::mem::take(&mut *self.dead.lock().unwrap());
                    for replica in dead.into_iter().filter(|_| store.is_shared()) {
                        store.remove_replica(replica).await.unwrap();
                    }
                    return store;
                }
                Err(OpenError::Locked { .. }) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

impl World {
    /// Another replica over the database of a life, in the same runtime, with a world outside of its own.
    pub fn neighbour(&self, life: &Life, outside: Arc<Outside>) -> Engine {
        self.neighbour_calling(life, outside)
    }

    /// Another replica over the database of a life, in the same runtime, that calls what this world calls.
    pub fn successor(&self, life: &Life) -> Engine {
        self.neighbour_calling(life, self.performer())
    }

    fn neighbour_calling(&self, life: &Life, performer: Arc<dyn Performer>) -> Engine {
        life.on(async {
            let store = life.engine.store().another_replica().await.unwrap();
            let library = Arc::new(Library::new(
                Catalogue::new(catalogue()).with_approvals(self.approvals.clone()),
                self.playbooks(),
            ));
            library.load(&store, self.clock.now()).await.unwrap();
            let parts = Parts {
                store,
                clock: Arc::new(self.clock.clone()),
                performer,
                library,
                inventory: Inventory::new(self.agents.clone(), directory()),
                gate: Arc::new(Gate::new(false)),
                options: self.options.clone(),
                supervisor: Supervisor::default(),
                system_alerts: tokio::sync::mpsc::unbounded_channel().0,
            };
            let (engine, loops) = Engine::build(parts).await.unwrap();
            fate::give(&engine, &self.fate);
            engine.run(loops);
            engine
        })
    }
}
