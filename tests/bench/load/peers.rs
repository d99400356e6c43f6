//! Others that run three durable calls for a message, measured in turns with us: Restate, as npm has it.
//!
//! Its server and its service are processes of their own; a message is accepted when the server has answered 202.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;

use super::book::Delays;
use super::numbers::{median, milliseconds, rate};
use super::process::Process;
use super::runs::{AT_ONCE, BURST, Load, Outcome, Subject};
use super::settings::Settings;
use super::stub::Stub;
use super::table::Table;

const PATH: &str = "/Runs/three/send";
/// Rates to try; far below ours, because it takes longer.
const RATES: [u32; 8] = [50, 100, 150, 200, 300, 400, 500, 750];

struct Restate {
    server: Process,
    service: Process,
    ingress: SocketAddr,
    _folder: TempDir,
}

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let Some(peers) = &settings.peers else {
        table.remark("peers: not measured; `--peers` installs and measures Restate".to_owned());
        return Ok(());
    };
    eprintln!("peers: Restate and we in turns");
    let mut subject = Subject::start(settings).await?;
    let restate = Restate::start(settings, peers, &subject.stub).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..settings.rounds {
        ours.push(subject.pace(AT_ONCE, BURST, Duration::from_secs(60)).await?);
        theirs.push(restate.pace(&subject.stub, &format!("burst-{round}"), AT_ONCE, BURST).await?);
    }
    let of = |outcomes: &[Outcome], value: fn(&Outcome) -> f64| median(outcomes.iter().map(value).collect());
    let drained = (of(&ours, Outcome::per_second), of(&theirs, Outcome::per_second));
    table.line(
        format!("burst of {BURST} drained, of Restate"),
        format!("{:.1}x", drained.0 / drained.1),
        rate(drained.0),
        rate(drained.1),
        ">= 3x",
    );
    let cpu = (of(&ours, Outcome::cpu_per_run_ms), of(&theirs, Outcome::cpu_per_run_ms));
    table.line(
        "CPU per completed run, of Restate",
        format!("{:.2}x", cpu.0 / cpu.1),
        format!("{:.2} ms", cpu.0),
        format!("{:.2} ms (server and service)", cpu.1),
        "",
    );
    quiet(settings, &mut subject, &restate, table).await?;
    restate.sustained(settings, &subject.stub, table).await?;
    let memory = (subject.daemon.process().memory_mib(), restate.server.memory_mib());
    table.line(
        "memory after all this, of Restate's server",
        format!("{:.2}x", memory.0 / memory.1),
        format!("{:.0} MiB", memory.0),
        format!("{:.0} MiB", memory.1),
        "",
    );
    restate.server.stop()?;
    restate.service.stop()?;
    subject.daemon.stop()
}

async fn quiet(settings: &Settings, subject: &mut Subject, restate: &Restate, table: &mut Table) -> anyhow::Result<()> {
    let count = if settings.quick { 25 } else { 100 };
    let ours = subject.pace(5.0, count, Duration::from_secs(5)).await?.book.until_call(2);
    let theirs = restate.pace(&subject.stub, "quiet", 5.0, count).await?.book.until_call(2);
    let text = |delays: &Delays| {
        format!("p50 {}, p99 {}", milliseconds(delays.percentile(50.0)), milliseconds(delays.percentile(99.0)))
    };
    let ratio = ours.percentile(50.0).as_secs_f64() / theirs.percentile(50.0).as_secs_f64();
    let (ratio, ours, theirs) = (format!("{ratio:.2}x"), text(&ours), text(&theirs));
    table.line("request to third call at 5/s, of Restate", ratio, ours, theirs, "");
    Ok(())
}

impl Restate {
    async fn start(settings: &Settings, peers: &Path, stub: &Stub) -> anyhow::Result<Self> {
        let folder = TempDir::new_in(&settings.directory)?;
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let (ingress, admin, node, service_address) = (free()?, free()?, free()?, free()?);
        let log = folder.path().join("restate.log");
        let mut command = Command::new(server_binary(peers)?);
        command.arg("--base-dir").arg(folder.path().join("data"));
        command.env("RESTATE_INGRESS__BIND_ADDRESS", ingress.to_string());
        command.env("RESTATE_ADMIN__BIND_ADDRESS", admin.to_string());
        command.env("RESTATE_BIND_ADDRESS", node.to_string());
        command.env("RESTATE_ADVERTISED_ADDRESS", format!("http://{node}"));
        command.env("RESTATE_LISTEN_MODE", "tcp").env("DO_NOT_TRACK", "1").env("RESTATE_DISABLE_TELEMETRY", "true");
        let server = Process::start(&command, Some(&log))?;
        let mut command = Command::new(node_binary(peers));
        command.arg(peers.join("restate.mjs")).arg(service_address.port().to_string());
        command.arg(format!("http://{}", stub.address));
        let service = Process::start(&command, Some(&log))?;
        let restate = Self { server, service, ingress, _folder: folder };
        let registered = register(admin, service_address).await;
        registered.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        Ok(restate)
    }

    async fn pace(&self, stub: &Stub, series: &str, per_second: f64, count: u64) -> anyhow::Result<Outcome> {
        let load = Load { series: format!("restate-{series}"), per_second, count, patience: Duration::from_secs(60) };
        let service = self.service.cpu();
        let mut outcome = load.put_on(self.ingress, PATH, stub, &self.server).await?;
        outcome.cpu += self.service.cpu().saturating_sub(service);
        let done = outcome.book.until_call(2).count();
        anyhow::ensure!(done > 0, "Restate accepted {} messages and completed none", outcome.sent.accepted);
        Ok(outcome)
    }

    async fn sustained(&self, settings: &Settings, stub: &Stub, table: &mut Table) -> anyhow::Result<()> {
        let mut best = 0;
        for per_second in RATES {
            let count = u64::from(per_second) * settings.time.as_secs();
            let outcome = self.pace(stub, &format!("rate-{per_second}"), f64::from(per_second), count).await?;
            if !outcome.is_sustained() {
                break;
            }
            best = per_second;
        }
        let theirs = format!("{best}/s");
        table.line("3-step runs sustained with p99 < 1 s, Restate", String::new(), "see above".to_owned(), theirs, "");
        Ok(())
    }
}

fn server_binary(peers: &Path) -> anyhow::Result<PathBuf> {
    let packages = std::fs::read_dir(peers.join("node_modules/@restatedev"))?;
    let mut binaries = packages.flatten().map(|package| package.path().join("bin/restate-server"));
    binaries
        .find(|binary| binary.is_file())
        .context("Restate's server is not installed: call tests/bench/peers/install")
}

/// The Node that came with the peers: theirs needs one that is newer than what many systems have.
fn node_binary(peers: &Path) -> PathBuf {
    let packages = std::fs::read_dir(peers.join("node_modules")).into_iter().flatten().flatten();
    let mut binaries = packages
        .map(|package| package.path())
        .filter(|package| package.file_name().is_some_and(|name| name.to_string_lossy().starts_with("node-linux-")));
    binaries.find_map(|package| Some(package.join("bin/node")).filter(|node| node.is_file())).unwrap_or("node".into())
}

/// Tells the server of the service, as soon as both listen.
async fn register(admin: SocketAddr, service: SocketAddr) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let began = Instant::now();
    loop {
        let body = serde_json::json!({ "uri": format!("http://127.0.0.1:{}", service.port()) });
        let answer = client.post(format!("http://{admin}/deployments")).json(&body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            other if began.elapsed() > Duration::from_secs(60) => {
                anyhow::bail!("Restate does not take the service: {other:?}");
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}
