//! Alerts whose sender says that they are over. That ends no run and no hold: silence never releases, and neither does a
//! sender.

use serde_json::json;

use crate::source::Mapped;
use crate::store::{Row, StoredAlert};

use super::{Batch, identity};

impl Batch<'_> {
    /// The alert is over. A resolve older than the last firing is ignored, and it never ends a hold. What was answered is
    /// on record in any case.
    pub(super) fn resolve(&mut self, mapped: &Mapped, known: Option<StoredAlert>) {
        let alert = &mapped.alert;
        let ended = alert.ended_at.unwrap_or(self.at);
        let in_this_body = self.fresh.get(&identity(alert)).map(|(first, _)| first.id);
        let outcome = match (known, in_this_body) {
            (Some(known), _) if ended < known.alert.occurred_at => "ignored",
            (Some(known), _) => {
                self.rows.push(Row::AlertResolved { alert: known.alert.id, at: ended });
                self.ended.insert(known.alert.id);
                "resolved"
            }
            (None, Some(first)) => {
                self.fresh.remove(&identity(alert));
                self.rows.push(Row::AlertResolved { alert: first, at: ended });
                "resolved"
            }
            (None, None) => "ignored",
        };
        if outcome == "ignored" {
            self.record(mapped, None);
        }
        self.answers.push(json!({ "alert": alert.id, "outcome": outcome, "playbooks": [] }));
    }
}
