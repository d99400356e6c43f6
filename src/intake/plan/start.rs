//! What an alert does to the one playbook that it matches: a run begins, or one under way is joined, replaced or left alone.

use std::sync::Arc;

use crate::domain::inheritance::INHERITED_MAX;
use crate::domain::{Actor, AgentId, Alert, EventKind, HoldId, IncidentId, PlaybookName, RunId};
use crate::engine::{StartError, StartRequest, Told};
use crate::intake::answer::Refused;
use crate::intake::memory::Word;
use crate::intake::schedules::scheduled_by;
use crate::playbook::{OnAlert, Playbook};
use crate::store::OpenRun;

use super::{Batch, Subject};

impl Batch<'_> {
    /// Starts a playbook, or does to its run under way what it says. The run, or why there is none; that a run could not
    /// begin is told to the playbook's owner, if it is to be told (`tells`).
    pub(super) async fn start(
        &mut self,
        playbook: &Arc<Playbook>,
        alert: &Arc<Alert>,
        subject: &Subject,
        incident: IncidentId,
        tells: bool,
    ) -> Result<(Option<RunId>, Option<String>), Refused> {
        let under_way = self.under_way(incident, &playbook.name, &subject.agent.id);
        let mut inherits = Vec::new();
        match (under_way, playbook.on_new_alert) {
            (Some(run), OnAlert::Join) => return Ok((Some(self.join(run, alert)), None)),
            (Some(run), OnAlert::Ignore) => return Ok((None, Some(format!("{run} of this playbook is under way")))),
            (Some(old), OnAlert::Restart) => {
                inherits = self.inheritance(old, &subject.agent.id).await?;
                if inherits.len() >= INHERITED_MAX {
                    let why = format!("it was restarted over {INHERITED_MAX} holds: the alert joins instead");
                    return Ok((Some(self.join(old, alert)), Some(why)));
                }
            }
            (None, _) => {}
        }
        let request = StartRequest {
            playbook,
            mode: playbook.mode,
            incident,
            agent: &subject.agent,
            alert,
            actor: match scheduled_by(alert) {
                Some(playbook) => Actor::Schedule { playbook: playbook.to_owned() },
                None => Actor::Source { id: alert.source.clone() },
            },
            inherits,
        };
        let prepared = self.intake.engine.prepare(request).map_err(StartError::from);
        match prepared.and_then(|started| started.fitting(self.measures)) {
            Ok(started) => {
                let id = started.run().id;
                self.told.extend(under_way.map(|run| Told { run, kind: EventKind::RunSuperseded { by: id } }));
                // A run that is over as soon as it begins (it only observes) is nothing that a further alert could join.
                if !started.run().status.is_finished() {
                    let open =
                        OpenRun { id, incident, playbook: playbook.name.clone(), agent: subject.agent.id.clone() };
                    self.open.entry(incident).or_default().push(open);
                }
                self.started.push(started);
                if let Some(touched) = self.incidents.get_mut(&subject.key) {
                    touched.in_progress();
                }
                Ok((Some(id), None))
            }
            Err(error) => {
                tracing::error!(playbook.name = %playbook.name, %error, "a run could not start");
                if tells {
                    self.tell_playbook_owner(playbook, &format!("it matched, and its run could not start: {error}"));
                    self.say(incident, playbook, Word::NotStarted);
                }
                Ok((None, Some(error.to_string())))
            }
        }
    }

    fn join(&mut self, run: RunId, alert: &Alert) -> RunId {
        let kind = EventKind::AlertJoined { alert: alert.id, source: Some(alert.source.clone()) };
        self.told.push(Told { run, kind });
        run
    }

    /// What a run that takes another's place takes over from it: what releases it must release that too. The other one may
    /// begin in this very delivery.
    async fn inheritance(&self, old: RunId, agent: &AgentId) -> Result<Vec<HoldId>, Refused> {
        match self.started.iter().find(|started| started.run().id == old) {
            Some(started) => Ok(started.leaves(agent)),
            None => Ok(self.intake.engine.inheritance(old, agent).await?),
        }
    }

    /// A run about another agent, which a run of this incident started, is none that an alert joins.
    pub(super) fn under_way(&self, incident: IncidentId, playbook: &PlaybookName, agent: &AgentId) -> Option<RunId> {
        let open = self.open.get(&incident)?;
        open.iter().rev().find(|run| run.playbook == *playbook && run.agent == *agent).map(|run| run.id)
    }
}
