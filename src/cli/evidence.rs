//! `standdown evidence`: what the steps of a run captured.

use clap::Subcommand;

use crate::domain::RunId;
use crate::machine::Tone;
use crate::web::api::view::{EvidenceList, EvidenceView};

use super::context::Context;
use super::exit::Error;
use super::render::tone::bold;
use super::render::{add, escaped, paint, quoted};

/// What runs captured when they contained an agent.
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// The evidence of one run, with its digest and whether it still has it
    Show {
        /// The run, run_...
        run: RunId,
    },
}

impl Evidence {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let Self::Show { run } = self;
        let list: EvidenceList = context.client()?.get(&format!("/runs/{run}/evidence"), &[]).await?;
        context.show(&list, words)
    }
}

fn words(list: &EvidenceList) -> String {
    if list.evidence.is_empty() {
        return format!("{} captured no evidence\n", list.run);
    }
    list.evidence.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(view: &EvidenceView) -> String {
    let mut text =
        format!("{}  {} bytes, SHA-256 {}\n", bold(&view.step.to_string()), view.mark.bytes, view.mark.sha256);
    if let Some(file) = &view.file {
        add(&mut text, format_args!("  file {}\n", quoted(file)));
    }
    if let Some(fault) = &view.fault {
        text.push_str(&paint(Tone::Bad, &format!("✗ {}\n", quoted(fault))));
    }
    if let Some(evidence) = &view.evidence {
        for line in format!("{evidence:#}").lines() {
            add(&mut text, format_args!("{}\n", escaped(line)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Digest;

    #[test]
    fn what_an_alert_says_can_neither_steer_a_terminal_nor_turn_its_text() {
        let title = "a\u{9b}2J\u{202e}b\u{2066}c\u{7f}é";
        let mark = json!({ "bytes": 1, "sha256": Digest::of(b"x") });
        let view = json!({ "step": "see", "mark": mark, "file": null, "evidence": { "title": title }, "fault": null });
        let view: EvidenceView = serde_json::from_value(view).unwrap();
        let shown = one(&view);
        let line = "  \"title\": \"a\\u{9b}2J\\u{202e}b\\u{2066}c\\u{7f}é\"";
        assert!(shown.lines().any(|shown| shown == line), "{shown:?}");
        assert!(shown.chars().all(|c| c == '\n' || c == '\u{1b}' || !c.is_control()), "{shown:?}");
    }
}
