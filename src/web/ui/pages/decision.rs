//! The form of a link's page: a decision, or a call for more people, by the button that was pressed.

use std::net::IpAddr;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::approval::{DecideError, Receipt};
use crate::web::ui::form::Entry;
use crate::web::ui::segment::Segment;
use crate::web::ui::view::{Faults, Notice, RequestView, Typed};
use crate::web::ui::{ClientAddress, Ui};

type Received = Result<Form<Entry>, FormRejection>;

/// What the page's form posts to the page's own address.
pub(in crate::web::ui) async fn submit(
    State(ui): State<Ui>,
    Segment(token): Segment,
    ClientAddress(address): ClientAddress,
    form: Received,
) -> Response {
    ui.submit(&token, address, form, "../r/").await
}

/// The same, posted to the address of the decision itself.
pub(in crate::web::ui) async fn decide(
    State(ui): State<Ui>,
    Segment(token): Segment,
    ClientAddress(address): ClientAddress,
    form: Received,
) -> Response {
    ui.submit(&token, address, form, "../../r/").await
}

impl Ui {
    /// `receipts` leads from the address that was posted to, to that of the receipts: a proxy may serve all this below a
    /// path that is not seen here.
    async fn submit(&self, token: &str, address: IpAddr, form: Received, receipts: &str) -> Response {
        let entry = match form {
            Ok(Form(entry)) => entry,
            Err(rejection) => {
                let text = "The form could not be read, so nothing was decided. Open the link again.";
                return self.message(rejection.status(), "Nothing was decided", text, None);
            }
        };
        let decided = if entry.escalates() {
            self.approvals.escalate_by_link(token, address, &entry.code).await
        } else if let Some(submission) = entry.submission() {
            self.approvals.decide_by_link(token, address, submission).await
        } else {
            let typed = Typed { entry: Some(&entry), faults: Faults::no_choice(), notice: None };
            return self.again(token, address, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
        };
        match decided {
            Ok(receipt) => to_receipt(&receipt, receipts),
            Err(error) => self.refused(token, address, &entry, &error).await,
        }
    }

    async fn refused(&self, token: &str, address: IpAddr, entry: &Entry, error: &DecideError) -> Response {
        if let Some(faults) = Faults::of(error) {
            let typed = Typed { entry: Some(entry), faults, notice: None };
            return self.again(token, address, StatusCode::UNPROCESSABLE_ENTITY, typed).await;
        }
        let conflict = |headline: &str, text: &str, bad| {
            let notice = Some(Notice { bad, headline: headline.to_owned(), text: text.to_owned() });
            self.again(
                token,
                address,
                StatusCode::CONFLICT,
                Typed { entry: Some(entry), faults: Faults::default(), notice },
            )
        };
        match error {
            DecideError::PlanChanged => {
                let text =
                    "What would be done is not what you were shown. Nothing was decided. Look at it again below.";
                conflict("The plan has changed", text, true).await
            }
            DecideError::ListChanged => {
                let text = "The agents that wait are not those that you were shown. Nothing was decided. Look at them \
                            again below.";
                conflict("The list has changed", text, true).await
            }
            DecideError::AlreadyVoted(_) => {
                conflict("You have answered already", "Your first answer stands.", false).await
            }
            DecideError::AlreadyEscalated => {
                conflict("More people were asked already", "You can still decide.", false).await
            }
            DecideError::NobodyMore => {
                let text = "Everybody who could be asked was asked already. You can still decide.";
                conflict("Nobody else can be asked", text, false).await
            }
            DecideError::AlreadyDecided { .. } => {
                self.again(token, address, StatusCode::CONFLICT, Typed::default()).await
            }
            DecideError::NotFound => self.cannot_open(&crate::approval::OpenError::NotFound),
            DecideError::Expired => self.cannot_open(&crate::approval::OpenError::Expired),
            DecideError::TooMany => self.slow_down(),
            DecideError::Unavailable(reason) => self.unavailable(reason),
            DecideError::NotEligible(_) => {
                let text = "You are not (or no longer) among the people who may decide this. Nothing was decided.";
                self.message(StatusCode::FORBIDDEN, "You may not decide this", text, None)
            }
            DecideError::NotSure { .. } => {
                let text = "This decision wants more proof than a link and its code. Nothing was decided.";
                let hint = Some("Decide from a terminal: standdown approvals list");
                self.message(StatusCode::FORBIDDEN, "A link is not enough for this", text, hint)
            }
            DecideError::WrongCode { .. }
            | DecideError::CodeMissing { .. }
            | DecideError::ReasonMissing
            | DecideError::ReasonTooLong { .. } => {
                let text = "That was the fifth wrong code, so this link is no longer good. Nothing was decided.";
                let hint =
                    Some("If a new message comes, use its link and its code. Otherwise: standdown approvals list");
                self.message(StatusCode::UNPROCESSABLE_ENTITY, "This link has ended", text, hint)
            }
        }
    }

    /// The page of the link once more, as it is now.
    async fn again(&self, token: &str, address: IpAddr, status: StatusCode, typed: Typed<'_>) -> Response {
        match self.approvals.open(token, address).await {
            Ok(open) => self.page(status, "request", &RequestView::new(&open, typed)),
            Err(error) => self.cannot_open(&error),
        }
    }
}

fn to_receipt(receipt: &Receipt, receipts: &str) -> Response {
    let link = receipt.link.as_deref().unwrap_or_default();
    Redirect::to(&format!("{receipts}{link}")).into_response()
}
