//! The stable codes of what the HTTP interface answers when it does not do what was asked, one line each.
//!
//! A code never changes its meaning and is never given away again, because people search for it. Domain errors that have
//! a family of their own keep it: `SD3xxx` runs, incidents and agents, `SD4xxx` approvals; `SD5xxx` is HTTP itself.

use crate::domain::Codes;

/// There is no such run.
pub const NO_SUCH_RUN: &str = "SD3001";
/// The run is not in a state in which that can happen.
pub const RUN_STATE: &str = "SD3002";
/// The run's playbook version can't be used.
pub const PLAYBOOK_VERSION: &str = "SD3003";
/// There is no such incident.
pub const NO_SUCH_INCIDENT: &str = "SD3004";
/// No playbook of that name serves.
pub const NO_SUCH_PLAYBOOK: &str = "SD3005";
/// The inventory has no such agent.
pub const NO_SUCH_AGENT: &str = "SD3006";
/// Nothing holds the agent.
pub const NOT_HELD: &str = "SD3007";
/// A reason must be given.
pub const REASON_MISSING: &str = "SD3008";
/// The playbook only observes.
pub const OBSERVES_ONLY: &str = "SD3009";
/// The incident can't be closed now.
pub const INCIDENT_STATE: &str = "SD3010";
/// The run is quarantined.
pub const RUN_QUARANTINED: &str = "SD3011";
/// There is no such request to people.
pub const NO_SUCH_APPROVAL: &str = "SD4001";
/// The request is no longer pending.
pub const ALREADY_DECIDED: &str = "SD4002";
/// The person may not vote on the request.
pub const NOT_ELIGIBLE: &str = "SD4003";
/// What would be done is not what the person saw.
pub const PLAN_CHANGED: &str = "SD4004";
/// The deadline of the request has passed.
pub const APPROVAL_EXPIRED: &str = "SD4005";
/// Too many decisions in a minute.
pub const TOO_MANY_DECISIONS: &str = "SD4006";
/// Nothing is there.
pub const NOT_FOUND: &str = "SD5001";
/// The path does not take this method.
pub const METHOD: &str = "SD5002";
/// The caller did not say who it is.
pub const UNAUTHENTICATED: &str = "SD5003";
/// The caller may not do that.
pub const FORBIDDEN: &str = "SD5004";
/// The body can't be read.
pub const BODY: &str = "SD5005";
/// The body is larger than is taken.
pub const BODY_TOO_LARGE: &str = "SD5006";
/// The body did not arrive in time.
pub const BODY_TOO_SLOW: &str = "SD5007";
/// `If-Match` with the plan's hash is missing.
pub const PLAN_MISSING: &str = "SD5008";
/// A parameter of the path, query or a header can't be read.
pub const PARAMETER: &str = "SD5009";
/// The request took too long.
pub const TOO_LONG: &str = "SD5010";
/// The store does not answer, or is too busy.
pub const STORE: &str = "SD5011";
/// A fault of this program.
pub const INTERNAL: &str = "SD5012";
/// The daemon is not ready.
pub const NOT_READY: &str = "SD5013";

const EXPLANATIONS: &[(&str, &str)] = &[
    (NO_SUCH_RUN, "There is no run with this id; `standdown runs list` shows the newest."),
    (RUN_STATE, "The run is over, or its step is not in a state in which this can happen to it; read the run again."),
    (
        PLAYBOOK_VERSION,
        "The version of the playbook that the run started with can't be used; restore the actions it names.",
    ),
    (NO_SUCH_INCIDENT, "There is no incident with this id; `standdown incidents list` shows the newest."),
    (NO_SUCH_PLAYBOOK, "No playbook of this name serves; `standdown playbooks list` shows those that do."),
    (NO_SUCH_AGENT, "The inventory has no agent with this id; `standdown agents list` shows those it has."),
    (NOT_HELD, "The agent is active: there is no hold to lift."),
    (REASON_MISSING, "Every change has a reason in the history: say why."),
    (OBSERVES_ONLY, "The playbook says `mode: observe`; what it does is changed in its file, not by a request."),
    (INCIDENT_STATE, "The incident is closed already, or runs of it are not over; read the incident again."),
    (
        RUN_QUARANTINED,
        "Nobody touches the run until a person releases it with `standdown runs release`; `runs list` shows why.",
    ),
    (NO_SUCH_APPROVAL, "There is no request with this id; `standdown approvals list` shows the newest."),
    (ALREADY_DECIDED, "Somebody else decided first, or the run ended; the answer shows the outcome."),
    (NOT_ELIGIBLE, "Only those who were asked may vote, and never whoever started the run."),
    (PLAN_CHANGED, "What would be done has changed since it was shown; read the request again before deciding."),
    (APPROVAL_EXPIRED, "The deadline has passed, and silence has decided as the playbook says."),
    (TOO_MANY_DECISIONS, "A person may decide 30 times a minute."),
    (NOT_FOUND, "Nothing is at this path."),
    (METHOD, "The path exists, but takes another method; see the `Allow` header."),
    (UNAUTHENTICATED, "Send `Authorization: Bearer TOKEN`, or use the local socket; nobody is anonymous here."),
    (FORBIDDEN, "The caller is known, but may not do this."),
    (BODY, "The body is not the JSON object that this path takes."),
    (BODY_TOO_LARGE, "The body is larger than the limit of the path or the source."),
    (BODY_TOO_SLOW, "A body must arrive within 10 seconds."),
    (PLAN_MISSING, "A decision names what it decides about: send the plan's hash in `If-Match`."),
    (PARAMETER, "A parameter of the path, the query or a header can't be read."),
    (TOO_LONG, "The request was given up after 30 seconds; whether it was carried out must be looked up."),
    (STORE, "The store does not answer or its queue is full; try again after the time in `Retry-After`."),
    (INTERNAL, "A fault of this program; the log has the request's id and the cause."),
    (NOT_READY, "The daemon runs but can't serve yet, or no more; the answer says which part is missing."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
