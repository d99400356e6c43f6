//! Tones as colours and icons. Nothing is said by colour alone.

use anstyle::{AnsiColor, Style};

use crate::domain::{Severity, Standing, Verdict};
use crate::machine::Tone;

/// Text in the colour of a tone; without colours it is the text.
pub fn paint(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
        Tone::Waiting => AnsiColor::Yellow.on_default(),
        Tone::Neutral => return text.to_owned(),
    };
    format!("{style}{text}{style:#}")
}

/// Text in bold.
pub fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// Text that may be passed over.
pub fn faint(text: &str) -> String {
    let style = Style::new().dimmed();
    format!("{style}{text}{style:#}")
}

/// The icon of a tone.
pub const fn icon(tone: Tone) -> char {
    match tone {
        Tone::Good => '✓',
        Tone::Bad => '✗',
        Tone::Waiting => '…',
        Tone::Neutral => '·',
    }
}

/// The tone of a run's status and verdict.
pub fn of_run(status: &str, verdict: Option<Verdict>) -> Tone {
    match (status, verdict) {
        (_, Some(Verdict::Regressed)) | ("failed", _) => Tone::Bad,
        ("running" | "undoing", _) => Tone::Waiting,
        (_, Some(Verdict::Failed | Verdict::Unproven)) => Tone::Bad,
        ("completed", _) => Tone::Good,
        _ => Tone::Neutral,
    }
}

/// The tone of a severity.
pub const fn of_severity(severity: Severity) -> Tone {
    match severity {
        Severity::Critical | Severity::High => Tone::Bad,
        Severity::Medium => Tone::Waiting,
        Severity::Low | Severity::Info => Tone::Neutral,
    }
}

/// The tone of a standing.
pub const fn of_standing(standing: Standing) -> Tone {
    match standing {
        Standing::Active => Tone::Neutral,
        Standing::Restricted => Tone::Waiting,
        Standing::Paused | Standing::Retired => Tone::Bad,
    }
}
