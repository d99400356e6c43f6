//! The stable codes of the faults in a playbook's meaning, and one line of explanation for each.
//!
//! A code never changes its meaning and is never given away again, because people search for it. Faults in the form of
//! the file (unknown fields, wrong types) keep the codes of the language; this family is `SD03xx`.

use crate::domain::Codes;

/// A file or folder of playbooks can't be read.
pub const FILE: &str = "SD0301";
/// Two files name the same playbook.
pub const DUPLICATE_PLAYBOOK: &str = "SD0302";
/// A text that can't be a name.
pub const NAME: &str = "SD0303";
/// Two stages or two steps have the same name.
pub const DUPLICATE_NAME: &str = "SD0304";
/// A duration that can't be read, or is out of bounds.
pub const DURATION: &str = "SD0305";
/// A feature that this version does not have.
pub const NOT_AVAILABLE: &str = "SD0306";
/// More or fewer of something than a playbook may have.
pub const LIMIT: &str = "SD0307";
/// A text that names nobody.
pub const PRINCIPAL: &str = "SD0308";
/// A schedule or a window of time that can't be read.
pub const SCHEDULE: &str = "SD0309";
/// A step that does nothing, or several things.
pub const STEP_BODY: &str = "SD0310";
/// A key that means nothing on this kind of step.
pub const MISPLACED: &str = "SD0311";
/// A step is named at a place where it may not have happened.
pub const STEP_ORDER: &str = "SD0312";
/// A step is named that does not exist.
pub const UNKNOWN_STEP: &str = "SD0313";
/// A step can't go through this.
pub const FOR_EACH: &str = "SD0314";
/// A step can't run this playbook.
pub const RUN_PLAYBOOK: &str = "SD0315";
/// A playbook could never be corroborated as it is written.
pub const CORROBORATE: &str = "SD0316";
/// What alerts of one incident have in common is no text, or says nothing of them.
pub const INCIDENT_KEY: &str = "SD0317";
/// An action that does not exist.
pub const UNKNOWN_ACTION: &str = "SD0320";
/// A parameter that the action does not take.
pub const UNKNOWN_PARAMETER: &str = "SD0321";
/// A parameter that the action needs.
pub const MISSING_PARAMETER: &str = "SD0322";
/// A parameter of the wrong type or with a value that is not allowed.
pub const PARAMETER_TYPE: &str = "SD0323";
/// An action of a connector without its connection.
pub const MISSING_CONNECTION: &str = "SD0324";
/// A secret written out, or something else where a secret must be named.
pub const SECRET_LITERAL: &str = "SD0325";
/// A secret where other people or systems would read it.
pub const SECRET_MISPLACED: &str = "SD0326";
/// The strength of a step is not known, or stated where it is fixed.
pub const IMPACT: &str = "SD0327";
/// A step that can't be undone.
pub const UNDO: &str = "SD0328";
/// A message without recipient or words.
pub const NOTICE: &str = "SD0329";
/// A step destroys, and nobody is asked.
pub const DESTROY_UNGUARDED: &str = "SD0330";
/// A step gives an agent something back, and nobody is asked.
pub const RELEASE_UNGUARDED: &str = "SD0331";
/// An approval that can never be decided as it is written.
pub const QUORUM: &str = "SD0340";
/// An approval without a deadline.
pub const APPROVAL_TIMEOUT: &str = "SD0341";
/// Silence would do what only people may decide.
pub const SILENCE: &str = "SD0342";
/// Voters are not known well enough for what they decide.
pub const IDENTITY: &str = "SD0343";
/// An approval names steps that it can't release.
pub const RELEASES: &str = "SD0344";
/// Something in an approval has no effect.
pub const APPROVAL_IDLE: &str = "SD0345";
/// The question of an approval would show what the sender of an alert wrote.
pub const APPROVAL_WORDS: &str = "SD0346";
/// An approval is named that the configuration does not have.
pub const UNKNOWN_APPROVAL: &str = "SD0347";
/// A playbook stops an agent and tells nobody.
pub const UNTOLD: &str = "SD0360";
/// A hold has no end, and nobody is asked about it.
pub const OPEN_END: &str = "SD0361";
/// A step is to stop an agent, and nothing looks whether it did.
pub const UNSEEN: &str = "SD0362";
/// A stage or step that can never be reached.
pub const UNREACHABLE: &str = "SD0363";
/// A playbook that can never match.
pub const NEVER_MATCHES: &str = "SD0364";
/// A playbook stops agents without a budget.
pub const NO_BUDGET: &str = "SD0365";
/// A step destroys for a stated reason, and nobody is asked.
pub const IRREVERSIBLE: &str = "SD0366";
/// A field is compared with a word that it never is.
pub const NEVER_THIS_WORD: &str = "SD0367";
/// A playbook that acts runs one that only observes.
pub const CHILD_OBSERVES: &str = "SD0368";
/// A playbook or a stage is over before something that it waits for can be.
pub const CUT_SHORT: &str = "SD0369";
/// A connection that the configuration does not have.
pub const UNKNOWN_CONNECTION: &str = "SD0370";
/// Agents without a credential that a step needs.
pub const NO_CREDENTIAL: &str = "SD0371";
/// Agents without a handle that a step needs.
pub const NO_HANDLE: &str = "SD0372";
/// Agents whose pause nobody can see take effect.
pub const UNGATED: &str = "SD0373";
/// Nobody is there to be told or asked.
pub const NOBODY: &str = "SD0374";
/// Fewer people may vote than must.
pub const TOO_FEW: &str = "SD0375";
/// A playbook would start again always, or never.
pub const RERUN: &str = "SD0376";
/// A step contains only after evidence was kept.
pub const CONTAINED_LATE: &str = "SD0377";
/// A step contains in the background of a run that another step may end.
pub const CUT_OFF: &str = "SD0378";

const EXPLANATIONS: &[(&str, &str)] = &[
    (FILE, "A file or folder of playbooks can't be read: look at its path, its permissions and its encoding (UTF-8)."),
    (DUPLICATE_PLAYBOOK, "Two files name the same playbook, so that nobody can tell which one runs: rename one."),
    (NAME, "Playbooks and stages are named with letters, digits, `-` and `_`; steps with letters, digits and `_`."),
    (DUPLICATE_NAME, "Stages have unique names, and steps have names that are unique in the whole playbook."),
    (
        DURATION,
        "A duration is numbers with units, such as 30s, 10m, 8h or 1h30m; it is more than zero and at most 30 days.",
    ),
    (NOT_AVAILABLE, "The language reserves this, but this version of Standdown does not perform it."),
    (LIMIT, "A playbook has 1 to 64 stages and at most 200 steps; counts have the bounds that the message names."),
    (PRINCIPAL, "People are named as owner, fallback, user:NAME or group:NAME."),
    (
        SCHEDULE,
        "A schedule is five fields of cron with names of weekdays, and a time zone; a window has a beginning, an end and a reason.",
    ),
    (STEP_BODY, "A step has exactly one of `action` (with or without `approval`), `approval` alone, or `wait`."),
    (MISPLACED, "The key means nothing on this kind of step: remove it, or move it to where the hint says."),
    (
        STEP_ORDER,
        "Only steps that came before can be used: those of earlier stages, and in a sequential stage those above.",
    ),
    (UNKNOWN_STEP, "No step of the playbook has this name."),
    (
        FOR_EACH,
        "A step goes through a list, or a mapping by its keys: for_each: { in: CEL, as: NAME, at_most: 100, parallel: 10 }.",
    ),
    (RUN_PLAYBOOK, "`run_playbook` names one other playbook; runs start each other at most four deep."),
    (
        CORROBORATE,
        "Alerts of other sources corroborate a run by joining it: at least 2 sources, and incident: { on_new_alert: join }.",
    ),
    (
        INCIDENT_KEY,
        "The key of an incident is text that its alerts share, over `alert` and `agent`: alert.fields.session.",
    ),
    (UNKNOWN_ACTION, "No action has this name: neither Standdown itself nor a connector provides it."),
    (UNKNOWN_PARAMETER, "The action takes no parameter of this name."),
    (MISSING_PARAMETER, "The action needs this parameter under `with`."),
    (PARAMETER_TYPE, "The parameter takes another type, or only the values that the message lists."),
    (MISSING_CONNECTION, "An action of a connector says under `with` which configured connection it uses."),
    (SECRET_LITERAL, "A secret is always a reference: \"{{agent.credentials.NAME}}\" or { secret: \"env:NAME\" }."),
    (
        SECRET_MISPLACED,
        "A secret goes only into parameters that take one: anywhere else people or systems would read it.",
    ),
    (IMPACT, "How strong a step is decides who must be asked: notify, contain, destroy or release."),
    (UNDO, "Only steps that recorded what they changed can be undone, and only after they have run."),
    (NOTICE, "A message has recipients and either a template of Standdown's own or a subject and a text."),
    (
        DESTROY_UNGUARDED,
        "What can't be restored stands behind an approval, or says why not: irreversible: { because: ... }.",
    ),
    (
        RELEASE_UNGUARDED,
        "Nothing is given back to an agent unless a person says so: an approval must release the step.",
    ),
    (QUORUM, "The thresholds must be reachable by the people who may vote, after exclusions."),
    (APPROVAL_TIMEOUT, "Every wait for people has a deadline: `timeout`."),
    (SILENCE, "`on_timeout: act` is for steps that only contain: silence never releases and never destroys."),
    (IDENTITY, "A link can be forwarded: what destroys needs a voter known by `api`."),
    (RELEASES, "`releases` names later steps that are held back until people approve."),
    (APPROVAL_IDLE, "Something in the approval has no effect as it is written."),
    (
        APPROVAL_WORDS,
        "The question is in your words alone, because people take it for yours; page and message quote the alert below.",
    ),
    (UNKNOWN_APPROVAL, "The configuration has no approval of this name, or no configuration was given."),
    (UNTOLD, "A playbook that stops an agent tells somebody: its owner will otherwise look for a fault elsewhere."),
    (OPEN_END, "A hold without an end, which nobody decided about, is forgotten: let somebody be asked after a time."),
    (UNSEEN, "\"Contained\" is said only of an effect that was seen; nothing looks for the effect of this step."),
    (UNREACHABLE, "The condition of a stage or step can never be true."),
    (NEVER_MATCHES, "The condition of the playbook can never be true, so that it never runs."),
    (NO_BUDGET, "Without a budget a detector that goes wild stops a whole fleet."),
    (IRREVERSIBLE, "The step destroys without asking anybody, for the reason that the playbook states."),
    (NEVER_THIS_WORD, "The field is compared with a word that it never is."),
    (CHILD_OBSERVES, "A playbook that acts runs one that only observes, which then does nothing."),
    (CUT_SHORT, "A wait or an approval has more time than the playbook or the stage around it, and is cut short."),
    (UNKNOWN_CONNECTION, "The configuration has no such connection, or it belongs to another connector."),
    (NO_CREDENTIAL, "Agents that the playbook can be about lack a credential that a step needs."),
    (NO_HANDLE, "Agents that the playbook can be about lack a handle that a step needs."),
    (UNGATED, "A pause is enforced by the gate; of agents that nothing asks the gate for, it can't be proven."),
    (NOBODY, "A message or a question would reach nobody with this configuration."),
    (TOO_FEW, "An approval needs more votes than there are people who may vote."),
    (RERUN, "`rerun_when` says when a playbook starts again; as it is written that is always, or never."),
    (CONTAINED_LATE, "Evidence is kept before the agent is contained, which waits for it; both could start together."),
    (CUT_OFF, "The step contains in the background, and the failure of another step would end the run over it."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
