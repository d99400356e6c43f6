//! Alerts of Standdown's own: the end of a hold, something found undone. They come in by the same door as all others.
//!
//! What the queue brings is only quick: an alert stays written until it is taken, so what a crash or a store that did not
//! answer left behind is looked for at the start and from time to time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{Alert, AlertId, AlertStatus, Digest, Severity, SourceId, Trust};
use crate::engine::SystemAlert;
use crate::source::{Authenticated, Mapped};

use super::Intake;
use super::answer::Refused;
use super::schedules::INTERNAL;

/// The source of alerts of our own.
pub const SOURCE: &str = "system";

/// How often what was left behind is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How soon one that could not be taken is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// When what was left behind is looked for next. What the queue brings meanwhile never puts it off.
struct Sweep {
    at: Instant,
}

impl Sweep {
    /// One was left behind just now.
    fn sooner(&mut self, now: Instant) {
        self.at = self.at.min(now + TRY_AGAIN);
    }

    /// It was looked, and `all` were taken, or not.
    fn done(&mut self, all: bool, now: Instant) {
        self.at = now + if all { SWEEP_EVERY } else { TRY_AGAIN };
    }
}

impl Intake {
    /// Takes alerts of our own until the daemon stops.
    pub async fn keep_system_alerts(&self, mut queue: UnboundedReceiver<SystemAlert>) {
        let supervisor = self.engine.supervisor().clone();
        let mut sweep = Sweep { at: Instant::now() };
        loop {
            tokio::select! {
                () = supervisor.stopping() => return,
                next = queue.recv() => match next {
                    Some(own) if self.receive_or_say(&own).await => {}
                    Some(_) => sweep.sooner(Instant::now()),
                    None => return,
                },
                () = tokio::time::sleep_until(sweep.at) => {
                    let all = self.take_left_alerts().await;
                    sweep.done(all, Instant::now());
                }
            }
        }
    }

    /// Takes what was left behind; whether nothing is left now.
    pub async fn take_left_alerts(&self) -> bool {
        let left = match self.engine.system_alerts_left().await {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(%error, "alerts of our own could not be looked for; trying again");
                return false;
            }
        };
        let mut all = true;
        for own in left {
            all &= self.receive_or_say(&own).await;
        }
        all
    }

    async fn receive_or_say(&self, own: &SystemAlert) -> bool {
        let received = self.receive_system(own).await;
        if let Err(error) = &received {
            tracing::error!(rule = %own.rule, agent.id = %own.agent, %error, "an alert of our own could not be taken; trying again");
        }
        received.is_ok()
    }

    /// Takes an alert of our own from the source `system`, and takes away what kept it. One that was taken before, here or
    /// by another replica, is not taken again.
    pub async fn receive_system(&self, own: &SystemAlert) -> Result<(), Refused> {
        let Ok(source) = SourceId::parse(SOURCE) else { return Ok(()) };
        let identity = identity(own);
        let alert = Arc::new(system_alert(&source, own, self.engine.clock().now()));
        let delivery_id = Some(own.id.to_string());
        let authenticated = Authenticated { authentication: alert.auth.clone(), delivery_id };
        let mapped = [Mapped { alert, raw: Arc::new(identity), notes: Vec::new() }];
        self.take(&source, 202, &authenticated, &mapped, vec![own.taken()]).await?;
        Ok(())
    }

    /// An alert that did not come from outside.
    pub(super) fn own_alert(
        &self,
        source: &SourceId,
        rule: &str,
        title: &str,
        agent: Claimed,
        identity: &serde_json::Value,
    ) -> Alert {
        own_alert(source, rule, title, agent, identity, self.engine.clock().now())
    }
}

/// What makes an alert of our own one and the same.
fn identity(own: &SystemAlert) -> serde_json::Value {
    json!({ "rule": own.rule, "agent": own.agent, "at": own.at, "id": own.id })
}

/// An alert of our own as it comes in: from the source `system`, about its agent.
#[must_use]
pub fn system_alert(source: &SourceId, own: &SystemAlert, received_at: Timestamp) -> Alert {
    let claimed = Claimed { id: Some(own.agent.to_string()), ..Claimed::default() };
    let alert = own_alert(source, &own.rule, &own.title, claimed, &identity(own), received_at);
    Alert { id: own.id, occurred_at: own.at, ..alert }
}

/// An alert that did not come from outside, at a time.
pub(super) fn own_alert(
    source: &SourceId,
    rule: &str,
    title: &str,
    agent: Claimed,
    identity: &serde_json::Value,
    at: Timestamp,
) -> Alert {
    Alert {
        id: AlertId::generate(at),
        source: source.clone(),
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of_json(identity),
        group_key: None,
        rule: Some(rule.to_owned()),
        title: title.to_owned(),
        status: AlertStatus::Event,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: at,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at,
        agent,
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: BTreeMap::new(),
        fields: Map::new(),
        is_test: false,
        notes: Vec::new(),
        truncated: false,
        auth: Authentication { scheme: INTERNAL.to_owned(), key_id: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_fails_again_and_again_never_puts_the_next_look_off() {
        let start = Instant::now();
        let mut sweep = Sweep { at: start };
        sweep.done(true, start);
        assert_eq!(sweep.at, start + SWEEP_EVERY);
        for tenth in 0..100 {
            sweep.sooner(start + Duration::from_millis(100 * tenth));
            assert_eq!(sweep.at, start + TRY_AGAIN, "after {tenth} tenths of a second");
        }
        sweep.done(false, start + TRY_AGAIN);
        assert_eq!(sweep.at, start + 2 * TRY_AGAIN);
    }
}
