//! The stable codes of the faults of a configuration, and one line of explanation for each.
//!
//! A code never changes its meaning and is never given away again, because people search for it. What is no YAML at all
//! has the codes of the language, `SD00xx`.

use crate::client::SecretError;
use crate::domain::Codes;

/// A file can't be read.
pub const UNREADABLE: &str = "SD1001";
/// A setting that does not exist.
pub const UNKNOWN_SETTING: &str = "SD1002";
/// A setting that is required is missing.
pub const MISSING_SETTING: &str = "SD1003";
/// A value that the setting can't have.
pub const WRONG_VALUE: &str = "SD1004";
/// A value that is none of the allowed words.
pub const UNKNOWN_WORD: &str = "SD1005";
/// An environment variable that sets nothing.
pub const UNKNOWN_VARIABLE: &str = "SD1006";
/// A secret is written out.
pub const LITERAL_SECRET: &str = "SD1010";
/// A secret can't be resolved.
pub const UNRESOLVED_SECRET: &str = "SD1011";
/// A secret is so short that it stands in other words.
pub const SHORT_SECRET: &str = "SD1012";
/// The daemon would answer strangers.
pub const OPEN_GATE: &str = "SD1020";
/// The public address can't be used in links.
pub const PUBLIC_URL: &str = "SD1021";
/// A path can't be used.
pub const PATH: &str = "SD1022";
/// A limit is out of range.
pub const LIMIT: &str = "SD1023";
/// A person that the configuration does not have.
pub const UNKNOWN_PERSON: &str = "SD1030";
/// A group that the configuration does not have.
pub const UNKNOWN_GROUP: &str = "SD1031";
/// The fallback owner is nobody.
pub const NO_FALLBACK_OWNER: &str = "SD1032";
/// Two people share a token or a user id.
pub const SHARED_IDENTITY: &str = "SD1033";
/// A channel that the configuration does not have.
pub const UNKNOWN_CHANNEL: &str = "SD1034";
/// Somebody who must be asked can't be reached.
pub const UNREACHABLE: &str = "SD1035";
/// Two agents share an id or an alias.
pub const SHARED_AGENT_NAME: &str = "SD1040";
/// A connection that the configuration does not have, or of another connector.
pub const UNKNOWN_CONNECTION: &str = "SD1041";
/// An agent that the inventory does not have.
pub const UNKNOWN_AGENT: &str = "SD1042";
/// An agent's owner is not one.
pub const OWNER: &str = "SD1043";
/// A connection that can't be set up.
pub const CONNECTION: &str = "SD1050";
/// A channel that can't be set up.
pub const CHANNEL: &str = "SD1051";
/// A gate that can't be set up.
pub const GATE: &str = "SD1052";
/// An address that the client would refuse.
pub const NETWORKS: &str = "SD1053";

const EXPLANATIONS: &[(&str, &str)] = &[
    (UNREADABLE, "The file can't be read: check the path and its permissions."),
    (UNKNOWN_SETTING, "There is no setting of this name at this place; `standdown config --defaults` prints them all."),
    (MISSING_SETTING, "A setting that is required here is missing."),
    (WRONG_VALUE, "The setting can't have this value."),
    (UNKNOWN_WORD, "The setting takes one of a fixed set of words, and this is none of them."),
    (UNKNOWN_VARIABLE, "STANDDOWN_SECTION__KEY sets the scalar setting section.key; this variable sets none."),
    (LITERAL_SECRET, "Secrets are named by reference, ${NAME} or file:/path, and never stand in a file."),
    (UNRESOLVED_SECRET, "The variable or file that a secret is read from is not there, not readable or empty."),
    (
        SHORT_SECRET,
        "A secret of fewer than 8 characters is guessed easily, and is not taken out of answers and messages.",
    ),
    (OPEN_GATE, "Without gate.token the gate answers whoever asks, which is allowed on a loopback address only."),
    (PUBLIC_URL, "Links in messages are built from public_url: an http or https address that people can reach."),
    (PATH, "The path does not exist, is of the wrong kind or is too long."),
    (LIMIT, "The limit is out of its range."),
    (UNKNOWN_PERSON, "people has nobody of this id."),
    (UNKNOWN_GROUP, "groups has no group of this name."),
    (
        NO_FALLBACK_OWNER,
        "fallback_owner must be at least one person: an alert about an agent that nobody owns goes there.",
    ),
    (SHARED_IDENTITY, "A token or a user id belongs to one person, so that the history can say who acted."),
    (UNKNOWN_CHANNEL, "channels has no such channel."),
    (UNREACHABLE, "Nobody can be asked in time who has neither e-mail nor webhook."),
    (SHARED_AGENT_NAME, "An id or alias names one agent, so that an alert can't contain the wrong one."),
    (UNKNOWN_CONNECTION, "connections has no such connection, or it belongs to another connector."),
    (UNKNOWN_AGENT, "The inventory has no agent of this id."),
    (OWNER, "An agent's owner is user:ID or group:NAME."),
    (CONNECTION, "The connection can't be set up: its connector says what it wants."),
    (CHANNEL, "The channel can't be set up: its certificate authorities or its address can't be used."),
    (GATE, "The gate can't be set up: its token can't be read, or its header is no header."),
    (NETWORKS, "Private addresses are reached only where `networks` beside them says so."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));

/// Whether a message of the reader says that something is no secret reference.
pub(super) fn is_reference_fault(message: &str) -> bool {
    [SecretError::NotAReference, SecretError::BadVariable, SecretError::RelativePath]
        .iter()
        .any(|error| message == error.to_string())
}
