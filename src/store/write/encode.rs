//! Rows of a commit as cells of a statement.

use crate::domain::{Alert, AlertId, AlertStatus, Incident, ReplicaId, Run, RunId};
use crate::store::claim::LateReply;
use crate::store::commit::{CommitError, Row};
use crate::store::rows::{Subject, Token};
use crate::store::upkeep::Retired;

use serde_json::Value;

use super::cell::Cell;
use super::prepared::{NEW_RUN_STATE_BYTES_MAX, RUN_STATE_BYTES_MAX, subject_key};
use super::state;
use super::target::Target;

type Rows = Vec<(Target, Vec<Cell>)>;

/// What the rows of a commit must know of each other.
pub struct Context {
    /// The runs that its guards know to be there already.
    pub old_runs: Vec<RunId>,
    /// The alerts that it stores just as its runs have them.
    pub stored_alerts: Vec<AlertId>,
}

impl Context {
    fn state_bytes_max(&self, run: &Run) -> usize {
        if self.old_runs.contains(&run.id) { RUN_STATE_BYTES_MAX } else { NEW_RUN_STATE_BYTES_MAX }
    }

    fn writes_alert_of(&self, run: &Run) -> bool {
        !self.old_runs.contains(&run.id) && !self.stored_alerts.contains(&run.alert.id)
    }
}

/// Adds what the row writes for a replica in a commit of which `context` is known. Events have their own way: they are
/// numbered by the writer.
pub fn encode(row: Row, replica: ReplicaId, context: &Context, rows: &mut Rows) -> Result<(), CommitError> {
    let (target, cells) = match row {
        Row::Alert { alert, raw, incident } => {
            (Target::Alerts, alert_cells(&alert, incident.map(|id| Cell::from(id.as_bytes())), &raw)?)
        }
        Row::Delivery { source, delivery, at, answer } => {
            (Target::Deliveries, vec![source.as_str().into(), Cell::text(delivery), at.into(), Cell::json(&answer)])
        }
        Row::Incident(incident) => (Target::Incidents, incident_cells(&incident)),
        Row::Run(run) => (Target::Runs, run_cells(&run, replica, context)?),
        Row::Hold(hold) => {
            let ask_at = hold.until.filter(|_| hold.ask_at_end);
            let cells = vec![hold.id.as_bytes().into(), hold.agent.as_str().into(), ask_at.into(), Cell::record(&hold)];
            (Target::Holds, cells)
        }
        Row::Approval { run, agent, approval } => {
            let pending = approval.status == crate::domain::approval::ApprovalStatus::Pending;
            let (id, run) = (approval.id.as_bytes().into(), run.as_bytes().into());
            let bundle = approval.bundle.as_ref().map(|bundle| Cell::from(bundle.first.as_bytes()));
            let record = Cell::record(&approval);
            (Target::Approvals, vec![id, run, agent.as_str().into(), Cell::flag(pending), bundle.into(), record])
        }
        Row::Token(token) => (Target::Tokens, token_cells(&token)),
        Row::Message(message) => {
            let run = message.run.map(|run| Cell::Id(*run.as_bytes()));
            let id = message.id.as_bytes().into();
            let body = Cell::record(&message);
            (Target::Messages, vec![id, run.into(), Cell::text("queued"), message.created_at.into(), body])
        }
        Row::Containment { agent, run, playbook, at } => (
            Target::Containments,
            vec![at.into(), agent.as_str().into(), run.as_bytes().into(), playbook.as_str().into()],
        ),
        Row::Playbook { digest, name, text, approvals, at } => {
            let approvals = approvals.map(|kept| Cell::json(&kept));
            let (digest, name) = ((&digest).into(), name.as_str().into());
            (Target::Playbooks, vec![digest, name, Cell::text(text), approvals.into(), at.into(), at.into()])
        }
        Row::DeadLetter(letter) => (Target::DeadLetters, vec![letter.id.as_bytes().into(), Cell::record(&letter)]),
        Row::Blob { digest, bytes } => (Target::Blobs, vec![(&digest).into(), Cell::bytes(&bytes)]),
        Row::GateSight { agent, seen_at, refused_at } => {
            (Target::GateSightings, vec![agent.as_str().into(), seen_at.into(), refused_at.into()])
        }
        Row::Setting { key, value } => (Target::Settings, vec![(*key).into(), Cell::json(&value)]),
        Row::Retired(retired) => {
            encode_retired(*retired, rows);
            return Ok(());
        }
        Row::LateReply(late) => (Target::LateReplies, late_cells(&late)),
        change => match encode_change(change) {
            Some(encoded) => encoded,
            None => return Ok(()),
        },
    };
    rows.push((target, cells));
    Ok(())
}

/// Rows that change what is there.
fn encode_change(row: Row) -> Option<(Target, Vec<Cell>)> {
    Some(match row {
        Row::AlertRepeated { alert, at } => {
            (Target::AlertsRepeated, vec![alert.as_bytes().into(), Cell::Integer(1), at.into()])
        }
        Row::AlertResolved { alert, at } => (Target::AlertsResolved, vec![alert.as_bytes().into(), at.into()]),
        Row::HoldLifted { hold, at, by, reason } => {
            (Target::HoldsLifted, vec![hold.as_bytes().into(), at.into(), Cell::record(&by), Cell::text(reason)])
        }
        Row::HoldEndHandled { hold } => (Target::HoldEndsHandled, vec![hold.as_bytes().into()]),
        Row::TokenFailed { token } => (Target::TokensFailed, vec![(&token).into(), Cell::Integer(1)]),
        Row::SettingGone { key } => (Target::SettingsGone, vec![Cell::text(key)]),
        Row::TokenRevoked { token } => (Target::TokensRevoked, vec![(&token).into()]),
        Row::MessageDelayed { message, next_at, error } => {
            let cells = vec![message.as_bytes().into(), Cell::Integer(1), next_at.into(), Cell::text(error)];
            (Target::MessagesDelayed, cells)
        }
        Row::MessageSent { message, at } => (Target::MessagesSent, vec![message.as_bytes().into(), at.into()]),
        Row::MessageUndelivered { message, at, error } => {
            (Target::MessagesUndelivered, vec![message.as_bytes().into(), at.into(), Cell::text(error)])
        }
        Row::RunAdvanced { run } => (Target::RunsAdvanced, vec![run.as_bytes().into()]),
        Row::RunQuarantined { run, reason } => {
            let (epoch, takeovers) = (Cell::Integer(1), Cell::Integer(0));
            (Target::RunsQuarantined, vec![run.as_bytes().into(), epoch, takeovers, Cell::text(reason)])
        }
        Row::RunReleased { run } => (Target::RunsReleased, vec![run.as_bytes().into()]),
        Row::Alert { .. }
        | Row::Delivery { .. }
        | Row::Incident(_)
        | Row::Run(_)
        | Row::Event { .. }
        | Row::Hold(_)
        | Row::Approval { .. }
        | Row::Token(_)
        | Row::Message(_)
        | Row::Containment { .. }
        | Row::Playbook { .. }
        | Row::DeadLetter(_)
        | Row::Blob { .. }
        | Row::GateSight { .. }
        | Row::LateReply(_)
        | Row::Setting { .. }
        | Row::Retired(_) => return None,
    })
}

/// What goes with something that is forgotten.
fn encode_retired(retired: Retired, rows: &mut Rows) {
    match retired {
        Retired::Run { run, approvals } => {
            for approval in approvals {
                rows.push((Target::TokensRetired, vec![approval.as_bytes().into()]));
                rows.push((Target::ApprovalsRetired, vec![approval.as_bytes().into()]));
            }
            rows.push((Target::RunMessagesRetired, vec![run.as_bytes().into()]));
            rows.push((Target::EventsRetired, vec![Cell::bytes(&subject_key(&Subject::Run(run)))]));
            rows.push((Target::RunsRetired, vec![run.as_bytes().into()]));
        }
        Retired::Alert(alert) => {
            rows.push((Target::AlertsRetired, vec![alert.as_bytes().into()]));
        }
        Retired::Incident(incident) => {
            rows.push((Target::EventsRetired, vec![Cell::bytes(&subject_key(&Subject::Incident(incident)))]));
            rows.push((Target::IncidentsRetired, vec![incident.as_bytes().into()]));
        }
        Retired::Hold(hold) => rows.push((Target::HoldsRetired, vec![hold.as_bytes().into()])),
        Retired::Message(message) => rows.push((Target::MessagesRetired, vec![message.as_bytes().into()])),
        Retired::Delivery { source, delivery } => {
            rows.push((Target::DeliveriesRetired, vec![source.as_str().into(), Cell::text(delivery)]));
        }
        Retired::DeadLetter(letter) => rows.push((Target::DeadLettersRetired, vec![letter.as_bytes().into()])),
        Retired::Containments { at } => rows.push((Target::ContainmentsRetired, vec![at.into()])),
    }
}

/// Whether repeats of an alert fold into it. A test must not make the real thing look like a repeat of it.
pub fn is_firing(alert: &Alert) -> bool {
    matches!(alert.status, AlertStatus::Firing | AlertStatus::Acknowledged) && !alert.is_test
}

fn alert_cells(alert: &Alert, incident: Option<Cell>, raw: &Value) -> Result<Vec<Cell>, CommitError> {
    let resolved_at = match alert.status {
        AlertStatus::Resolved => Some(alert.ended_at.unwrap_or(alert.received_at)),
        AlertStatus::Firing | AlertStatus::Acknowledged | AlertStatus::Event | AlertStatus::Unknown => None,
    };
    Ok(vec![
        alert.id.as_bytes().into(),
        alert.source.as_str().into(),
        (&alert.dedup_key).into(),
        incident.into(),
        Cell::flag(is_firing(alert)),
        Cell::Integer(1),
        alert.received_at.into(),
        resolved_at.into(),
        Cell::text(within("an alert", serde_json::to_string(alert).unwrap_or_default(), RUN_STATE_BYTES_MAX)?),
        Cell::json(raw),
    ])
}

/// The text, unless it is too long to be kept.
fn within(what: &'static str, text: String, bytes_max: usize) -> Result<String, CommitError> {
    if text.len() > bytes_max {
        return Err(CommitError::TooLarge { what, bytes: text.len(), bytes_max });
    }
    Ok(text)
}

fn incident_cells(incident: &Incident) -> Vec<Cell> {
    vec![
        incident.id.as_bytes().into(),
        Cell::count(incident.version),
        incident.key.as_str().into(),
        Cell::flag(incident.status.is_open()),
        Cell::record(incident),
    ]
}

/// The alert of a run stands in a column of its own, and only if the run is new and its alert is not stored as an alert
/// (`writes_alert`): no change of the run writes it again.
fn run_cells(run: &Run, replica: ReplicaId, context: &Context) -> Result<Vec<Cell>, CommitError> {
    let what = "the state of a run";
    let alert = || within(what, serde_json::to_string(&run.alert).unwrap_or_default(), RUN_STATE_BYTES_MAX);
    let alert = context.writes_alert_of(run).then(alert);
    let state = within(what, state::json(run), context.state_bytes_max(run))?;
    let state = if state.is_empty() { Cell::Null } else { Cell::text(state) };
    let open = !run.status.is_finished();
    let wake_at = run.wake_at();
    Ok(vec![
        run.id.as_bytes().into(),
        Cell::count(run.version),
        run.incident.as_bytes().into(),
        run.playbook.as_str().into(),
        (&run.digest).into(),
        run.agent.id.as_str().into(),
        run.mode.as_str().into(),
        run.status.as_str().into(),
        run.containment().map(|(verdict, _)| Cell::text(verdict.as_str())).into(),
        Cell::flag(open),
        wake_at.into(),
        Cell::flag(open || wake_at.is_some()),
        Cell::Integer(i64::from(run.in_hand().as_number())),
        replica.as_bytes().into(),
        run.started_at.into(),
        run.ended_at.into(),
        run.alert.id.as_bytes().into(),
        alert.transpose()?.map(Cell::text).into(),
        state,
    ])
}

fn late_cells(late: &LateReply) -> Vec<Cell> {
    vec![
        late.run.as_bytes().into(),
        late.at.into(),
        Cell::text(late.step.to_string()),
        Cell::Integer(i64::from(late.attempt)),
        Cell::count(late.epoch),
        late.replica.as_bytes().into(),
        late.kind.as_str().into(),
        Cell::json(&late.outcome),
    ]
}

fn token_cells(token: &Token) -> Vec<Cell> {
    vec![
        (&token.digest).into(),
        (&token.code).into(),
        token.approval.as_bytes().into(),
        token.run.as_bytes().into(),
        token.person.as_str().into(),
        token.message.as_bytes().into(),
        token.minted_at.into(),
        Cell::Integer(i64::from(token.failures)),
        Cell::flag(token.revoked),
    ]
}
