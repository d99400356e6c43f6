//! `standdown approvals`: what waits for people, and deciding it.
//!
//! A decision names the plan that was shown, by its whole hash: what changed since then is not decided by accident.

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;

use crate::domain::approval::{ApprovalStatus, Choice, OnTimeout};
use crate::domain::{ApprovalId, Digest, Listing};
use crate::machine::Tone;
use crate::web::api::view::{ApprovalList, ApprovalView, BundleView, Decision};

use super::context::Context;
use super::exit::Error;
use super::render::tone::bold;
use super::render::{Table, add, or_nothing, paint, quoted, time};

use bundle::Shown;

mod bundle;
mod plan;

/// Requests that wait for people.
#[derive(Debug, Subcommand)]
pub enum Approvals {
    /// The newest requests
    List {
        /// Only those that wait
        #[arg(long)]
        pending: bool,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// One request with exactly what would be done
    Show {
        /// The request, apv_...
        id: ApprovalId,
    },
    /// Approve or reject a request
    Decide(Decide),
    /// Ask more people, without deciding
    Escalate {
        /// The request, apv_...
        id: ApprovalId,
    },
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("choice").required(true).args(["approve", "reject"])))]
pub struct Decide {
    /// The request, apv_...
    id: ApprovalId,
    /// Let it be done
    #[arg(long)]
    approve: bool,
    /// Let it not be done
    #[arg(long)]
    reject: bool,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// The hash of the plan that you looked at, as `approvals show` prints it
    #[arg(long, value_name = "HASH")]
    plan_hash: Digest,
    /// Decide about the whole list of agents above one budget, as `approvals show` prints it; without it, about this
    /// request alone
    #[arg(long, value_name = "COUNT:HASH")]
    together: Option<Listing>,
}

impl Approvals {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let (client, now) = (context.client()?, context.now());
        let view: ApprovalView = match self {
            Self::List { pending, limit } => {
                let query = [("pending", pending.to_string()), ("limit", limit.to_string())];
                let list: ApprovalList = client.get("/approvals", &query).await?;
                return context.show(&list, |list| or_nothing(&table(list, now), "nothing waits for anybody"));
            }
            Self::Show { id } => {
                let view: ApprovalView = client.get(&format!("/approvals/{id}"), &[]).await?;
                if view.approval.bundle.is_none() {
                    return context.show(&view, |view| words(view, now));
                }
                let bundle: BundleView = client.get(&format!("/approvals/{id}/bundle"), &[]).await?;
                let text = words(&view, now);
                let shown = Shown { run: view.run, approval: view.approval, bundle };
                return context.show(&shown, |shown| bundle::words(&text, shown, now));
            }
            Self::Escalate { id } => client.post(&format!("/approvals/{id}/escalate"), &Decision::default()).await?,
            Self::Decide(order) => {
                let choice = if order.approve { "approve" } else { "reject" };
                let path = format!("/approvals/{}/{choice}", order.id);
                let decision = Decision { reason: order.reason, listing: order.together };
                client.post_if_match(&path, &order.plan_hash.to_string(), &decision).await?
            }
        };
        context.show(&view, |view| words(view, now))
    }
}

fn tone(status: ApprovalStatus) -> Tone {
    match status {
        ApprovalStatus::Pending => Tone::Waiting,
        ApprovalStatus::Approved => Tone::Good,
        ApprovalStatus::Rejected | ApprovalStatus::Expired => Tone::Bad,
        ApprovalStatus::Cancelled | ApprovalStatus::Superseded => Tone::Neutral,
    }
}

fn table(list: &ApprovalList, now: Timestamp) -> Table {
    let mut table = Table::new(["id", "status", "votes", "deadline", "question"]);
    for ApprovalView { approval, .. } in &list.approvals {
        if bundle::stands_in(approval, list).is_some() {
            continue;
        }
        let more = list.approvals.iter().filter(|other| bundle::stands_in(&other.approval, list) == Some(approval.id));
        let asks = approval.bundle.as_ref().is_none_or(|bundle| bundle.asks);
        let more = match more.count() {
            0 => String::new(),
            count if asks => format!(" (and {count} more in its list)"),
            // The one that people were told of is older than what was asked for here, and so may others be.
            count => format!(" (and {count} more in its list, at least: see `approvals show`)"),
        };
        table.row(
            tone(approval.status),
            [
                approval.id.to_string(),
                approval.status.as_str().to_owned(),
                approval.votes.len().to_string(),
                time::relative(approval.deadline, now),
                quoted(&approval.ask) + &more,
            ],
        );
    }
    table
}

fn words(view: &ApprovalView, now: Timestamp) -> String {
    let approval = &view.approval;
    let status = paint(tone(approval.status), approval.status.as_str());
    let mut text = format!(
        "{}\n{}  {status}  step {} of {}\n",
        bold(&quoted(&approval.ask)),
        approval.id,
        approval.path,
        view.run
    );
    add(&mut text, format_args!("  why asked  {}\n", approval.cause.explain()));
    let silence = match approval.on_timeout {
        OnTimeout::Reject => "counts as no",
        OnTimeout::Escalate => "asks more people once, then counts as no",
        OnTimeout::Act => "DOES IT all the same",
    };
    add(&mut text, format_args!("  deadline   {}; silence {silence}\n", time::stamp(approval.deadline, now)));
    let people: Vec<String> = approval.people.iter().map(ToString::to_string).collect();
    add(&mut text, format_args!("  asked      {}\n", people.join(", ")));
    for vote in &approval.votes {
        let (tone, word) = match vote.choice {
            Choice::Approve => (Tone::Good, "approved"),
            Choice::Reject => (Tone::Bad, "rejected"),
        };
        let word = paint(tone, word);
        let when = time::stamp(vote.at, now);
        add(&mut text, format_args!("  vote       {} {word} {when}: \"{}\"\n", vote.person, quoted(&vote.reason)));
    }
    if let Some(at) = approval.decided_at {
        add(&mut text, format_args!("  over       {}\n", time::stamp(at, now)));
    }
    add(&mut text, format_args!("  plan       {}\n{}", approval.plan.hash, plan::readable(&approval.plan.body)));
    if approval.status == ApprovalStatus::Pending {
        let (said, reason) = if approval.reason_required {
            ("must be given", "--reason \"...\"")
        } else {
            ("may be left out", "[--reason \"...\"]")
        };
        add(&mut text, format_args!("\n  reason     {said}\n"));
        let order = format!("standdown approvals decide {} --approve|--reject {reason}", approval.id);
        add(&mut text, format_args!("\n  {order} \\\n    --plan-hash {}\n", approval.plan.hash));
    }
    text
}
