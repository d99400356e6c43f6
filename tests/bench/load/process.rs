//! A process of ours: started so that it can't outlive us, asked for what it spends, ended by its id.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

pub struct Process(Child);

impl Process {
    /// Starts a program; what it writes goes to the log, if one is named. It is killed when this is dropped, and when
    /// whoever started it is killed.
    pub fn start(command: &Command, log: Option<&Path>) -> anyhow::Result<Self> {
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(name, value),
                None => guarded.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            guarded.current_dir(folder);
        }
        if let Some(log) = log {
            let file = OpenOptions::new().create(true).append(true).open(log)?;
            guarded.stdout(file.try_clone()?).stderr(file);
        }
        let child = guarded.stdin(Stdio::null()).spawn();
        Ok(Self(child.with_context(|| format!("failed to start {}", command.get_program().display()))?))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Memory that is its own, and its share of what it shares (PSS), in MiB, with that of its children.
    pub fn memory_mib(&self) -> f64 {
        family(self.id()).iter().map(|id| pss_kib(*id)).sum::<u64>() as f64 / 1024.0
    }

    /// Processor time, user and system, with that of its children.
    pub fn cpu(&self) -> Duration {
        family(self.id()).iter().map(|id| cpu(*id)).sum()
    }

    /// Asks it to end and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.id())?).context("no process id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        for _ in 0..3000 {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        anyhow::bail!("process {} does not end", self.id())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().ok();
        }
    }
}

/// A process and all that descend from it.
fn family(id: u32) -> Vec<u32> {
    let mut all = vec![id];
    let mut at = 0;
    while let Some(parent) = all.get(at).copied() {
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(text.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        at += 1;
    }
    all
}

fn pss_kib(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn cpu(id: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split(' ').collect();
    // User and system time, the 14th and 15th field, in hundredths of a second; counted here from behind the name.
    let ticks: u64 = [12, 13].into_iter().filter_map(|at| fields.get(at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
