//! `standdown serve`: the daemon, until it is told to stop. A hangup (SIGHUP) has the playbooks loaded again.

use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{Application, BuildError, Reload, Surroundings};
use crate::client::SystemSecrets;
use crate::config;
use crate::language::{Diagnostic, render_human};

use super::context::Context;
use super::exit::Error;
use super::{output, telemetry};

/// Run the daemon.
#[derive(Debug, Args)]
pub struct Serve {}

impl Serve {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        if context.configuration_file().is_none() {
            let text = "failed to serve: there is no standdown.yaml here; name one with --config, or begin with \
                        `standdown config --defaults > standdown.yaml`";
            return Err(Error::Usage(text.to_owned()));
        }
        let configuration = match context.configuration() {
            Ok(configuration) => configuration,
            Err(faults) => return refuse(&faults),
        };
        // Signals are caught before anything is started: one that comes during the start must not be lost.
        let signals = Signals::catch().map_err(|error| Error::Failed(format!("failed to catch signals: {error}")))?;
        telemetry::start(configuration.log, context.variable("RUST_LOG"))?;
        show(&configuration.warnings)?;
        show(&configuration.short_secrets(&SystemSecrets))?;
        let surroundings = Surroundings { configuration: Some(context.reread()), ..Surroundings::default() };
        let application = match Application::build(configuration, surroundings).await {
            Ok(application) => application,
            Err(BuildError::Configuration(faults)) => return refuse(&faults),
            Err(error) => return Err(Error::Failed(error.to_string())),
        };
        let loaded = application.loaded();
        let shown = render_human(&loaded.diagnostics, &loaded.sources, output::complains_in_colour());
        output::complain(&shown)?;
        let stop = signals.until_stopped(application.reload());
        let ended = application.run_until_stopped(stop).await;
        ended.map_err(|error| Error::Failed(format!("failed to serve: {error}")))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn refuse(faults: &[Diagnostic]) -> Result<ExitCode, Error> {
    show(faults)?;
    Ok(ExitCode::FAILURE)
}

fn show(faults: &[Diagnostic]) -> Result<(), Error> {
    output::complain(&render_human(faults, &config::excerpts(faults), output::complains_in_colour()))?;
    Ok(())
}

/// The signals that the daemon listens to, caught from the moment this is made.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ready when the process is told to stop.
    async fn until_stopped(mut self, reload: Reload) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => reload.ask(),
            }
        }
    }
}
