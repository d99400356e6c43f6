//! `standdown incidents`: the list, one with its alerts and runs, and its close.

use clap::Subcommand;
use jiff::Timestamp;

use crate::domain::IncidentId;
use crate::machine::Tone;
use crate::web::api::view::{Closure, IncidentList, IncidentView};

use super::context::Context;
use super::exit::Error;
use super::render::tone::{bold, of_severity};
use super::render::{Table, add, or_dash, or_nothing, paint, quoted, time};

/// Incidents and their alerts.
#[derive(Debug, Subcommand)]
pub enum Incidents {
    /// The newest incidents
    List {
        /// Only those that are open
        #[arg(long)]
        open: bool,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// One incident with its alerts and runs
    Show {
        /// The incident, inc_...
        id: IncidentId,
    },
    /// Close an incident whose runs are over; holds on its agent stay
    Close {
        /// The incident, inc_...
        id: IncidentId,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

impl Incidents {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let now = context.now();
        match self {
            Self::List { open, limit } => {
                let query = [("open", open.to_string()), ("limit", limit.to_string())];
                let list: IncidentList = context.client()?.get("/incidents", &query).await?;
                context.show(&list, |list| or_nothing(&table(list, now), "no incidents"))
            }
            Self::Show { id } => {
                let view: IncidentView = context.client()?.get(&format!("/incidents/{id}"), &[]).await?;
                context.show(&view, |view| words(view, now))
            }
            Self::Close { id, reason } => {
                let path = format!("/incidents/{id}/close");
                let view: IncidentView = context.client()?.post(&path, &Closure { reason }).await?;
                context.show(&view, |view| words(view, now))
            }
        }
    }
}

fn table(list: &IncidentList, now: Timestamp) -> Table {
    let mut table = Table::new(["id", "severity", "status", "agent", "alerts", "opened", "title"]);
    for incident in &list.incidents {
        let tone = if incident.status.is_open() { of_severity(incident.severity) } else { Tone::Neutral };
        table.row(
            tone,
            [
                incident.id.to_string(),
                incident.severity.to_string(),
                incident.status.as_str().to_owned(),
                or_dash(incident.agent.as_ref()),
                incident.alerts.to_string(),
                time::relative(incident.opened_at, now),
                quoted(&incident.title),
            ],
        );
    }
    table
}

fn words(view: &IncidentView, now: Timestamp) -> String {
    let incident = &view.incident;
    let severity = paint(of_severity(incident.severity), incident.severity.as_str());
    let mut text = format!("{}  {severity}  {}\n", bold(&incident.id.to_string()), incident.status.as_str());
    add(&mut text, format_args!("  \"{}\"\n", quoted(&incident.title)));
    let unowned = if incident.unowned { "  (nobody in the inventory owns it)" } else { "" };
    add(&mut text, format_args!("  agent   {}{unowned}\n", or_dash(incident.agent.as_ref())));
    add(&mut text, format_args!("  opened  {}\n\n", time::stamp(incident.opened_at, now)));
    let mut alerts = Table::new(["alert", "source", "severity", "status", "count", "last seen", "title"]);
    for alert in &view.alerts {
        let tone = if alert.resolved_at.is_some() { Tone::Neutral } else { of_severity(alert.alert.severity) };
        alerts.row(
            tone,
            [
                alert.alert.id.to_string(),
                alert.alert.source.to_string(),
                alert.alert.severity.to_string(),
                if alert.resolved_at.is_some() { "resolved" } else { alert.alert.status.as_str() }.to_owned(),
                alert.count.to_string(),
                time::relative(alert.last_seen_at, now),
                quoted(&alert.alert.title),
            ],
        );
    }
    text.push_str(&or_nothing(&alerts, "no alerts"));
    for alert in &view.alerts {
        for note in &alert.alert.notes {
            text.push_str(&paint(Tone::Waiting, &format!("  {}: {}\n", alert.alert.id, quoted(note))));
        }
    }
    text.push('\n');
    text.push_str(&or_nothing(&super::runs::table(&view.runs, now), "no run was started"));
    text
}
