//! The words of Standdown's own messages, from the state of a run. Plain text; what an agent or an alert supplied is
//! quoted and cut, never formatted.

use std::fmt::Write as _;

use crate::domain::{Run, StepPath, StepState, Verdict};
use crate::playbook::model::NoticeContent;
use crate::playbook::{ActionStep, Playbook};

use super::effect::{Effect, Notice};
use super::error::IllegalTransition;
use super::motion::Motion;

/// The longest line that is quoted from outside.
const QUOTE_CHARACTERS_MAX: usize = 200;

impl Motion<'_> {
    /// Puts a notify step's message into words.
    pub(super) fn notify(&mut self, path: &StepPath, action: &ActionStep) -> Result<(), IllegalTransition> {
        let Some(spec) = &action.notice else { return Err(self.wrong_state(path)) };
        let worded = match &spec.content {
            NoticeContent::Builtin(name) => Ok(builtin(name, self.playbook, &self.run)),
            NoticeContent::Own { subject, text } => {
                let values = self.variables_of(path);
                let worded = subject.render_text(&values).and_then(|subject| Ok((subject, text.render_text(&values)?)));
                worded.map_err(|error| error.to_string())
            }
        };
        match worded {
            Ok((subject, text)) => {
                let notice = Notice { to: spec.to.clone(), subject: one_line(&subject), text };
                self.effects.push(Effect::Notify { path: path.clone(), notice });
                Ok(())
            }
            Err(reason) => self.set(path, StepState::Failed { reason: format!("nobody was told: {reason}") }),
        }
    }
}

/// Text from outside as one quoted, cut line without control or direction characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = whole_line(text);
    if line.chars().count() > QUOTE_CHARACTERS_MAX {
        line = line.chars().take(QUOTE_CHARACTERS_MAX - 1).collect();
        line.push('…');
    }
    line
}

/// The same, not cut.
#[must_use]
pub fn whole_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || is_direction(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that turn the direction of text or are invisible.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// One of Standdown's own messages: subject and text.
fn builtin(name: &str, playbook: &Playbook, run: &Run) -> (String, String) {
    let agent = one_line(&run.agent.name);
    let headline = match run.containment().map(|(verdict, _)| verdict) {
        Some(Verdict::Contained) => format!("{agent} is contained"),
        Some(Verdict::AlreadyDone) => format!("{agent} had been contained before"),
        Some(Verdict::Unproven) => format!("{agent}: containment is NOT proven"),
        Some(Verdict::Failed) => format!("{agent}: containment FAILED"),
        Some(Verdict::Regressed) => format!("{agent}: containment was UNDONE"),
        None => format!("{agent}: an alert, nothing contained"),
    };
    let subject = match name {
        "decided" => format!("Decided: {agent}"),
        "alert" => format!("Alert: {agent}"),
        _ => headline.clone(),
    };
    let mut text = format!("{headline}.\n\n");
    let mut line = |words: String| writeln!(text, "{words}").unwrap_or_default();
    line(format!("Alert:    \"{}\" (quoted from the source {})", one_line(&run.alert.title), run.alert.source));
    line(format!("Severity: {}", run.alert.severity));
    line(format!("Agent:    {} ({})", run.agent.id, run.agent.tier));
    line(format!("Playbook: {}", run.playbook));
    line(format!("Run:      {}\nIncident: {}", run.id, run.incident));
    line("\nWhat was done so far:".to_owned());
    let paths = playbook.steps().map(|step| StepPath::from(step.name.clone()));
    let settled =
        paths.filter_map(|path| Some((run.steps.get(&path).filter(|record| record.ended_at.is_some())?, path)));
    for (record, path) in settled {
        let verdict = record.verdict.map(|verdict| format!(" [{verdict}]")).unwrap_or_default();
        let detail = reason(&record.state).or(record.detail.as_deref()).unwrap_or_default();
        line(format!("- {path}: {}{verdict} {}", record.state.as_str(), one_line(detail)));
    }
    (subject, text)
}

fn reason(state: &StepState) -> Option<&str> {
    match state {
        StepState::Failed { reason } | StepState::Skipped { reason } | StepState::UndoFailed { reason } => Some(reason),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn text_from_outside_can_neither_break_a_line_nor_turn_its_direction() {
        assert_eq!(one_line("a\r\nSubject: b\u{202e}c\u{0}"), "a Subject: b c");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), 200);
    }
}
