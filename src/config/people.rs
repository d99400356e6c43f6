//! People, groups and the fallback owner; and how a caller proves to be one of the people.
//!
//! It turns what the file says into the [`Directory`] that everything else asks. A token is known here by its digest
//! alone, so neither the file nor a dump of memory gives one away.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::constant_time;

use super::document::Document;
use super::shape::{PersonShape, Shape};
use super::{codes, pointer};
use crate::domain::actor::LOCAL_PREFIX;
use crate::domain::digest::Digest;
use crate::domain::directory::{Directory, Person, Principal};
use crate::domain::names::PersonId;
use crate::language::Diagnostic;

/// How people prove who they are: by API token, or by their user on this machine.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonCredentials {
    tokens: Vec<(Digest, PersonId)>,
    users: BTreeMap<u32, PersonId>,
}

impl PersonCredentials {
    /// The person whose token this is. Every digest is compared, in constant time, whichever matches.
    #[must_use]
    pub fn person_by_token(&self, token: &str) -> Option<PersonId> {
        let presented = Digest::of(token.as_bytes());
        let mut found = None;
        for (digest, person) in &self.tokens {
            if constant_time::verify_slices_are_equal(digest.as_bytes(), presented.as_bytes()).is_ok() {
                found = Some(person);
            }
        }
        found.cloned()
    }

    /// The person who acts as this user of the machine.
    #[must_use]
    pub fn person_by_uid(&self, uid: u32) -> Option<PersonId> {
        self.users.get(&uid).cloned()
    }
}

impl fmt::Debug for PersonCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tokens, users) = (self.tokens.len(), self.users.len());
        formatter.debug_struct("PersonCredentials").field("tokens", &tokens).field("users", &users).finish()
    }
}

/// Makes the directory and the credentials, and reports what names nobody.
pub(super) fn read(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) -> (Directory, PersonCredentials) {
    let mut directory = Directory { fallback: shape.fallback_owner.clone(), ..Directory::default() };
    let mut credentials = PersonCredentials::default();
    for (id, person) in &shape.people {
        let at = pointer::child("/people", id.as_str());
        check_address(document, &at, person, faults);
        if id.as_str().starts_with(LOCAL_PREFIX) {
            let message = format!("`{LOCAL_PREFIX}` begins the names of users of this machine who are nobody here");
            faults.push(document.error(&at, codes::WRONG_VALUE, message).hint("name the person otherwise"));
        }
        add_credentials(document, &at, id, person, &mut credentials, faults);
        let name = person.name.clone().unwrap_or_else(|| id.to_string());
        let (email, webhook) = (person.email.clone(), person.webhook.clone());
        directory.people.insert(id.clone(), Person { id: id.clone(), name, email, webhook });
    }
    for (name, members) in &shape.groups {
        let at = pointer::child("/groups", name.as_str());
        if members.is_empty() {
            faults.push(document.warning(&at, codes::UNREACHABLE, format!("the group `{name}` has nobody in it")));
        }
        let known = |member: &String| match document.known("/people", member) {
            Ok(()) => PersonId::parse(member).ok(),
            Err(hint) => {
                let message = format!("there is no person `{member}`");
                let place = document.item(&at, member);
                faults.push(document.error(&place, codes::UNKNOWN_PERSON, message).hint(hint));
                None
            }
        };
        let members: BTreeSet<PersonId> = members.iter().filter_map(known).collect();
        directory.groups.insert(name.clone(), members);
    }
    check_fallback(document, &directory, faults);
    (directory, credentials)
}

fn check_address(document: &Document, at: &str, person: &PersonShape, faults: &mut Vec<Diagnostic>) {
    if let Some(email) = &person.email {
        let at = pointer::child(at, "email");
        if email.parse::<lettre::Address>().is_err() {
            let message = "this is no e-mail address";
            faults.push(document.error(&at, codes::WRONG_VALUE, message).hint("write it as name@example.com"));
        } else if document.value.pointer("/channels/email").is_none_or(serde_json::Value::is_null) {
            let message = "an e-mail address, but no mail server to send through";
            faults.push(document.warning(&at, codes::UNKNOWN_CHANNEL, message).hint("add channels.email"));
        }
    }
    if let Some(webhook) = &person.webhook
        && let Err(hint) = document.known("/channels/webhooks", webhook)
    {
        let message = format!("there is no webhook `{webhook}` under channels.webhooks");
        faults.push(document.error(&pointer::child(at, "webhook"), codes::UNKNOWN_CHANNEL, message).hint(hint));
    }
}

fn add_credentials(
    document: &Document,
    at: &str,
    id: &PersonId,
    person: &PersonShape,
    credentials: &mut PersonCredentials,
    faults: &mut Vec<Diagnostic>,
) {
    if let Some(text) = &person.token {
        let at = pointer::child(at, "token");
        match text.strip_prefix("sha256:").and_then(|digest| digest.parse::<Digest>().ok()) {
            None => faults.push(
                document
                    .error(&at, codes::LITERAL_SECRET, "a token stands here as its digest, never itself (the text is withheld)")
                    .hint("write sha256: and the 64 digits of `printf %s TOKEN | sha256sum`; replace a token that stood here"),
            ),
            Some(digest) => match credentials.tokens.iter().find(|(other, _)| *other == digest) {
                Some((_, other)) => {
                    let message = format!("`{other}` has the same token");
                    faults.push(document.error(&at, codes::SHARED_IDENTITY, message).hint("give each person their own"));
                }
                None => credentials.tokens.push((digest, id.clone())),
            },
        }
    }
    if let Some(uid) = person.uid
        && let Some(other) = credentials.users.insert(uid, id.clone())
    {
        let message = format!("`{other}` has the same uid");
        let at = pointer::child(at, "uid");
        faults.push(document.error(&at, codes::SHARED_IDENTITY, message).hint("give each person their own"));
    }
}

fn check_fallback(document: &Document, directory: &Directory, faults: &mut Vec<Diagnostic>) {
    let at = "/fallback_owner";
    let before = faults.len();
    for principal in &directory.fallback {
        let place = document.item(at, &principal.to_string());
        if let Some(fault) = unknown_principal(document, principal) {
            faults.push(document.error(&place, fault.0, fault.1).hint(fault.2));
        }
    }
    if faults.len() > before {
        return;
    }
    let people = directory.fallback_people();
    if people.is_empty()
        && document.value.pointer(at).is_none_or(|written| written.as_array().is_none_or(Vec::is_empty))
    {
        let message = "nobody is told of agents that nobody owns: fallback_owner is missing";
        faults.push(document.error(at, codes::NO_FALLBACK_OWNER, message).hint("add fallback_owner: [user:ID]"));
    } else if people.is_empty() {
        let message = "the fallback owner is nobody";
        faults
            .push(document.error(at, codes::NO_FALLBACK_OWNER, message).hint("name a person, or a group with members"));
    } else if people
        .iter()
        .filter_map(|id| directory.people.get(id))
        .all(|one| one.email.is_none() && one.webhook.is_none())
    {
        let message = "nobody of the fallback owner has an e-mail address or a webhook: only the pages will say it";
        faults.push(document.warning(at, codes::UNREACHABLE, message));
    }
}

/// What is wrong with a principal that must be a person or a group: code, message and hint.
pub(super) fn unknown_principal(document: &Document, principal: &Principal) -> Option<(&'static str, String, String)> {
    match principal {
        Principal::User(id) => {
            let hint = document.known("/people", id.as_str()).err()?;
            Some((codes::UNKNOWN_PERSON, format!("there is no person `{id}`"), hint))
        }
        Principal::Group(name) => {
            let hint = document.known("/groups", name.as_str()).err()?;
            Some((codes::UNKNOWN_GROUP, format!("there is no group `{name}`"), hint))
        }
        Principal::Owner | Principal::Fallback => {
            let message = format!("`{principal}` stands for somebody else, who is named here");
            Some((codes::OWNER, message, "write user:ID or group:NAME".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_the_person_whose_digest_it_has() {
        let digest = |token: &str| Digest::of(token.as_bytes());
        let person = |id: &str| PersonId::parse(id).unwrap();
        let credentials = PersonCredentials {
            tokens: vec![(digest("a-token"), person("ana")), (digest("b-token"), person("ben"))],
            users: BTreeMap::from([(1000, person("ana"))]),
        };
        assert_eq!(credentials.person_by_token("b-token"), Some(person("ben")));
        assert_eq!(credentials.person_by_token("a-token"), Some(person("ana")));
        assert_eq!(credentials.person_by_token(""), None);
        assert_eq!(credentials.person_by_uid(1000), Some(person("ana")));
        assert_eq!(credentials.person_by_uid(0), None);
        assert!(!format!("{credentials:?}").contains(&digest("a-token").to_string()));
    }
}
