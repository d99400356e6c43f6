//! Names that people choose: of agents, playbooks, steps, sources, people and connections.
//!
//! A name is parsed once, at the door; after that no bare string stands for one. The characters are few on purpose:
//! a name is used in paths, headers, log fields and commands.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// Why a text can't be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there, or more than [`NAME_BYTES_MAX`] bytes.
    #[error("a name has 1 to {NAME_BYTES_MAX} characters; this one has {0}")]
    Length(usize),
    /// A character outside the allowed set.
    #[error("a name has only letters, digits and `{allowed}`; this one has `{found}`")]
    Character {
        /// The offending character, escaped.
        found: String,
        /// The punctuation that this kind of name allows.
        allowed: &'static str,
    },
}

fn check(text: &str, punctuation: &'static str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return Err(NameError::Length(text.chars().count()));
    }
    let wrong = text.chars().find(|c| !(c.is_ascii_alphanumeric() || punctuation.contains(*c)));
    match wrong {
        None => Ok(()),
        Some(c) => Err(NameError::Character { found: c.escape_default().to_string(), allowed: punctuation }),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $punctuation:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Reads a name, refusing what this kind of name can't be.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check(text, $punctuation)?;
                Ok(Self(text.to_owned()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

name!(
    /// An agent of the inventory, or one that an alert named.
    AgentId, "-_.:@/"
);
name!(
    /// A playbook.
    PlaybookName, "-_"
);
name!(
    /// A stage of a playbook.
    StageName, "-_"
);
name!(
    /// A step, unique in its playbook.
    StepName, "_"
);
name!(
    /// A verb that a step performs, such as `oauth.revoke_token`.
    ActionName, "_."
);
name!(
    /// A configured endpoint of a connector.
    ConnectionName, "-_"
);
name!(
    /// A configured sender of alerts.
    SourceId, "-_"
);
name!(
    /// A person of the configuration.
    PersonId, "-_.@+"
);
name!(
    /// An approval of the configuration, for playbooks to use.
    ApprovalName, "-_"
);
name!(
    /// A named group of people.
    GroupName, "-_."
);

impl SourceId {
    /// Whether these are alerts of Standdown's own: what it saw itself, and what its schedules start. They say nothing
    /// that a sender of alerts has not said. The configuration gives no sender such a name.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self.as_str(), "system" | "schedule")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        assert!(AgentId::parse("spiffe:prod/billing-bot").is_ok());
        assert_eq!(StepName::parse(""), Err(NameError::Length(0)));
        assert!(matches!(StepName::parse("tell-owner"), Err(NameError::Character { .. })));
        assert!(matches!(AgentId::parse("bot\u{202e}"), Err(NameError::Character { .. })));
        assert_eq!(AgentId::parse(&"x".repeat(129)), Err(NameError::Length(129)));
    }

    #[test]
    fn a_stored_name_is_checked_when_it_is_read_back() {
        assert!(serde_json::from_str::<PlaybookName>("\"a b\"").is_err());
        assert_eq!(serde_json::from_str::<PlaybookName>("\"a-b\"").unwrap().as_str(), "a-b");
    }
}
