//! A request as the templates see it: every value is text that is already cleaned and cut, so that a template only
//! places it. Nothing here reads anything; it only words what [`crate::approval::Case`] holds.

mod agent;
mod alert;
pub(in crate::web::ui) mod docs;
mod form;
mod outcome;
mod people;
mod plan;
mod steps;
mod together;

pub(super) use form::{Faults, FormView, Typed};
pub(super) use outcome::Outcome;

use serde::Serialize;

use crate::approval::OpenRequest;
use crate::domain::Assurance;
use crate::domain::approval::ApprovalStatus;
use crate::engine::delivery::moment::{clock_time, distance, full_time};

use super::text::line;
use agent::AgentView;
use alert::AlertView;
use people::PeopleView;
use plan::PlanView;
use steps::{NextLine, StepLine};
use together::TogetherView;

/// Something that stands above everything else on the page.
#[derive(Serialize)]
pub(super) struct Notice {
    pub bad: bool,
    pub headline: String,
    pub text: String,
}

/// A fault of an entry, with the field that it is about.
#[derive(Serialize)]
pub(super) struct FieldError {
    pub field: &'static str,
    pub text: String,
}

/// The whole page of a request, and of its outcome.
#[derive(Serialize)]
pub(super) struct RequestView {
    title: String,
    person: String,
    question: String,
    notice: Option<Notice>,
    errors: Vec<FieldError>,
    warnings: Vec<String>,
    contained: Vec<String>,
    held_before: Vec<String>,
    lost: Vec<String>,
    open: bool,
    approve: String,
    reject: String,
    if_approved: String,
    if_rejected: String,
    if_silent: String,
    deadline: String,
    deadline_distance: String,
    silence: String,
    cause: &'static str,
    alert: AlertView,
    agent: AgentView,
    done: Vec<StepLine>,
    next: Vec<NextLine>,
    #[serde(flatten)]
    people: PeopleView,
    plan: PlanView,
    together: Option<TogetherView>,
    form: Option<FormView>,
    icon: &'static str,
    headline: String,
    text: String,
    run_status: String,
    approval_id: String,
    run_id: String,
    playbook: String,
    now: String,
}

impl RequestView {
    /// The page of an open request for the person who looks at it, with what they typed before.
    pub fn new(open: &OpenRequest, typed: Typed<'_>) -> Self {
        let (case, approval) = (&open.case, &open.case.approval);
        let pending = approval.status == ApprovalStatus::Pending;
        let voted = approval.votes.iter().any(|vote| vote.person == open.person);
        let provable = approval.identity <= Assurance::Link;
        let outcome = Outcome::of(case);
        let wording = &case.wording;
        let (notice, errors, form) = if pending && !voted && provable {
            let (form, errors) = FormView::new(case, &typed);
            (typed.notice, errors, Some(form))
        } else {
            let told = if pending && !voted { needs_more_proof(open) } else { outcome.notice() };
            (typed.notice.or(Some(told)), Vec::new(), None)
        };
        let question = line(&together::question(case), 200);
        Self {
            title: format!("{question} - Standdown"),
            person: line(case.name(&open.person), 80),
            question,
            notice,
            errors,
            warnings: case.containment.missing.clone(),
            contained: case.containment.seen.clone(),
            held_before: case.containment.before.clone(),
            lost: case.containment.lost.clone(),
            open: pending,
            approve: line(&wording.approve, 80),
            reject: line(&wording.reject, 80),
            if_approved: line(&wording.if_approved, 400),
            if_rejected: line(&wording.if_rejected, 400),
            if_silent: line(&wording.if_silent, 400),
            deadline: clock_time(approval.deadline, case.now),
            deadline_distance: distance(approval.deadline, case.now),
            silence: silence(open),
            cause: approval.cause.explain(),
            alert: AlertView::new(case),
            agent: AgentView::new(case),
            done: steps::done(case),
            next: steps::next(case),
            people: PeopleView::new(open),
            plan: PlanView::new(approval),
            together: TogetherView::new(case),
            form,
            icon: outcome.icon,
            headline: outcome.headline,
            text: outcome.text,
            run_status: format!("The run is {}", case.run.status),
            approval_id: approval.id.to_string(),
            run_id: case.run.id.to_string(),
            playbook: case.run.playbook.to_string(),
            now: full_time(case.now),
        }
    }
}

fn silence(open: &OpenRequest) -> String {
    let words = if open.case.wording.releases { "Silence never releases anything." } else { "" };
    line(&format!("If nobody decides until then: {} {words}", open.case.wording.if_silent), 400)
}

fn needs_more_proof(open: &OpenRequest) -> Notice {
    Notice {
        bad: false,
        headline: "A link is not enough proof for this decision".to_owned(),
        text: format!("Decide from a terminal: standdown approvals show {}", open.case.approval.id),
    }
}
