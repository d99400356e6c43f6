//! How a request ended, in words: for the receipt, and for a link that is opened after the decision.

use crate::approval::Case;
use crate::domain::Approval;
use crate::domain::approval::ApprovalStatus;
use crate::engine::delivery::moment::clock_time;

use super::super::text::line;
use super::Notice;

/// How a request ended.
pub(in crate::web::ui) struct Outcome {
    pub icon: &'static str,
    pub headline: String,
    pub text: String,
}

impl Outcome {
    pub fn of(case: &Case) -> Self {
        let (approval, wording) = (&case.approval, &case.wording);
        let at = approval.decided_at.map(|at| format!(" at {}", clock_time(at, case.now))).unwrap_or_default();
        let (icon, headline, text) = match approval.status {
            ApprovalStatus::Pending => (
                "…",
                "Not decided yet".to_owned(),
                format!(
                    "{} of {} people have answered. More answers are needed by {}.",
                    approval.votes.len(),
                    approval.people.len(),
                    clock_time(approval.deadline, case.now)
                ),
            ),
            ApprovalStatus::Approved => ("✓", format!("Decided{at}: {}", wording.approve), wording.if_approved.clone()),
            ApprovalStatus::Rejected => ("✗", format!("Decided{at}: {}", wording.reject), wording.if_rejected.clone()),
            ApprovalStatus::Expired => ("◔", format!("Nobody decided in time{at}"), wording.if_silent.clone()),
            ApprovalStatus::Cancelled => ("–", format!("No longer asked{at}"), no_longer_asked(approval)),
            ApprovalStatus::Superseded => (
                "→",
                format!("More people were asked{at}"),
                "A new request stands in the place of this one. If you are asked, you have a newer message.".to_owned(),
            ),
        };
        Self { icon, headline, text: capitalised(&text) }
    }

    pub(super) fn notice(&self) -> Notice {
        Notice { bad: false, headline: format!("{} {}", self.icon, self.headline), text: self.text.clone() }
    }
}

fn no_longer_asked(approval: &Approval) -> String {
    match &approval.withdrawn {
        Some(why) => {
            format!("the request was withdrawn: the hold was {}. Nothing was done by this request.", line(why, 300))
        }
        None => "The run ended before anybody decided. Nothing was done by this request.".to_owned(),
    }
}

/// The text as a sentence of its own.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
