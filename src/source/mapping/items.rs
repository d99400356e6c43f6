//! From a body to its items: how a delivery is taken apart, and what is not an item.

use super::rule::View;
use super::{ITEMS_MAX, Mapped, Mapping, RefusedItem};
use crate::domain::{SourceId, Trust};
use crate::language::EvaluationError;
use crate::source::authentication::Authenticated;
use crate::source::codes;
use crate::source::refusal::Refusal;
use jiff::Timestamp;
use serde_json::Value;

/// What is known of a delivery besides its body.
#[derive(Clone, Copy)]
pub(in crate::source) struct Delivery<'a> {
    pub(in crate::source) source: &'a SourceId,
    pub(in crate::source) trust: Trust,
    pub(in crate::source) authenticated: &'a Authenticated,
    /// An object of the headers that a mapping may see.
    pub(in crate::source) headers: &'a Value,
    pub(in crate::source) received_at: Timestamp,
    pub(in crate::source) require_delivery_id: bool,
}

impl Mapping {
    /// The alerts of a body, item by item.
    pub(in crate::source) fn map(
        &self,
        body: &Value,
        delivery: Delivery<'_>,
    ) -> Result<Vec<Result<Mapped, RefusedItem>>, Refusal> {
        let hidden = !self.redaction.is_empty();
        let shown = hidden.then(|| self.redact(body));
        let mut view = View::new(body, shown, delivery.headers, delivery.received_at);
        let items = self.items(body, &view)?;
        let mut mapped = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let shown = hidden.then(|| self.redact(&item));
            view.set_item(item, shown);
            mapped.push(self.apply(&mut view, delivery).map_err(|refusal| {
                let reason = format!("item {index}: {}", refusal.reason);
                RefusedItem { index, refusal: Refusal { reason, ..refusal }, raw: view.item().clone() }
            }));
        }
        Ok(mapped)
    }

    fn items(&self, body: &Value, view: &View) -> Result<Vec<Value>, Refusal> {
        let Some(each) = &self.each else { return Ok(vec![body.clone()]) };
        let no_list = |what: String| {
            let refusal = Refusal::not_mappable(codes::NO_ITEMS, format!("`each` gives no list: {what}"));
            refusal.hint("is this the sender that the source was configured for?")
        };
        let items = match view.try_value(each) {
            Ok(Value::Array(items)) => items,
            Ok(_) => return Err(no_list("the value is no list".to_owned())),
            Err(EvaluationError::Missing { name }) => return Err(no_list(format!("the body has no `{name}`"))),
            Err(error) => return Err(no_list(error.to_string())),
        };
        if items.len() > ITEMS_MAX {
            let reason = format!("the delivery has {} items, more than {ITEMS_MAX}", items.len());
            let refusal = Refusal::not_mappable(codes::TOO_MANY_ITEMS, reason);
            return Err(refusal.hint("have the sender send smaller batches"));
        }
        Ok(items)
    }
}
