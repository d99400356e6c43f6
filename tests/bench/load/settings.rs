//! What is measured, for how long, and where the files go.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// One part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Accepts,
    Runs,
    Delays,
    Memory,
    Start,
    Matching,
    Replicas,
    Peers,
}

const MEASURES: [(&str, Measure); 8] = [
    ("accepts", Measure::Accepts),
    ("runs", Measure::Runs),
    ("delays", Measure::Delays),
    ("memory", Measure::Memory),
    ("start", Measure::Start),
    ("matching", Measure::Matching),
    ("replicas", Measure::Replicas),
    ("peers", Measure::Peers),
];

/// The settings of one run.
pub struct Settings {
    /// The binary that is measured.
    pub daemon: PathBuf,
    /// A folder on a real disk.
    pub directory: PathBuf,
    /// How long one measure lasts.
    pub time: Duration,
    /// How often the pairs alternate.
    pub rounds: usize,
    /// Whether this is a short run.
    pub quick: bool,
    /// Where `store:` points; a SQLite file of its own if it is not set.
    pub store: Option<String>,
    /// The folder in which the peers are installed.
    pub peers: Option<PathBuf>,
    only: Vec<Measure>,
}

impl Settings {
    /// Reads the arguments; `STANDDOWN_BENCH_STORE` stands for `--store`.
    pub fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut settings = Self {
            daemon: std::env::current_exe()?.with_file_name("standdown"),
            directory: std::env::current_dir()?,
            time: Duration::from_secs(5),
            rounds: 3,
            quick: false,
            store: std::env::var("STANDDOWN_BENCH_STORE").ok().filter(|store| !store.is_empty()),
            peers: None,
            only: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => {
                    settings.quick = true;
                    settings.time = Duration::from_secs(3);
                    settings.rounds = 1;
                }
                "--daemon" => settings.daemon = value()?.into(),
                "--directory" => settings.directory = value()?.into(),
                "--store" => settings.store = Some(value()?.clone()),
                "--peers" => settings.peers = Some(value()?.into()),
                "--seconds" => settings.time = Duration::from_secs(value()?.parse()?),
                "--rounds" => settings.rounds = value()?.parse()?,
                "--only" => {
                    for name in value()?.split(',') {
                        let known = MEASURES.iter().find(|(known, _)| *known == name);
                        settings.only.push(known.with_context(|| format!("no measure is called {name}"))?.1);
                    }
                }
                other => bail!("there is no argument {other}"),
            }
        }
        Ok(settings)
    }

    /// Whether this part is asked for; without `--only`, everything is.
    pub fn wants(&self, measure: Measure) -> bool {
        self.only.is_empty() || self.only.contains(&measure)
    }
}
