//! The command line: one file a subcommand, over the daemon's API or over files.
//!
//! What people read goes to standard output, faults to standard error. Exit codes: 0 done, 1 failed or refused, 2 wrong
//! usage, 3 the daemon can't be reached. Output that is piped has no colours, and a reader that closes the pipe is no
//! fault. This room decides nothing; what it shows has been decided by the daemon, what it checks by the compilers.

mod agents;
mod approvals;
mod backup;
mod check;
mod client;
mod config;
mod context;
mod dead_letters;
mod demo;
mod evidence;
mod exit;
mod explain;
mod files;
mod freeze;
mod fsck;
mod help;
mod incidents;
mod material;
mod migrate;
mod output;
mod plan;
mod playbooks;
mod render;
mod replay;
mod restore;
mod run;
mod runs;
mod schema;
mod serve;
mod status;
mod telemetry;
mod test;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use context::{Connection, Context};
use exit::Error;

/// Automated incident response for rogue AI agents and other non-human identities.
#[derive(Debug, Parser)]
#[command(name = "standdown", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "Begin with `standdown demo`. Every answer of the daemon is also to be had with --json.")]
struct Cli {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Serve),
    /// Check playbooks and the configuration, without a daemon
    Check(check::Check),
    /// Run the tests of playbooks: what they would do, without a daemon and without touching anything
    Test(test::Test),
    /// Say what a playbook would do to an agent, without doing anything
    Plan(plan::Plan),
    /// Say what the playbooks would have done with alerts of the past, without doing anything
    Replay(replay::Replay),
    /// See the whole story on one machine in a minute: alert, containment, approval, release
    Demo(Demo),
    /// What the daemon is doing, at a glance
    Status(status::Status),
    /// Incidents and their alerts
    #[command(subcommand)]
    Incidents(incidents::Incidents),
    /// Runs of playbooks
    #[command(subcommand)]
    Runs(runs::Runs),
    /// What runs captured when they contained an agent
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    /// Start a playbook by hand
    Run(run::Run),
    /// Requests that wait for people
    #[command(subcommand)]
    Approvals(approvals::Approvals),
    /// Agents, what they may do now, and holds by hand
    #[command(subcommand)]
    Agents(agents::Agents),
    /// Stop the daemon from calling anything outside; deadlines and votes go on
    Freeze(freeze::Freeze),
    /// Let the daemon call the outside again
    Thaw(freeze::Thaw),
    /// Playbooks that serve
    #[command(subcommand)]
    Playbooks(playbooks::Playbooks),
    /// Deliveries that were authenticated and still refused, newest first
    DeadLetters(dead_letters::DeadLetters),
    /// Check the whole store: file, rows, histories, and that every history leads to its state
    Fsck(fsck::Fsck),
    /// Copy the store to a file, also while the daemon runs
    Backup(backup::Backup),
    /// Put a backup in the place of the store, while no daemon runs
    Restore(restore::Restore),
    /// Bring the store's tables up to date without serving
    Migrate(migrate::Migrate),
    /// Show the settings of a configuration file, or all defaults
    Config(config::Config),
    /// Say why a playbook matches an alert or not
    Explain(explain::Explain),
    /// Print the JSON Schema of playbooks, for editors
    Schema(schema::Schema),
    /// Explain a command, a topic of the language, an action, or a code such as SD0301
    Help(help::Help),
}

#[derive(Debug, Args)]
struct Demo {
    /// Decide by itself instead of waiting for a person
    #[arg(long)]
    yes: bool,
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are no faults; clap knows which stream and which code.
        Err(error) => {
            error.print().unwrap_or_default();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    crate::client::tls::install_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&Error::Failed(format!("failed to start: {error}"))),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, Error> {
    let context = Context::new(cli.connection);
    match cli.command {
        Command::Serve(command) => return command.run(&context).await,
        Command::Check(command) => return command.run(&context),
        Command::Test(command) => return command.run(&context),
        Command::Replay(command) => return command.run(&context).await,
        Command::Demo(command) => {
            return demo::run(command.yes).await.map_err(|error| Error::Failed(format!("{error:#}")));
        }
        Command::Status(command) => command.run(&context).await?,
        Command::Incidents(command) => command.run(&context).await?,
        Command::Runs(command) => return command.run(&context).await,
        Command::Evidence(command) => command.run(&context).await?,
        Command::Run(command) => command.run(&context).await?,
        Command::Approvals(command) => command.run(&context).await?,
        Command::Agents(command) => command.run(&context).await?,
        Command::Freeze(command) => command.run(&context).await?,
        Command::Thaw(command) => command.run(&context).await?,
        Command::Playbooks(command) => return command.run(&context).await,
        Command::DeadLetters(command) => command.run(&context).await?,
        Command::Fsck(command) => return command.run(&context).await,
        Command::Backup(command) => command.run(&context).await?,
        Command::Restore(command) => command.run(&context).await?,
        Command::Migrate(command) => return command.run(&context).await,
        Command::Config(command) => command.run(&context)?,
        Command::Explain(command) => command.run(&context)?,
        Command::Plan(command) => command.run(&context)?,
        Command::Schema(command) => command.run()?,
        Command::Help(command) => command.run()?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
