//! A small catalogue for tests: one action of every kind that a playbook treats differently.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ActionKind, ActionSpec, Catalogue, ParameterSpec, ParameterType};
use crate::domain::{ActionName, Digest, Impact, Protection};

/// An action of the world outside, without parameters.
pub(crate) fn external(name: &str, impact: Option<Impact>) -> ActionSpec {
    ActionSpec {
        name: ActionName::parse(name).expect("a test names its actions well"),
        kind: ActionKind::External,
        parameters: BTreeMap::new(),
        connector: None,
        impact,
        protection: Protection::Idempotent,
        prepares: false,
        proves: false,
        prove_within: Duration::ZERO,
        undoable: false,
        timeout: Duration::from_secs(15),
        digest: Digest::of(name.as_bytes()),
        help: format!("does {name}"),
    }
}

fn with(mut spec: ActionSpec, parameters: &[(&str, ParameterType, bool)]) -> ActionSpec {
    for (name, kind, required) in parameters {
        let help = format!("the {name}");
        let parameter = ParameterSpec { kind: *kind, required: *required, values: Vec::new(), help };
        spec.parameters.insert((*name).to_owned(), parameter);
    }
    spec
}

/// The actions of the machine, and some of the world outside.
pub(crate) fn catalogue() -> Catalogue {
    use ParameterType::{Any, Boolean, Integer, List, Map, Secret, String};
    let mut revoke = with(
        external("oauth.revoke_token", Some(Impact::Contain)),
        &[("token", Secret, true), ("token_type_hint", String, false)],
    );
    revoke.connector = Some("oauth".to_owned());
    revoke.prepares = true;
    revoke.proves = true;
    revoke.prove_within = Duration::from_mins(1);
    if let Some(hint) = revoke.parameters.get_mut("token_type_hint") {
        hint.values = vec!["access_token".to_owned(), "refresh_token".to_owned()];
    }
    let mut call = with(
        external("http.call", None),
        &[
            ("method", String, true),
            ("url", String, true),
            ("headers", Map, false),
            ("json", Any, false),
            ("form", Map, false),
            ("success", String, false),
        ],
    );
    call.protection = Protection::None;
    let mut freeze =
        with(external("process.freeze", Some(Impact::Contain)), &[("pid", Integer, true), ("tree", Boolean, false)]);
    freeze.undoable = true;
    freeze.proves = true;
    let delete = with(external("vault.destroy_entity", Some(Impact::Destroy)), &[("entity", String, true)]);
    let label = with(external("ticket.label", Some(Impact::Notify)), &[("labels", List, true)]);
    Catalogue::new([revoke, call, freeze, delete, label, external("evidence.capture", Some(Impact::Notify))])
}
