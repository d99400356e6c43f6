//! People, groups, and the principals that playbooks and the inventory name them by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::names::{GroupName, NameError, PersonId};

/// Somebody who can be asked or told. How they are reached is by address, never by secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id in the configuration.
    pub id: PersonId,
    /// The name that pages show.
    pub name: String,
    /// The e-mail address, if they are reached by e-mail.
    pub email: Option<String>,
    /// The configured webhook channel that reaches them, if any.
    pub webhook: Option<String>,
}

/// Who is meant, before it is known which people that are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// The agent's owner.
    Owner,
    /// Whoever is told of agents that nobody owns.
    Fallback,
    /// One person: `user:ana`.
    User(PersonId),
    /// Everybody of a group: `group:security`.
    Group(GroupName),
}

/// A text that names no principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// None of the known forms.
    #[error("`{0}` names nobody: write owner, fallback, user:NAME or group:NAME")]
    Form(String),
    /// The name after the colon can't be one.
    #[error("the name in `{0}` can't be one: {1}")]
    Name(String, NameError),
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name_error = |error| PrincipalError::Name(text.to_owned(), error);
        match text.split_once(':') {
            None if text == "owner" => Ok(Self::Owner),
            None if text == "fallback" => Ok(Self::Fallback),
            Some(("user", name)) => PersonId::parse(name).map(Self::User).map_err(name_error),
            Some(("group", name)) => GroupName::parse(name).map(Self::Group).map_err(name_error),
            _ => Err(PrincipalError::Form(text.to_owned())),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.pad("owner"),
            Self::Fallback => f.pad("fallback"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Everybody the configuration knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// People by id.
    pub people: BTreeMap<PersonId, Person>,
    /// Members by group.
    pub groups: BTreeMap<GroupName, BTreeSet<PersonId>>,
    /// Who is told of what nobody owns.
    pub fallback: Vec<Principal>,
}

impl Directory {
    /// The people that principals mean, each once, in order of id. `owner` is what [`Principal::Owner`] stands for here;
    /// an owner that nobody is (or none) falls back to the fallback owner, so that somebody is always asked.
    #[must_use]
    pub fn resolve(&self, principals: &[Principal], owner: Option<&Principal>) -> BTreeSet<PersonId> {
        let mut found = BTreeSet::new();
        for principal in principals {
            match principal {
                Principal::Owner => {
                    let owners = owner.map(|owner| self.direct(owner)).unwrap_or_default();
                    let owners = if owners.is_empty() { self.fallback_people() } else { owners };
                    found.extend(owners);
                }
                Principal::Fallback => found.extend(self.fallback_people()),
                direct @ (Principal::User(_) | Principal::Group(_)) => found.extend(self.direct(direct)),
            }
        }
        found
    }

    /// The people of the fallback owner.
    #[must_use]
    pub fn fallback_people(&self) -> BTreeSet<PersonId> {
        self.fallback.iter().flat_map(|principal| self.direct(principal)).collect()
    }

    fn direct(&self, principal: &Principal) -> BTreeSet<PersonId> {
        match principal {
            Principal::User(id) => self.people.contains_key(id).then(|| id.clone()).into_iter().collect(),
            Principal::Group(name) => self.groups.get(name).cloned().unwrap_or_default(),
            Principal::Owner | Principal::Fallback => BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> Person {
        Person { id: PersonId::parse(id).unwrap(), name: id.to_owned(), email: None, webhook: None }
    }

    #[test]
    fn an_owner_that_nobody_is_falls_back_to_the_fallback_owner() {
        let mut directory = Directory { fallback: vec!["user:sam".parse().unwrap()], ..Directory::default() };
        for id in ["ana", "sam"] {
            directory.people.insert(PersonId::parse(id).unwrap(), person(id));
        }
        let ask = |owner: Option<&str>| {
            let owner = owner.map(|owner| owner.parse::<Principal>().unwrap());
            directory
                .resolve(&[Principal::Owner], owner.as_ref())
                .into_iter()
                .map(|id| id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(ask(Some("user:ana")), ["ana"]);
        assert_eq!(ask(Some("user:gone")), ["sam"]);
        assert_eq!(ask(None), ["sam"]);
    }
}
