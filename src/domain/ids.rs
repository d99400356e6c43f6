//! Identifiers of what the store keeps: UUID version 7, 16 bytes at rest, shown as a prefix and 26 Crockford base32 characters.
//!
//! The prefix says what the id names, so that a person who pastes one into the wrong place is told, not misled.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::{NoContext, Timestamp as UuidTime, Uuid};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What is wrong with the text of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the prefix of this kind of id.
    #[error("an id of this kind starts with `{0}`")]
    Prefix(&'static str),
    /// The text after the prefix is not 26 Crockford base32 characters that fit 128 bits.
    #[error("an id has 26 characters of 0-9 and a-z (without i, l, o, u) after its prefix")]
    Characters,
}

fn encode(id: Uuid) -> String {
    let mut value = id.as_u128();
    let mut out = [b'0'; 26];
    for slot in out.iter_mut().rev() {
        let digit = usize::try_from(value & 31).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
        value >>= 5;
    }
    out.iter().map(|byte| char::from(*byte)).collect()
}

fn decode(text: &str) -> Result<Uuid, IdError> {
    if text.len() != 26 {
        return Err(IdError::Characters);
    }
    let mut value: u128 = 0;
    for byte in text.bytes().map(|byte| byte.to_ascii_lowercase()) {
        let digit = ALPHABET.iter().position(|known| *known == byte).ok_or(IdError::Characters)?;
        if value >> 123 != 0 {
            return Err(IdError::Characters);
        }
        value = (value << 5) | u128::try_from(digit).unwrap_or(0);
    }
    Ok(Uuid::from_u128(value))
}

/// A fresh UUID version 7 whose time part is `at` (so that ids sort by time, and tests decide the time).
fn fresh(at: jiff::Timestamp) -> Uuid {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(at.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(UuidTime::from_unix(NoContext, seconds, nanoseconds))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id whose time part is `at`.
            #[must_use]
            pub fn generate(at: jiff::Timestamp) -> Self {
                Self(fresh(at))
            }

            /// The time part of the id, to the millisecond; the beginning of time for an id that has none.
            #[must_use]
            pub fn generated_at(self) -> jiff::Timestamp {
                let milliseconds = i64::try_from(self.0.as_u128() >> 80).unwrap_or(0);
                jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            }

            /// What sorts before every id whose time part is `at` or later.
            #[must_use]
            pub fn before(at: jiff::Timestamp) -> Self {
                let milliseconds = u128::try_from(at.as_millisecond()).unwrap_or(0);
                Self(Uuid::from_u128(milliseconds << 80))
            }

            /// The id as the store keeps it.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The 128 bits as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                decode(text.strip_prefix($prefix).ok_or(IdError::Prefix($prefix))?).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

id!(
    /// One execution of a playbook.
    RunId, "run_"
);
id!(
    /// Alerts about one subject that belong together.
    IncidentId, "inc_"
);
id!(
    /// One normalised message of an alert source.
    AlertId, "alt_"
);
id!(
    /// One request for a decision of people.
    ApprovalId, "apv_"
);
id!(
    /// One limit on what an agent may do.
    HoldId, "hld_"
);
id!(
    /// One message to one person over one channel.
    MessageId, "msg_"
);
id!(
    /// One life of one process that shares the work: made anew at every start and never used again.
    ReplicaId, "rep_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_the_way_to_text_and_back() {
        let id = RunId::generate(jiff::Timestamp::UNIX_EPOCH);
        let text = id.to_string();
        assert_eq!(text.len(), 30);
        assert_eq!(text.parse::<RunId>(), Ok(id));
        assert_eq!(text.to_uppercase().replace("RUN_", "run_").parse::<RunId>(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_its_prefix() {
        let text = IncidentId::generate(jiff::Timestamp::UNIX_EPOCH).to_string();
        assert_eq!(text.parse::<RunId>(), Err(IdError::Prefix("run_")));
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        assert_eq!("run_".parse::<RunId>(), Err(IdError::Characters));
        assert_eq!("run_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<RunId>(), Err(IdError::Characters));
        assert_eq!("run_0000000000000000000000000u".parse::<RunId>(), Err(IdError::Characters));
    }

    #[test]
    fn ids_sort_by_their_time() {
        let early = RunId::generate(jiff::Timestamp::from_second(1_000).unwrap());
        let late = RunId::generate(jiff::Timestamp::from_second(2_000).unwrap());
        assert!(early < late && early.to_string() < late.to_string());
    }
}
