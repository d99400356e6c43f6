//! Who would be told and asked, and whether anybody is there who can be.

use super::{Found, Surroundings};
use crate::domain::{GroupName, PersonId, Principal};
use crate::playbook::codes;
use crate::playbook::model::{ActionStep, ApprovalSpec};

/// Those whom a message goes to.
pub(super) fn told(found: &mut Found, pointer: &str, action: &ActionStep, surroundings: &Surroundings<'_>) {
    for principal in action.notice.iter().flat_map(|notice| &notice.to) {
        reached(found, &format!("{pointer}/with/to"), principal, "", surroundings);
    }
}

/// Those who are asked, and whether they are enough.
pub(super) fn asked(found: &mut Found, pointer: &str, approval: &ApprovalSpec, surroundings: &Surroundings<'_>) {
    let pointer = format!("{pointer}/approval");
    // What the configuration lent stands elsewhere than where it is said.
    let origin = |key: &str| approval.lent.get(key).map(|lender| format!("; {}", lender.of(key))).unwrap_or_default();
    for principal in &approval.approvers {
        reached(found, &format!("{pointer}/approvers"), principal, &origin("approvers"), surroundings);
    }
    for principal in &approval.escalate_to {
        reached(found, &format!("{pointer}/escalate_to"), principal, &origin("escalate_to"), surroundings);
    }
    // Who owns an agent differs from agent to agent.
    if approval.approvers.contains(&Principal::Owner) {
        return;
    }
    let excluded = surroundings.directory.resolve(&approval.exclude, None);
    let voters = surroundings.directory.resolve(&approval.approvers, None);
    let voters: Vec<&PersonId> = voters.iter().filter(|person| !excluded.contains(*person)).collect();
    for (index, threshold) in approval.thresholds.iter().enumerate() {
        let from = surroundings.directory.resolve(&threshold.from, None);
        let counted = voters.iter().filter(|person| threshold.from.is_empty() || from.contains(**person)).count();
        if usize::try_from(threshold.approve).is_ok_and(|needed| needed > counted) {
            let needed = threshold.approve;
            let origin = origin("thresholds");
            let message = format!("{needed} approvals are needed, and {counted} of the people here may vote{origin}");
            let hint = "name more people under `approvers`, or lower the threshold".to_owned();
            found.warn(&format!("{pointer}/thresholds/{index}"), codes::TOO_FEW, message, hint);
        }
    }
}

fn reached(found: &mut Found, pointer: &str, principal: &Principal, origin: &str, surroundings: &Surroundings<'_>) {
    let directory = surroundings.directory;
    let unknown = match principal {
        Principal::Owner => return,
        Principal::User(id) => !directory.people.contains_key(id),
        Principal::Group(name) => !directory.groups.contains_key(name),
        Principal::Fallback => false,
    };
    let (message, hint) = if unknown {
        let (place, known): (_, Vec<&str>) = match principal {
            Principal::Group(_) => ("groups", directory.groups.keys().map(GroupName::as_str).collect()),
            _ => ("people", directory.people.keys().map(PersonId::as_str).collect()),
        };
        let name = principal.to_string();
        let name = name.split_once(':').map_or(name.as_str(), |(_, name)| name);
        let hint = match crate::language::suggest(name, known.into_iter()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("add it to `{place}` in the configuration"),
        };
        (format!("there is no `{principal}` in the configuration{origin}"), hint)
    } else {
        let people = directory.resolve(std::slice::from_ref(principal), None);
        let heard =
            people.iter().filter_map(|id| directory.people.get(id)).any(|person| (surroundings.reaches)(person));
        if heard {
            return;
        }
        let hint = "give somebody an e-mail address or a webhook whose channel is configured".to_owned();
        (format!("no message reaches anybody of `{principal}`{origin}"), hint)
    };
    found.warn(pointer, codes::NOBODY, message, hint);
}
