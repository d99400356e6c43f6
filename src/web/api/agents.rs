//! Agents: what the inventory says, what they may do now, and holds by hand.
//!
//! Anybody who may call at all may pause an agent; releasing or retiring one takes a person of the configuration.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;

use crate::domain::{Actor, Agent, AgentId, Hold, HoldLevel, Standing};
use crate::engine::{Engine, HoldRequest};
use crate::store::Agents;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::reading::{Body, Id};
use super::runs::reason;
use super::view::{AgentLine, AgentList, AgentView, GateView, HoldOrder};

/// `GET /agents`: those of the inventory, and those that are held without being in it.
pub async fn list(_: Caller, State(state): State<WebState>) -> Result<Json<AgentList>, Problem> {
    let mut holds: BTreeMap<AgentId, Vec<Hold>> = BTreeMap::new();
    for hold in state.engine.store().holds().await? {
        holds.entry(hold.agent.clone()).or_default().push(hold);
    }
    let inventory = state.engine.inventory();
    let mut lines = BTreeMap::new();
    for agent in inventory.agents() {
        let holds = holds.remove(&agent.id).unwrap_or_default();
        lines.insert(agent.id.clone(), line(&state.engine, agent, &holds));
    }
    for (id, holds) in holds {
        lines.insert(id.clone(), line(&state.engine, &Agent::unknown(id), &holds));
    }
    Ok(Json(AgentList { agents: lines.into_values().collect() }))
}

/// `GET /agents/{id}`.
pub async fn show(_: Caller, State(state): State<WebState>, Id(id): Id<AgentId>) -> Result<Json<AgentView>, Problem> {
    view(&state.engine, &id).map(Json)
}

/// `POST /agents/{id}/pause`.
pub async fn pause(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<AgentId>,
    Body(order): Body<HoldOrder>,
) -> Result<Json<AgentView>, Problem> {
    hold(&state.engine, caller.actor()?, id, HoldLevel::Paused, order).await
}

/// `POST /agents/{id}/retire`.
pub async fn retire(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<AgentId>,
    Body(order): Body<HoldOrder>,
) -> Result<Json<AgentView>, Problem> {
    hold(&state.engine, caller.person_actor()?, id, HoldLevel::Retired, order).await
}

/// `POST /agents/{id}/resume`: lifts every hold, whoever placed it.
pub async fn resume(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<AgentId>,
    Body(order): Body<HoldOrder>,
) -> Result<Json<AgentView>, Problem> {
    if order.until.is_some() {
        return Err(Problem::parameter("failed to resume: a hold is lifted for good, `until` means nothing here"));
    }
    let reason = reason(&order.reason)?;
    state.engine.lift_holds(&id, &caller.person_actor()?, &reason).await?;
    view(&state.engine, &id).map(Json)
}

async fn hold(
    engine: &Engine,
    by: Actor,
    agent: AgentId,
    level: HoldLevel,
    order: HoldOrder,
) -> Result<Json<AgentView>, Problem> {
    let reason = reason(&order.reason)?;
    check_until(order.until, engine.clock().now())?;
    let id = agent.clone();
    engine.place_hold(HoldRequest { agent, level, reason, until: order.until, by }).await?;
    view(engine, &id).map(Json)
}

fn check_until(until: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    if until.is_some_and(|until| until <= now) {
        return Err(Problem::parameter(format!("failed to place a hold: `until` is not after now ({now})")));
    }
    Ok(())
}

fn view(engine: &Engine, id: &AgentId) -> Result<AgentView, Problem> {
    let holds = engine.holds_on(id);
    let agent = match engine.inventory().agent(id) {
        Some(agent) => agent.as_ref().clone(),
        None if !holds.is_empty() => Agent::unknown(id.clone()),
        None => {
            let detail = format!("failed to find {id}: the inventory has no such agent, and nothing holds one");
            return Err(Problem::new(StatusCode::NOT_FOUND, codes::NO_SUCH_AGENT, detail));
        }
    };
    Ok(AgentView { agent, standing: Standing::of(&holds), gate: gate(engine, id), holds })
}

fn gate(engine: &Engine, id: &AgentId) -> GateView {
    GateView { seen_at: engine.gate().seen_at(id), refused_at: engine.gate().refused_at(id) }
}

fn line(engine: &Engine, agent: &Agent, holds: &[Hold]) -> AgentLine {
    AgentLine {
        id: agent.id.clone(),
        known: agent.known,
        name: agent.name.clone(),
        owner: agent.owner.clone(),
        tier: agent.tier,
        environment: agent.environment.clone(),
        gated: agent.gated,
        protected: agent.protected,
        standing: Standing::of(holds),
        gate: gate(engine, &agent.id),
    }
}
