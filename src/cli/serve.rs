//! `standdown serve`: the daemon, until it is told to stop.

use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{Application, BuildError, Surroundings};
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
        let stop = stopped().map_err(|error| Error::Failed(format!("failed to catch signals: {error}")))?;
        telemetry::start(configuration.log, context.variable("RUST_LOG"))?;
        show(&configuration.warnings)?;
        let application = match Application::build(configuration, Surroundings::default()).await {
            Ok(application) => application,
            Err(BuildError::Configuration(faults)) => return refuse(&faults),
            Err(error) => return Err(Error::Failed(error.to_string())),
        };
        let loaded = application.loaded();
        let shown = render_human(&loaded.diagnostics, &loaded.sources, output::complains_in_colour());
        output::complain(&shown)?;
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

/// Ready when the process is told to stop.
fn stopped() -> std::io::Result<impl Future<Output = ()> + Send> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
