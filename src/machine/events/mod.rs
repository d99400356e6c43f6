//! What each event does, a file per event. An event first checks that the state allows it; then it changes only what the
//! event says. What follows from the change (the next steps, the next stage) is the business of `advance`.

pub mod alert_joined;
pub mod approval_asked;
pub mod approval_promoted;
pub mod attempt_began;
pub mod attempt_checked;
pub mod attempt_ended;
pub mod attempt_lost;
pub mod attempt_prepared;
pub mod attempt_proved;
pub mod child_ended;
pub mod child_refused;
pub mod child_started;
pub mod escalated;
pub mod holds_lifted;
pub mod notified;
pub mod rechecked;
pub mod resolved;
pub mod step_authorized;
pub mod voted;
