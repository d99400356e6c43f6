//! One reading of `/proc/PID/stat` (proc(5)).

use serde_json::{Value, json};

/// What is read of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub pid: i32,
    /// The first 15 bytes of its name.
    pub comm: String,
    /// One letter: R, S, D, T, t, Z, X, I.
    pub state: char,
    /// User and system time that it has used, in clock ticks.
    pub ticks: u64,
    /// When it started, in clock ticks after the machine did. With the number it names a process for good.
    pub start_time: u64,
    /// How many threads it has.
    pub threads: u64,
}

impl Stat {
    /// Reads the facts of a process.
    pub fn read(pid: i32) -> Result<Self, String> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("there is no process {pid}; it has ended, or never was on this machine")
            }
            _ => format!("the process {pid} can't be read: {error}"),
        })?;
        Self::parse(pid, &text).ok_or_else(|| format!("/proc/{pid}/stat is not as expected"))
    }

    fn parse(pid: i32, text: &str) -> Option<Self> {
        // The name stands in brackets and may hold brackets and spaces itself.
        let (head, tail) = text.rsplit_once(')')?;
        let (_, comm) = head.split_once('(')?;
        let fields: Vec<&str> = tail.split_whitespace().collect();
        // Field 3 of the manual is the first one here.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            pid,
            comm: comm.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
            state: fields.first()?.chars().next()?,
            ticks: number(14)?.saturating_add(number(15)?),
            threads: number(20)?,
            start_time: number(22)?,
        })
    }

    /// Whether it is stopped, by a signal or by a tracer.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }

    /// Whether it can still run: neither dead nor a zombie.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// What undo must know.
    pub fn snapshot(&self) -> Value {
        json!({ "pid": self.pid, "start_time": self.start_time, "state": self.state, "comm": self.comm })
    }

    /// What the step's output keeps.
    pub fn output(&self) -> Value {
        json!({ "pid": self.pid, "start_time": self.start_time, "state_before": self.state, "comm": self.comm })
    }

    /// For people.
    pub fn words(&self) -> String {
        let state = match self.state {
            'R' => "running",
            'S' | 'D' | 'I' => "waiting",
            'T' => "stopped",
            't' => "stopped by a tracer",
            'Z' | 'X' | 'x' => "ended",
            _ => "in an unknown state",
        };
        format!("process {} is {state} ({}), {} ticks used", self.pid, self.state, self.ticks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "42 (a) R (b) T 1 42 42 0 -1 4194304 10 0 0 0 7 5 0 0 20 0 3 0 987654 0 0";
        let stat = Stat::parse(42, line).unwrap();
        assert_eq!((stat.comm.as_str(), stat.state, stat.ticks), ("a) R (b", 'T', 12));
        assert_eq!((stat.threads, stat.start_time), (3, 987_654));
    }

    #[test]
    fn a_line_that_is_cut_is_refused() {
        assert_eq!(Stat::parse(42, "42 (a) T 1 2"), None);
        assert_eq!(Stat::parse(42, ""), None);
    }
}
