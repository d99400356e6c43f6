//! Requests to people: the list, one of them, and decisions by the persons who call.
//!
//! A decision names the plan that it decides about in `If-Match`; `*` is refused, because it would approve what nobody
//! has seen. The same decision of the same person again is answered as the first was, whatever `Idempotency-Key` says:
//! a repeat after a lost answer is no second vote and no error.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;

use crate::approval::Answer;
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Approval, ApprovalId, Assurance, Digest};
use crate::engine::delivery::moment::clock_time;
use crate::store::Approvals;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::reading::{Asked, Body, Id, limit};
use super::view::{ApprovalList, ApprovalView, BundleView, Decision};

/// Which requests.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    #[serde(default)]
    pending: bool,
    limit: Option<u32>,
}

/// `GET /approvals[?pending=true]`.
pub async fn list(
    _: Caller,
    State(state): State<WebState>,
    Asked(query): Asked<Query>,
) -> Result<Json<ApprovalList>, Problem> {
    let found = state.engine.store().approvals(query.pending, limit(query.limit)?).await?;
    let approvals = found.into_iter().map(|(run, approval)| ApprovalView { run, approval }).collect();
    Ok(Json(ApprovalList { approvals }))
}

/// `GET /approvals/{id}`; its `ETag` is what `If-Match` wants.
pub async fn show(_: Caller, State(state): State<WebState>, Id(id): Id<ApprovalId>) -> Result<Response, Problem> {
    Ok(tagged(load(&state, id).await?))
}

/// `GET /approvals/{id}/bundle`: all requests that wait and are decided together with this one.
pub async fn bundle(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ApprovalId>,
) -> Result<Json<BundleView>, Problem> {
    let known = load(&state, id).await?;
    let together = state.approvals.together(&known.approval).await?;
    let list = match (&together, caller.person()) {
        (Some(together), Ok(person)) => Some(state.approvals.list(together, person, Assurance::Api).await?),
        // Whoever is no person decides about nothing.
        _ => None,
    };
    Ok(Json(BundleView::new(together.as_ref(), list.as_ref())))
}

/// `POST /approvals/{id}/approve`.
pub async fn approve(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ApprovalId>,
    headers: HeaderMap,
    Body(decision): Body<Decision>,
) -> Result<Response, Problem> {
    decide(&state, &caller, id, &headers, Choice::Approve, decision).await
}

/// `POST /approvals/{id}/reject`.
pub async fn reject(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ApprovalId>,
    headers: HeaderMap,
    Body(decision): Body<Decision>,
) -> Result<Response, Problem> {
    decide(&state, &caller, id, &headers, Choice::Reject, decision).await
}

/// `POST /approvals/{id}/escalate`: asks more people without deciding.
pub async fn escalate(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ApprovalId>,
) -> Result<Response, Problem> {
    state.approvals.escalate_by_person(id, caller.person()?, Assurance::Api).await?;
    Ok(tagged(load(&state, id).await?))
}

async fn decide(
    state: &WebState,
    caller: &Caller,
    id: ApprovalId,
    headers: &HeaderMap,
    choice: Choice,
    decision: Decision,
) -> Result<Response, Problem> {
    let person = caller.person()?;
    let plan = plan(headers)?;
    let before = load(state, id).await?;
    if before.approval.plan.hash != plan {
        let now = before.approval.plan.hash;
        let detail = format!("failed to decide: what would be done is plan {now}, not what was shown (plan {plan})");
        return Err(Problem::new(StatusCode::PRECONDITION_FAILED, codes::PLAN_CHANGED, detail)
            .hint("read the request again, look at what has changed, and decide about that"));
    }
    if before.approval.votes.iter().any(|vote| vote.person == *person && vote.choice == choice) {
        return Ok(tagged(before));
    }
    if let Some(how) = decided(&before.approval, state.engine.clock().now()) {
        let detail = format!("failed to decide: the request {how}");
        return Err(Problem::new(StatusCode::CONFLICT, codes::ALREADY_DECIDED, detail));
    }
    let Decision { reason, listing } = decision;
    let answer = Answer { choice, reason, plan, listing };
    state.approvals.decide_by_person(id, person, answer, Assurance::Api).await?;
    Ok(tagged(load(state, id).await?))
}

/// How people decided a request, and when, if they did.
fn decided(approval: &Approval, now: Timestamp) -> Option<String> {
    let (ApprovalStatus::Approved | ApprovalStatus::Rejected) = approval.status else { return None };
    let at = approval.decided_at.map(|at| format!(" at {}", clock_time(at, now))).unwrap_or_default();
    let people: Vec<&str> = approval.votes.iter().map(|vote| vote.person.as_str()).collect();
    let by = if people.is_empty() { String::new() } else { format!(" by {}", people.join(", ")) };
    Some(format!("was decided{at}{by}: {}", approval.status.as_str()))
}

async fn load(state: &WebState, id: ApprovalId) -> Result<ApprovalView, Problem> {
    let found = state.engine.store().approval(id).await?;
    found.map(|(run, approval)| ApprovalView { run, approval }).ok_or_else(|| {
        let detail = format!("failed to find {id}: there is no such request");
        Problem::new(StatusCode::NOT_FOUND, codes::NO_SUCH_APPROVAL, detail)
    })
}

fn tagged(view: ApprovalView) -> Response {
    ([(ETAG, format!("\"{}\"", view.approval.plan.hash))], Json(view)).into_response()
}

/// The plan's hash from `If-Match`: one strong entity tag (RFC 9110), with or without its quotes.
fn plan(headers: &HeaderMap) -> Result<Digest, Problem> {
    let hint = "send the request's `plan.hash` as `If-Match: \"HASH\"`; it says what exactly is decided";
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else {
        let detail = "failed to decide: `If-Match` with the plan's hash is missing";
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, codes::PLAN_MISSING, detail).hint(hint));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    match (text.parse(), values.next()) {
        (Ok(plan), None) => Ok(plan),
        _ => {
            Err(Problem::parameter("failed to decide: `If-Match` is not one hash of 64 hexadecimal digits").hint(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(value: &str) -> Result<Digest, u16> {
        let headers = HeaderMap::from_iter([(IF_MATCH, value.parse().unwrap())]);
        plan(&headers).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_decision_names_one_plan_and_never_any() {
        let hash = Digest::of(b"plan");
        assert_eq!(status(&format!("\"{hash}\"")), Ok(hash));
        assert_eq!(status(&hash.to_string()), Ok(hash));
        for wrong in ["*", "\"\"", &hash.prefix(), &format!("W/\"{hash}\""), &format!("\"{hash}\", \"{hash}\"")] {
            assert_eq!(status(wrong), Err(400), "{wrong}");
        }
        assert_eq!(plan(&HeaderMap::new()).unwrap_err().status().as_u16(), 428);
    }
}
