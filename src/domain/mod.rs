//! The words of Standdown as types: alerts, agents, incidents, runs, approvals and the facts that change them.
//!
//! This room owns shapes and the rules that need nothing but the value itself (parsing, ordering, canonical form).
//! It must not know how anything is stored, sent, shown or decided, and it has no clock: time comes in as a value.

pub mod action;
pub mod actor;
pub mod agent;
pub mod alert;
pub mod approval;
pub mod bundle;
pub mod codes;
pub mod digest;
pub mod directory;
pub mod event;
pub mod ids;
pub mod incident;
pub mod inheritance;
pub mod lineage;
pub mod link;
pub mod message;
pub mod names;
pub mod past_run;
pub mod path;
pub mod planned;
pub mod run;
#[cfg(test)]
pub mod samples;
pub mod severity;
pub mod standing;
pub mod step;
pub mod variables;

pub use action::{Impact, Protection, Verdict};
pub use actor::{Actor, Assurance};
pub use agent::{Agent, Tier};
pub use alert::{Alert, AlertStatus, Trust};
pub use approval::{Approval, ApprovalCause, Decision, Vote};
pub use bundle::{Bundle, Joint, Limit, Listed, Listing};
pub use codes::{CodeHelp, Codes};
pub use digest::Digest;
pub use directory::{Directory, Person, Principal};
pub use event::{Event, EventKind};
pub use ids::{AlertId, ApprovalId, HoldId, IncidentId, MessageId, ReplicaId, RunId};
pub use incident::{Incident, IncidentStatus};
pub use link::LinkToken;
pub use message::{Message, MessageKind};
pub use names::{
    ActionName, AgentId, ApprovalName, ConnectionName, GroupName, NameError, PersonId, PlaybookName, SourceId,
    StageName, StepName,
};
pub use past_run::PastRun;
pub use path::StepPath;
pub use run::{InHand, Mode, Outcome, Run, RunStatus};
pub use severity::Severity;
pub use standing::{Hold, HoldCause, HoldLevel, Standing};
pub use step::{Attempt, StepRecord, StepState, Waiting};
pub use variables::Variables;
