//! Sends a signal to exactly the process that was meant.

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, kill_process, pidfd_open, pidfd_send_signal};

use super::stat::Stat;
use super::target::Target;

/// The signals that are sent.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// SIGSTOP: it can't be caught.
    Stop,
    /// SIGCONT.
    Continue,
}

/// A signal that was sent, or was not needed.
#[derive(Debug)]
pub struct Sent {
    /// The process as it was before.
    pub before: Stat,
    /// Whether it had to be sent.
    pub needed: bool,
}

/// Sends the signal, unless the process is already as it should be. The error says what to do.
pub fn send(target: &Target, signal: Signal, done: fn(&Stat) -> bool) -> Result<Sent, String> {
    let pid = Pid::from_raw(target.pid()).ok_or("there is no process number")?;
    // The handle is taken first: if the facts read after it are those of the process that is meant, so is the handle.
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => Some(handle),
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => None,
        Err(error) => return Err(words(error, target.pid())),
    };
    let before = target.read()?;
    if !before.is_alive() {
        return Err(words(Errno::SRCH, target.pid()));
    }
    if done(&before) {
        return Ok(Sent { before, needed: false });
    }
    let signal = match signal {
        Signal::Stop => rustix::process::Signal::STOP,
        Signal::Continue => rustix::process::Signal::CONT,
    };
    match handle {
        Some(handle) => pidfd_send_signal(handle, signal),
        None => kill_process(pid, signal),
    }
    .map_err(|error| words(error, target.pid()))?;
    Ok(Sent { before, needed: true })
}

fn words(error: Errno, pid: i32) -> String {
    match error {
        Errno::PERM => format!("process {pid} belongs to another user; run Standdown as that user or with CAP_KILL"),
        Errno::SRCH => format!("process {pid} has ended"),
        other => format!("process {pid} can't be signalled: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_of_another_user_is_said_to_be_one() {
        assert!(words(Errno::PERM, 7).contains("another user"));
    }
}
