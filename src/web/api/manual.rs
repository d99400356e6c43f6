//! Runs that a person starts by hand.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::domain::{Mode, PlaybookName};
use crate::engine::Library;
use crate::intake::ByHand;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::reading::Body;
use super::runs::reason;
use super::view::{ManualRun, Started};

/// `POST /runs`: takes a person of the configuration, who then has no vote on the run.
pub async fn start(
    caller: Caller,
    State(state): State<WebState>,
    Body(order): Body<ManualRun>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let actor = caller.person_actor()?;
    let reason = reason(&order.reason)?;
    check_mode(order.mode, state.engine.library(), &order.playbook)?;
    let observe = order.mode == Some(Mode::Observe);
    let wanted = ByHand { playbook: order.playbook, agent: order.agent, reason, observe, actor };
    let run = state.intake.start_by_hand(wanted).await?;
    Ok((StatusCode::CREATED, Json(Started { run: run.id, incident: run.incident, mode: run.mode })))
}

/// A request can make a playbook do less than its file says, never more; whoever asks for more must not be answered with
/// a run that quietly does nothing.
fn check_mode(asked: Option<Mode>, library: &Library, name: &PlaybookName) -> Result<(), Problem> {
    let observes = library.serving().get(name).is_some_and(|playbook| playbook.mode == Mode::Observe);
    if asked == Some(Mode::Enforce) && observes {
        let detail = format!("failed to start `{name}`: it only observes, and a request can't make it act");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, codes::OBSERVES_ONLY, detail)
            .hint("set `mode: enforce` in the playbook's file, or leave `mode` out"));
    }
    Ok(())
}
