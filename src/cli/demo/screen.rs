//! What the demo shows: one line a fact, with the time since the start; colours on a terminal, plain when piped.

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anstyle::{AnsiColor, Style};

use crate::engine::RunHistory;
use crate::machine::{Entry, Tone};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WAITING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Where the demo writes.
pub(super) struct Screen {
    start: Instant,
    shown: Mutex<HashSet<String>>,
}

impl Screen {
    pub fn new() -> Self {
        Self { start: Instant::now(), shown: Mutex::default() }
    }

    pub fn title(text: &str) {
        write(&format!("{BOLD}{text}{BOLD:#}\n\n"));
    }

    pub fn line(&self, who: &str, text: &str) {
        self.styled(who, text, Style::new(), ' ');
    }

    pub fn good_line(&self, who: &str, text: &str) {
        self.styled(who, text, GOOD, '+');
    }

    pub fn bad_line(&self, who: &str, text: &str) {
        self.styled(who, text, BAD, '!');
    }

    pub fn good(&self, text: &str) {
        self.styled("=>", text, GOOD.bold(), '+');
    }

    pub fn fault(&self, text: &str) {
        self.styled("FAILED", text, BAD.bold(), '!');
    }

    /// The entries of a run's timeline that were not shown yet.
    pub fn timeline(&self, history: &RunHistory) {
        for (number, entry) in history.entries.iter().enumerate() {
            let fresh = self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{number}"));
            if fresh {
                self.entry(entry);
            }
        }
    }

    fn entry(&self, entry: &Entry) {
        let who = entry.step.as_ref().map_or_else(|| "run".to_owned(), ToString::to_string);
        let (style, mark) = match entry.tone {
            Tone::Good => (GOOD, '+'),
            Tone::Bad => (BAD, '!'),
            Tone::Waiting => (WAITING, '?'),
            Tone::Neutral => (Style::new(), ' '),
        };
        self.styled(&who, &entry.text, style, mark);
    }

    /// A message as it reached its reader.
    pub fn mail(&self, subject: &str, text: &str) {
        self.line("ana", "has mail:");
        write(&format!("\n    {BOLD}{subject}{BOLD:#}\n"));
        for line in text.lines() {
            write(&format!("    {FAINT}|{FAINT:#} {line}\n"));
        }
        write("\n");
    }

    /// Asks whoever sits in front of the screen to decide.
    pub fn ask(&self, link: &str, code: &str) {
        self.styled("decide", &format!("open {link}"), WAITING.bold(), '?');
        self.styled(
            "decide",
            &format!("the code is {code}; until you decide, billing-bot stays stopped (Ctrl-C ends)"),
            WAITING,
            '?',
        );
    }

    fn styled(&self, who: &str, text: &str, style: Style, mark: char) {
        let seconds = self.start.elapsed().as_secs_f64();
        write(&format!("{FAINT}{seconds:8.3}{FAINT:#} {style}{mark} {who:<12} {text}{style:#}\n"));
    }
}

/// Writes at once. A reader that went away is no fault of the demo.
fn write(text: &str) {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap_or_default();
}
