//! The shapes of answers and requests, both ways: handlers write them, the command line reads them back.
//!
//! They are a promise to programs: a field may be added, never renamed or taken away.

mod agent;
mod alert;
mod approval;
mod evidence;
mod playbook;
mod request;
mod run;
mod status;

pub use agent::{AgentLine, AgentList, AgentView, GateView};
pub use alert::AlertPage;
pub use approval::{ApprovalList, ApprovalView, BundleView, BundledView};
pub use evidence::{EvidenceList, EvidenceMark, EvidenceView};
pub use playbook::{DiagnosticView, LoadView, PlaybookFact, PlaybookHistory, PlaybookLine, PlaybookList};
pub use request::{Cancellation, Closure, Decision, FreezeOrder, HoldOrder, ManualRun, Release, ResolveOrder};
pub use run::{AlertView, IncidentList, IncidentView, RunList, RunView, Started, StepView};
pub use status::{Counts, DeadLetterList, StatusView};
