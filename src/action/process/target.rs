//! Which process is meant, and whether it is one that may be touched.

use serde_json::{Map, Value};

use super::number;
use super::stat::Stat;
use crate::action::parameters::integer;

/// A process, named by its number and, once known, by its start time.
#[derive(Clone, Debug)]
pub struct Target {
    pid: i32,
    start_time: Option<u64>,
    was_stopped: bool,
}

impl Target {
    /// The process that the parameters name. With a snapshot it must be the process that was seen then.
    pub fn of(given: &Map<String, Value>, snapshot: Option<&Value>) -> Result<Self, String> {
        let demanded = match given.get("start_time").filter(|value| !value.is_null()) {
            Some(value) => Some(
                integer(value).and_then(|value| u64::try_from(value).ok()).ok_or("`start_time` is no start time")?,
            ),
            None => None,
        };
        let seen = snapshot.and_then(|snapshot| {
            let pid = i32::try_from(number(snapshot, "pid")?).ok()?;
            Some((pid, number(snapshot, "start_time")?))
        });
        let was_stopped = snapshot
            .and_then(|snapshot| snapshot.get("state"))
            .and_then(Value::as_str)
            .is_some_and(|state| matches!(state, "T" | "t"));
        let (pid, start_time) = match seen {
            Some((pid, start_time)) => (pid, Some(start_time)),
            None => (named(given)?, demanded),
        };
        allowed(pid)?;
        Ok(Self { pid, start_time, was_stopped })
    }

    /// Its number.
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether the snapshot says that it was stopped before the step.
    pub const fn was_stopped(&self) -> bool {
        self.was_stopped
    }

    /// Reads it. An error if the number now belongs to another process.
    pub fn read(&self) -> Result<Stat, String> {
        let stat = Stat::read(self.pid)?;
        match self.start_time {
            Some(start_time) if start_time != stat.start_time => Err(format!(
                "process {} is another one now: it started at {}, not {start_time}",
                self.pid, stat.start_time
            )),
            _ => Ok(stat),
        }
    }
}

/// The most that is read of a pidfile, in bytes.
const PIDFILE_BYTES_MAX: u64 = 64;

/// The number in `pid` or in the file that `pidfile` names.
fn named(given: &Map<String, Value>) -> Result<i32, String> {
    let value = |name: &str| given.get(name).filter(|value| !value.is_null());
    let number = match (value("pid"), value("pidfile").and_then(Value::as_str)) {
        (Some(pid), None) => integer(pid),
        (None, Some(path)) => {
            return read_pidfile(path);
        }
        _ => return Err("give exactly one of `pid` and `pidfile`".to_owned()),
    };
    number.and_then(|number| i32::try_from(number).ok()).ok_or_else(|| "there is no process number".to_owned())
}

/// The number in a file that the agent itself may have written: it can't make Standdown wait (a pipe), read without end
/// (a device) or follow a link, and it names only a process of the user whose file it is.
fn read_pidfile(path: &str) -> Result<i32, String> {
    use std::io::Read as _;
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{Mode, OFlags};

    let failed = |error: std::io::Error| format!("the file of `pidfile` can't be read: {error}");
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = std::fs::File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
    let facts = file.metadata().map_err(failed)?;
    if !facts.is_file() {
        return Err("the file of `pidfile` is no ordinary file".to_owned());
    }
    let mut text = String::new();
    file.take(PIDFILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let number = text.split_whitespace().next().and_then(|word| word.parse::<i32>().ok());
    let pid = number.ok_or_else(|| "there is no process number in the file of `pidfile`".to_owned())?;
    let process = std::fs::metadata(format!("/proc/{pid}"));
    let owner = process.map_err(|_| format!("there is no process {pid}, which the file of `pidfile` names"))?.uid();
    // Whoever may write the file could otherwise point it at anything that runs here.
    if owner != facts.uid() && facts.uid() != 0 {
        return Err(format!("process {pid} belongs to another user than the file of `pidfile`"));
    }
    Ok(pid)
}

/// Refuses what would stop the machine or Standdown itself.
fn allowed(pid: i32) -> Result<(), String> {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get());
    match pid {
        ..=0 => Err("a process number is greater than 0; groups of processes are never signalled".to_owned()),
        1 => Err("process 1 runs the machine and is never signalled".to_owned()),
        _ if pid == own => Err("this is Standdown itself, which is never signalled".to_owned()),
        _ if Some(pid) == parent => Err("this is the parent of Standdown, which is never signalled".to_owned()),
        _ => Ok(()),
    }
}
