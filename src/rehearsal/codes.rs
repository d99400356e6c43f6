//! The stable codes of the faults in a playbook's tests, and one line of explanation for each. The family is `SD05xx`.

use crate::domain::Codes;

/// A test file can't be used.
pub const FILE: &str = "SD0501";
/// A step is named that the playbook does not have.
pub const UNKNOWN_STEP: &str = "SD0502";
/// A person or group is named that the test's inventory does not have.
pub const UNKNOWN_PERSON: &str = "SD0503";
/// An agent is named that the test's inventory does not have.
pub const UNKNOWN_AGENT: &str = "SD0504";
/// A case says something that can't be.
pub const CASE: &str = "SD0505";
/// A payload can't be read, or makes no alert.
pub const PAYLOAD: &str = "SD0506";
/// A step starts a playbook that is not in the folder.
pub const CHILD: &str = "SD0507";
/// A case came out otherwise than it expects; only in reports, never of a file.
pub const CASE_FAILED: &str = "SD0508";
/// The cases go through less of a playbook than is wanted; only in reports, never of a file.
pub const COVERAGE: &str = "SD0509";

const EXPLANATIONS: &[(&str, &str)] = &[
    (FILE, "A test file can't be used: it can't be read, has no cases, or its playbook has faults."),
    (UNKNOWN_STEP, "The test names a step that its playbook does not have."),
    (UNKNOWN_PERSON, "The test names somebody who stands neither under `people` nor as an owner in its inventory."),
    (UNKNOWN_AGENT, "The test's inventory does not have this agent, though the case says something about it."),
    (
        CASE,
        "The case says something that can't be, such as a time that is none or an outcome for a step without calls.",
    ),
    (PAYLOAD, "A payload file can't be read, or the source makes no single alert of it."),
    (CHILD, "A step starts a playbook that is not in the folder of its own, so it can't be rehearsed."),
    (CASE_FAILED, "A case came out otherwise than it expects."),
    (COVERAGE, "The cases go through less of a playbook than `--coverage-min` wants, or it has none."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
