//! What intake says: to people, of an agent that nobody owns and of a playbook that could not run; and to an incident's
//! history, of a playbook that was silent.

use crate::domain::{Alert, IncidentId, MessageKind, Principal, RunId};
use crate::machine::notice::one_line;
use crate::playbook::Playbook;
use crate::store::Row;

use super::{Batch, Subject};

impl Batch<'_> {
    /// The incident's history says that a playbook was silent: whoever looks later must not think that it did not match.
    pub(super) fn silence(&mut self, playbook: &Playbook, alert: &Alert, subject: &Subject, because: &str) {
        tracing::info!(playbook.name = %playbook.name, alert.id = %alert.id, because, "a playbook was silent");
        if let Some(touched) = self.incidents.get_mut(&subject.key) {
            touched.silenced(&playbook.name, alert, because, self.at);
        }
    }

    /// The incident's history says that a playbook started again, by which run, or that it did not, and why.
    pub(super) fn say_again(
        &mut self,
        playbook: &Playbook,
        alert: &Alert,
        subject: &Subject,
        run: Option<RunId>,
        because: &str,
    ) {
        tracing::debug!(playbook.name = %playbook.name, alert.id = %alert.id, ?run, because, "asked whether it runs again");
        if let Some(touched) = self.incidents.get_mut(&subject.key) {
            touched.again(&playbook.name, alert, run, because, self.at);
        }
    }

    /// Nobody owns an agent that the inventory does not have: the fallback owner is told.
    pub(super) fn tell_fallback(&mut self, alert: &Alert, subject: &Subject, incident: IncidentId) {
        let text = format!(
            "{}\n\nAgent:    {}\nAlert:    \"{}\"\n\
             Severity: {}\nSource:   {}\nIncident: {incident}\n\nNobody owns it. Add it to the inventory, or find out who it is.\n",
            headline(alert),
            subject.agent.name,
            one_line(&alert.title),
            alert.severity,
            alert.source,
        );
        self.tell(&[Principal::Fallback], format!("Unknown agent: {}", subject.agent.name), text);
    }

    pub(super) fn tell_playbook_owner(&mut self, playbook: &Playbook, why: &str) {
        let text = format!(
            "Playbook {} did not run for an alert:\n{why}\n\nIts condition: {}\n",
            playbook.name,
            playbook.when.source(),
        );
        self.tell(&[playbook.owner.clone(), Principal::Fallback], format!("Playbook fault: {}", playbook.name), text);
    }

    fn tell(&mut self, to: &[Principal], subject: String, text: String) {
        let engine = &self.intake.engine;
        let people = engine.inventory().directory().resolve(to, None);
        let messages = engine.messages(&people, &MessageKind::Notice { subject, text }, None, self.at);
        self.rows.extend(messages.into_iter().map(|message| Row::Message(Box::new(message))));
    }
}

/// What is wrong with the agent of an alert, and what else of its message was not taken as it stood.
fn headline(alert: &Alert) -> String {
    let claimed = &alert.agent;
    let named = claimed.id.is_some() || claimed.instance.is_some() || claimed.name.is_some();
    let first =
        if named { "An alert names an agent that the inventory does not have." } else { "An alert names no agent." };
    let notes = alert.notes.iter().map(|note| format!("\nOf its message: {}", one_line(note)));
    format!("{first}{}", notes.collect::<String>())
}
