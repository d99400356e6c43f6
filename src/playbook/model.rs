//! A compiled playbook: every name resolved, every expression and template checked, every default filled in.

mod approval;

pub use approval::{ApprovalSpec, Identity, Threshold};

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Digest, HoldLevel, Impact, Mode, PlaybookName, Principal, Protection, StageName, StepName};
use crate::language::{Expression, Template, Tree};

use super::catalogue::ActionSpec;
use super::corroborate::Corroborate;
use super::incident::OnAlert;
use super::schedule::Schedule;

/// A playbook, ready to run.
#[derive(Clone, Debug)]
pub struct Playbook {
    /// Its name, unique in a daemon.
    pub name: PlaybookName,
    /// One line for people.
    pub title: String,
    /// Who answers for the playbook itself.
    pub owner: Principal,
    /// Whether it acts.
    pub mode: Mode,
    /// Its version: SHA-256 of its text, and of the approvals of the configuration where it uses any.
    pub digest: Digest,
    /// Its text as it was read, kept with the runs that it starts.
    pub text: Arc<str>,
    /// What it uses of the approvals of the configuration, kept with it; none if it uses none.
    pub approvals: Option<Value>,
    /// The file that it came from, for people.
    pub file: String,
    /// When it matches an alert.
    pub when: Expression,
    /// How much one source may cause before others have said the same.
    pub corroborate: Option<Corroborate>,
    /// When it starts again for an incident in which its last run is over.
    pub rerun_when: Option<Expression>,
    /// When it starts by itself, and about which agents.
    pub timetable: Option<Timetable>,
    /// When it starts nothing.
    pub silences: Vec<Silence>,
    /// What alerts of one incident have in common; `None` for their agent.
    pub incident_key: Option<Expression>,
    /// What a further alert of the same incident does to a run under way.
    pub on_new_alert: OnAlert,
    /// How many agents it may contain without a person.
    pub budget: Option<Budget>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// Its variables, in the order in which they are evaluated.
    pub vars: Vec<Variable>,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// A value with a name, evaluated once when a run begins.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name: `vars.NAME`.
    pub name: StepName,
    /// What it comes to.
    pub value: Tree,
}

impl Playbook {
    /// Whether its schedule alone starts it, and no alert does.
    #[must_use]
    pub fn is_scheduled_only(&self) -> bool {
        self.timetable.is_some() && self.when.source().trim() == "false"
    }

    /// The step of that name, with the index of its stage.
    #[must_use]
    pub fn step(&self, name: &StepName) -> Option<(usize, &Step)> {
        self.stages
            .iter()
            .enumerate()
            .find_map(|(index, stage)| stage.steps.iter().find(|step| step.name == *name).map(|step| (index, step)))
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }
}

/// When a playbook starts by itself, and about which agents.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// When.
    pub schedule: Schedule,
    /// About which agents of the inventory: a condition over `agent`.
    pub agents: Expression,
}

/// A window in which a playbook starts nothing.
#[derive(Clone, Debug)]
pub struct Silence {
    /// When.
    pub window: Window,
    /// For which alerts and agents; `None` for all.
    pub when: Option<Expression>,
    /// Why, for whoever asks what became of an alert.
    pub because: String,
}

/// A stretch of time.
#[derive(Clone, Debug)]
pub enum Window {
    /// It comes once.
    Once {
        /// Its beginning.
        from: Timestamp,
        /// Its end, which is no part of it.
        to: Timestamp,
    },
    /// It comes again and again.
    Again {
        /// When it begins.
        schedule: Box<Schedule>,
        /// How long it is.
        length: Duration,
    },
}

/// How many agents a playbook may contain in a window; over it, people decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub contain: u32,
    /// In which window.
    pub per: Duration,
}

/// Whether the steps of a stage start together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// They start together.
    Parallel,
    /// Each starts when the one before it has settled.
    Sequential,
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, unique in the playbook.
    pub name: StageName,
    /// When it is gone through at all.
    pub when: Option<Expression>,
    /// Whether its steps start together.
    pub order: Order,
    /// How long it may take; what has not settled then fails (a wait) or is left to settle (a call).
    pub timeout: Option<Duration>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// What a failed or unproven step does to the run; of several, the strictest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnFailure {
    /// The run goes on: the owner must still be told.
    Continue,
    /// The run ends as failed once the steps under way have settled.
    Stop,
    /// The run undoes what it did, in reverse, then ends as failed. It never lifts a hold that contains.
    Undo,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, unique in the playbook.
    pub name: StepName,
    /// When it is done at all.
    pub when: Option<Expression>,
    /// What it goes through: it is done once for each item.
    pub for_each: Option<ForEach>,
    /// What it does.
    pub body: Body,
    /// What its failure does to the run.
    pub on_failure: OnFailure,
    /// Whether its stage goes on without it.
    pub background: bool,
}

/// What a step goes through.
#[derive(Clone, Debug)]
pub struct ForEach {
    /// The items.
    pub list: Items,
    /// The name of one item in the step's parameters.
    pub name: String,
    /// How many at most; what is over is left out, and said so.
    pub at_most: u32,
    /// How many at once.
    pub parallel: u32,
}

/// Where the items of a step come from.
#[derive(Clone, Debug)]
pub enum Items {
    /// An expression.
    Computed(Expression),
    /// Secrets as they stand at a path: no expression sees them.
    Secrets {
        /// The path as the playbook writes it.
        source: String,
        /// Its names.
        path: Vec<String>,
    },
}

/// A wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// How long at most.
    pub span: Duration,
    /// What is waited for: the wait ends as soon as it holds, and fails if it does not in time.
    pub until: Option<Expression>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Body {
    /// Performs an action, behind an approval if it has a guard.
    Action(Box<ActionStep>),
    /// Asks people, and succeeds with their decision.
    Approval(Box<ApprovalSpec>),
    /// Lets time pass.
    Wait(Wait),
}

/// An action with everything that one step says of it.
#[derive(Clone, Debug)]
pub struct ActionStep {
    /// The action.
    pub spec: Arc<ActionSpec>,
    /// Its parameters, as templates.
    pub with: Tree,
    /// How strong this step is.
    pub impact: Impact,
    /// What may be done when it is unknown whether a call was applied.
    pub protection: Protection,
    /// How long one call may take.
    pub timeout: Duration,
    /// When a call that certainly was not applied is tried again.
    pub retry: Retry,
    /// For an action that places a hold.
    pub hold: Option<HoldRule>,
    /// How its effect is looked for; `None` if the action brings no probe.
    pub verify: Option<VerifyRule>,
    /// Why nobody is asked before what can't be undone.
    pub irreversible: Option<String>,
    /// People who must say yes first.
    pub guard: Option<Box<ApprovalSpec>>,
    /// For `undo`: the steps, in the order written.
    pub undoes: Vec<StepName>,
    /// For `run_playbook`: the playbook.
    pub runs: Option<PlaybookName>,
    /// For `notify`: who and what.
    pub notice: Option<NoticeSpec>,
}

/// A hold that a step places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRule {
    /// How much it takes from the agent.
    pub level: HoldLevel,
    /// After how long somebody is asked about it; `None`: never by time.
    pub after: Option<Duration>,
    /// What the end of that time does. The hold itself stays: silence never releases.
    pub on_end: HoldEnd,
}

/// What the end of a hold's time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    /// A person is asked.
    Ask,
    /// It is kept.
    Keep,
}

/// When a call that certainly was not applied is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried in all; 1 for never again.
    pub attempts_max: u32,
    /// Whether the pause doubles each time.
    pub exponential: bool,
    /// The first pause.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Retry {
    /// The pause after the try with this number (counted from 1), or `None` if there is no further try.
    #[must_use]
    pub fn pause_after(&self, number: u32) -> Option<Duration> {
        if number >= self.attempts_max {
            return None;
        }
        let factor = if self.exponential { 1_u32.checked_shl(number.saturating_sub(1)).unwrap_or(u32::MAX) } else { 1 };
        Some(self.initial.saturating_mul(factor).min(self.max))
    }
}

/// How the effect of a step is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyRule {
    /// How long it is looked for.
    pub within: Duration,
    /// How long after the flip it is looked for again; these looks do not block the run.
    pub rechecks: Vec<Duration>,
}

/// Who is told what.
#[derive(Clone, Debug)]
pub struct NoticeSpec {
    /// Who.
    pub to: Vec<Principal>,
    /// What.
    pub content: NoticeContent,
}

/// What a notice says.
#[derive(Clone, Debug)]
pub enum NoticeContent {
    /// A message of Standdown's own: `contained`, `unknown_agent`, `decided`, ...
    Builtin(String),
    /// The playbook's own words.
    Own {
        /// One line.
        subject: Template,
        /// Plain text.
        text: Template,
    },
}

/// The names of the messages that Standdown brings: `notify: {template: NAME}`.
pub const BUILTIN_NOTICES: [&str; 3] = ["contained", "decided", "alert"];
