//! From one item to one alert.

use super::items::Delivery;
use super::rule::View;
use super::{Mapped, Mapping, caps};
use crate::domain::alert::Alert;
use crate::domain::{AlertId, AlertStatus, Digest};
use crate::source::codes;
use crate::source::refusal::Refusal;
use serde_json::{Value, json};
use std::sync::Arc;

impl Mapping {
    pub(super) fn apply(&self, view: &mut View, delivery: Delivery<'_>) -> Result<Mapped, Refusal> {
        if !view.item().is_object() {
            let refusal = Refusal::not_mappable(codes::ITEM_NOT_AN_OBJECT, "the item is no object");
            return Err(refusal.hint("each item that becomes an alert is a JSON object"));
        }
        let dedup_key = self.dedup_key(view, delivery)?;
        let delivery_id = self.delivery_id(view, delivery)?;
        let rule = view.short_text(self.rule.as_ref());
        let title = view.text(Some(&self.title));
        let title = title.or_else(|| rule.clone()).unwrap_or_else(|| format!("Alert from {}", delivery.source));
        let status = self.status.read(view);
        let (severity, severity_raw) = self.severity.read(view);
        let received_at = delivery.received_at;
        let occurred_at = view.time(self.occurred_at.as_ref(), received_at);
        // Some senders give the time at which an alert would end if nothing more came.
        let ended_at = match status {
            AlertStatus::Firing | AlertStatus::Acknowledged => None,
            AlertStatus::Resolved | AlertStatus::Event | AlertStatus::Unknown => {
                view.time(self.ended_at.as_ref(), received_at)
            }
        };
        let alert = Alert {
            id: AlertId::generate(received_at),
            source: delivery.source.clone(),
            trust: delivery.trust,
            delivery_id,
            event_id: view.key(self.event_id.as_ref()),
            dedup_key,
            group_key: view.key(self.group_key.as_ref()),
            rule,
            title: caps::first_characters(&title, caps::TITLE_CHARACTERS_MAX),
            status,
            severity,
            severity_raw,
            occurred_at: occurred_at.unwrap_or(received_at),
            occurred_at_assumed: occurred_at.is_none(),
            ended_at,
            received_at,
            agent: self.agent.read(view),
            principal: self.principal.as_ref().and_then(|rules| rules.read(view)),
            credential: self.credential.as_ref().and_then(|rules| rules.read(view)),
            owner: view.short_text(self.owner.as_ref()),
            resources: view.resources(self.resources.as_ref()),
            labels: view.labels(self.labels.as_ref()),
            fields: view.fields(&self.fields),
            is_test: view.flag(self.is_test.as_ref()),
            truncated: view.flag(self.truncated.as_ref()),
            auth: delivery.authenticated.authentication.clone(),
            notes: Vec::new(),
        };
        let alert = Alert { notes: caps::notes(&view.take_said()), ..alert };
        Ok(Mapped { alert: Arc::new(alert), raw: Arc::new(view.take_item()), notes: view.take_notes() })
    }

    /// The digest of the source and of the parts of the identity, a missing one being null.
    fn dedup_key(&self, view: &mut View, delivery: Delivery<'_>) -> Result<Digest, Refusal> {
        let parts: Vec<Value> = self.dedup.iter().map(|rule| view.secret_value(rule)).collect();
        if parts.iter().all(says_nothing) {
            let places: Vec<String> = self.dedup.iter().map(|rule| format!("`{}`", rule.place())).collect();
            let reason = format!("the alert has no {}, a text by which repeats are known", places.join(" and no "));
            let hint = "send it; `standdown help alerts` shows a whole alert, and `dedup` under the source's `map` says \
                        what else it could be known by";
            return Err(Refusal::not_mappable(codes::NO_IDENTITY, reason).hint(hint));
        }
        Ok(Digest::of_json(&json!({ "source": delivery.source, "key": parts })))
    }

    /// The id that was authenticated with the delivery, or the one that the mapping finds.
    fn delivery_id(&self, view: &mut View, delivery: Delivery<'_>) -> Result<Option<String>, Refusal> {
        let authenticated = delivery.authenticated.delivery_id.as_deref().map(caps::key);
        let id = authenticated.or_else(|| view.key(self.delivery_id.as_ref()));
        if id.is_none() && delivery.require_delivery_id {
            let refusal = Refusal::not_mappable(codes::NO_DELIVERY_ID, "the delivery has no id");
            return Err(refusal.hint("have the sender give one, or take `require_delivery_id` away"));
        }
        Ok(id)
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
