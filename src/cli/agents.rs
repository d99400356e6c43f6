//! `standdown agents`: what they may do now, and holds by hand.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{AgentId, HoldCause, Standing};
use crate::machine::Tone;
use crate::web::api::view::{AgentList, AgentView, HoldOrder};

use super::client::segment;
use super::context::Context;
use super::exit::Error;
use super::render::tone::{bold, of_standing};
use super::render::{Table, add, or_dash, or_nothing, paint, quoted, time};

/// Agents, what they may do now, and holds by hand.
#[derive(Debug, Subcommand)]
pub enum Agents {
    /// All agents of the inventory, and those that are held without being in it
    List {
        /// Only those that are held
        #[arg(long)]
        held: bool,
    },
    /// One agent with its holds
    Show {
        /// The agent
        id: AgentId,
    },
    /// Stop an agent at the gate, until somebody resumes it
    Pause(Hold),
    /// Stop an agent at the gate for good
    Retire(Hold),
    /// Lift every hold on an agent
    Resume {
        /// The agent
        id: AgentId,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct Hold {
    /// The agent
    id: AgentId,
    /// Why
    #[arg(long)]
    reason: String,
    /// When somebody is asked about it: a time (2026-11-23T12:00:00Z) or a duration (4h); the hold itself stays
    #[arg(long, value_parser = until)]
    until: Option<Until>,
}

/// A time, or a duration from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    At(Timestamp),
    In(SignedDuration),
}

fn until(text: &str) -> Result<Until, String> {
    let time = text.parse().map(Until::At);
    let wrong = |_| format!("`{text}` is neither a time (2026-11-23T12:00:00Z) nor a duration (4h)");
    time.or_else(|_| text.parse().map(Until::In)).map_err(wrong)
}

impl Until {
    fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::In(length) => now.saturating_add(length).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Agents {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let (client, now) = (context.client()?, context.now());
        let order =
            |hold: &Hold| HoldOrder { reason: hold.reason.clone(), until: hold.until.map(|until| until.resolve(now)) };
        let path = |id: &AgentId, verb: &str| format!("/agents/{}{verb}", segment(id.as_str()));
        let view: AgentView = match self {
            Self::List { held } => {
                let mut list: AgentList = client.get("/agents", &[]).await?;
                list.agents.retain(|agent| !held || agent.standing != Standing::Active);
                return context.show(&list, |list| or_nothing(&table(list, now), "no agents"));
            }
            Self::Show { id } => client.get(&path(&id, ""), &[]).await?,
            Self::Pause(hold) => client.post(&path(&hold.id, "/pause"), &order(&hold)).await?,
            Self::Retire(hold) => client.post(&path(&hold.id, "/retire"), &order(&hold)).await?,
            Self::Resume { id, reason } => {
                client.post(&path(&id, "/resume"), &HoldOrder { reason, until: None }).await?
            }
        };
        context.show(&view, |view| words(view, now))
    }
}

fn table(list: &AgentList, now: Timestamp) -> Table {
    let mut table = Table::new(["id", "standing", "tier", "owner", "environment", "gate", "name"]);
    for agent in &list.agents {
        table.row(
            of_standing(agent.standing),
            [
                agent.id.to_string(),
                agent.standing.to_string(),
                agent.tier.to_string(),
                or_dash(agent.owner.as_ref()),
                or_dash(agent.environment.as_ref()),
                gate(agent.gated, agent.gate.seen_at, now),
                if agent.known { quoted(&agent.name) } else { "(not in the inventory)".to_owned() },
            ],
        );
    }
    table
}

fn gate(gated: bool, seen_at: Option<Timestamp>, now: Timestamp) -> String {
    match (gated, seen_at) {
        (_, Some(at)) => format!("seen {}", time::relative(at, now)),
        (true, None) => "never seen".to_owned(),
        (false, None) => "not gated".to_owned(),
    }
}

fn words(view: &AgentView, now: Timestamp) -> String {
    let agent = &view.agent;
    let standing = paint(of_standing(view.standing), view.standing.as_str());
    let mut text = format!("{}  {standing}\n", bold(agent.id.as_str()));
    let mut field = |name: &str, value: String| add(&mut text, format_args!("  {name:<12} {value}\n"));
    field("name", if agent.known { quoted(&agent.name) } else { "(not in the inventory)".to_owned() });
    field("owner", or_dash(agent.owner.as_ref()));
    field("tier", agent.tier.to_string());
    field("environment", or_dash(agent.environment.as_ref()));
    field("systems", or_dash((!agent.systems.is_empty()).then(|| agent.systems.join(", "))));
    field("gate", gate(agent.gated, view.gate.seen_at, now));
    if agent.protected {
        field("protected", "nothing contains it without a person".to_owned());
    }
    for hold in &view.holds {
        let by = match &hold.cause {
            HoldCause::Run { run, path } => format!("{run}, step {path}"),
            HoldCause::Person => hold.by.to_string(),
            HoldCause::Unreadable => "nobody knows whom".to_owned(),
        };
        let asked = hold.until.map(|at| format!("; asked about {}", time::stamp(at, now))).unwrap_or_default();
        let placed = time::stamp(hold.placed_at, now);
        let line = format!(
            "\n✗ {} since {placed} by {by}{asked}\n    \"{}\"\n",
            Standing::from(hold.level),
            quoted(&hold.reason)
        );
        text.push_str(&paint(Tone::Bad, &line));
    }
    if !view.holds.is_empty() && view.gate.seen_at.is_none() {
        let line = format!("\n✗ the gate has never seen {}: holding it here will not stop it\n", agent.id);
        text.push_str(&paint(Tone::Bad, &line));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_hold_is_a_time_or_a_duration() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(until("4h").unwrap().resolve(now), Timestamp::from_second(15_400).unwrap());
        let at = "2026-11-23T12:00:00Z";
        assert_eq!(until(at).unwrap().resolve(now), at.parse().unwrap());
        assert!(until("soon").unwrap_err().contains("4h"));
    }
}
