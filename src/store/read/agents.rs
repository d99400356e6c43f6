//! Holds, sightings, budgets and switches.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{AgentId, Hold};
use crate::store::ports::{Agents, Read};
use crate::store::rows::{ContainmentRecord, GateSighting};

use super::{Cell, Database, Decoder, all, one, query, understood};

const STANDING: &str = "SELECT id, agent, body FROM holds WHERE lifted_at IS NULL ORDER BY id";
const STANDING_ON: &str = "SELECT id, agent, body FROM holds WHERE lifted_at IS NULL AND agent = $1 ORDER BY id";
const ENDED: &str =
    "SELECT id, body FROM holds WHERE lifted_at IS NULL AND end_handled = 0 AND ask_at <= $1 ORDER BY id";
const SIGHTINGS: &str = "SELECT agent, seen_at, refused_at FROM gate_sightings ORDER BY agent";
const CONTAINMENTS: &str = "SELECT agent, run, playbook, at FROM containments WHERE at >= $1 ORDER BY at, rowid";
const NAMED: &str = "SELECT key FROM settings WHERE key LIKE $1 ORDER BY key";

/// A hold that stands. A damaged one stands as well: it must neither let its agent go nor keep the daemon from starting.
fn standing(row: &Decoder<'_>) -> Read<Hold> {
    row.json("body").or_else(|error| Ok(Hold::unreadable(row.id("id")?, row.parse("agent")?, &error)))
}

impl<D: Database> Agents for D {
    async fn holds(&self) -> Read<Vec<Hold>> {
        all(self.readers(), "hold", query(STANDING, []), standing).await
    }

    async fn holds_on(&self, agent: &AgentId) -> Read<Vec<Hold>> {
        let query = query(STANDING_ON, [Cell::text(agent.as_str())]);
        all(self.readers(), "hold", query, standing).await
    }

    async fn holds_ended(&self, now: Timestamp) -> Read<Vec<Hold>> {
        understood(self.readers(), "hold", query(ENDED, [now.into()]), |row| row.json("body")).await
    }

    async fn gate_sightings(&self) -> Read<Vec<GateSighting>> {
        all(self.readers(), "a sighting", query(SIGHTINGS, []), |row| {
            Ok(GateSighting {
                agent: row.parse("agent")?,
                seen_at: row.time("seen_at")?,
                refused_at: row.optional_time("refused_at")?,
            })
        })
        .await
    }

    async fn containments(&self, since: Timestamp) -> Read<Vec<ContainmentRecord>> {
        all(self.readers(), "a containment", query(CONTAINMENTS, [since.into()]), |row| {
            Ok(ContainmentRecord {
                agent: row.parse("agent")?,
                run: row.id("run")?,
                playbook: row.parse("playbook")?,
                at: row.time("at")?,
            })
        })
        .await
    }

    async fn setting(&self, key: &str) -> Read<Option<Value>> {
        let query = query("SELECT value FROM settings WHERE key = $1", [key.into()]);
        one(self.readers(), "a setting", query, |row| row.json("value")).await
    }

    async fn settings_named(&self, beginning: &str) -> Read<Vec<String>> {
        let query = query(NAMED, [Cell::text(format!("{beginning}%"))]);
        all(self.readers(), "a setting", query, |row| row.text("key")).await
    }
}
