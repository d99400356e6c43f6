//! Which step of a run is meant: one that is done once, or one of the items that a step goes through.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::names::{NameError, StepName};

/// The path of a step in a run: `step`, or `step[index]` for one of the items that it runs over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepPath {
    /// The step.
    pub step: StepName,
    /// The item, counted from 0.
    pub index: Option<u16>,
}

impl From<StepName> for StepPath {
    fn from(step: StepName) -> Self {
        Self { step, index: None }
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            None => f.pad(self.step.as_str()),
            Some(index) => write!(f, "{}[{index}]", self.step),
        }
    }
}

/// A text that is no path of a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepPathError {
    /// The name before the bracket can't be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The part in brackets is no number from 0 to 65535.
    #[error("a path is `step` or `step[index]`; `{0}` has no such index")]
    Index(String),
}

impl FromStr for StepPath {
    type Err = StepPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || StepPathError::Index(text.to_owned());
        match text.split_once('[') {
            None => Ok(StepName::parse(text)?.into()),
            Some((name, rest)) => {
                let index = rest.strip_suffix(']').ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
                Ok(Self { step: StepName::parse(name)?, index: Some(index) })
            }
        }
    }
}

impl Serialize for StepPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_way_to_text_and_back() {
        for text in ["pause", "pause[0]", "pause[65535]"] {
            assert_eq!(text.parse::<StepPath>().unwrap().to_string(), text);
        }
        assert!("pause[65536]".parse::<StepPath>().is_err());
        assert!("pause[1".parse::<StepPath>().is_err());
    }
}
