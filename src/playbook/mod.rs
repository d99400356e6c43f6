//! Playbooks: what security engineers write, from YAML text to a checked [`Playbook`] that the machine runs.
//!
//! This room owns the language's shapes and every complaint about them. It must not know how steps are performed: what
//! actions exist comes in as a [`Catalogue`], filled by the adapters above. A playbook is compiled whole or not at all.

mod approvals;
pub mod catalogue;
pub mod codes;
mod compile;
pub mod context;
mod corroborate;
mod duration;
mod family;
#[cfg(test)]
pub(crate) mod fixture;
mod folder;
mod incident;
mod items;
pub mod keys;
pub mod model;
mod prospect;
mod rerun;
pub mod schedule;
pub mod schema;
mod silence;

pub use approvals::{Approvals, Lender};
pub use catalogue::{ActionKind, ActionSpec, Catalogue, ParameterSpec, ParameterType};
pub use compile::{Compiled, compile, compile_stored};
pub(crate) use compile::{Entry, Fields, Node, Report, approvals as read_approvals};
pub use corroborate::{Corroborate, UntilThen};
pub use family::{descendants, family};
pub use folder::{Folder, compile_folder, read_folder};
pub use incident::OnAlert;
pub use model::{
    ActionStep, ApprovalSpec, Body, Budget, ForEach, HoldEnd, HoldRule, Identity, Items, NoticeSpec, OnFailure, Order,
    Playbook, Retry, Silence, Stage, Step, Threshold, Timetable, Variable, VerifyRule, Wait, Window,
};
pub use prospect::{Surroundings, prospects};
pub use rerun::Rerun;
pub use schedule::Schedule;
