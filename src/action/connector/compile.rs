//! From the text of a connector file to a [`Connector`], or to every fault in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::conditions::{condition, rules, value};
use super::declaration::{Connector, Declaration, Snapshot, Undo, Verify};
use super::fields::{compile_tree, escaped};
use super::parameter::{self, Parameter};
use super::raw::{EffectClass, EffectScope, RawAction, RawConnector, RawSnapshot, RawVerify, Witness};
use super::request::RequestTemplate;
use super::values::Scope;
use crate::action::connection::{ConnectionSpec, SettingSpec};
use crate::action::rules::Rules;
use crate::client::parse_duration;
use crate::domain::{ActionName, Digest, Impact, Protection};
use crate::language::{self, Diagnostic, Fault, Source, SpanMap};
use crate::playbook::{ActionKind, ActionSpec};

/// The code of what is wrong with a connector, apart from its YAML, expressions and templates.
pub const CONNECTOR_FAULT: &str = "SD0401";

/// The faults of a file, each at its place.
pub struct Faults<'a> {
    spans: &'a SpanMap,
    found: Vec<Diagnostic>,
}

impl Faults<'_> {
    /// A fault of the value at a pointer.
    pub fn at(&mut self, pointer: &str, message: impl Into<String>) {
        let span = self.spans.nearest(pointer);
        self.found.push(Diagnostic::error(CONNECTOR_FAULT, self.spans.file(), message).at(span));
    }

    /// A fault inside the expression or template at a pointer.
    pub fn inside(&mut self, pointer: &str, fault: &Fault) {
        self.found.push(self.spans.diagnostic(pointer, fault));
    }

    /// What was compiled; otherwise its faults are noted.
    pub fn all<T>(&mut self, pointer: &str, compiled: Result<T, Vec<Fault>>) -> Option<T> {
        compiled.map_err(|faults| faults.iter().for_each(|fault| self.inside(pointer, fault))).ok()
    }
}

/// Compiles a connector file.
pub fn compile(source: &Source) -> Result<Connector, Vec<Diagnostic>> {
    let (raw, spans) = language::parse::<RawConnector>(source)?;
    let mut faults = Faults { spans: &spans, found: Vec::new() };
    let digest = Digest::of(source.text.as_bytes());
    let connection = connection(&raw, &mut faults);
    let context = Context { connector: Arc::from(raw.connector.as_str()), connection: &connection, digest };
    let actions = raw.actions.iter().filter_map(|(name, action)| context.action(name, action, &mut faults));
    let actions = actions.map(Arc::new).collect();
    if faults.found.is_empty() { Ok(Connector { name: raw.connector, connection, actions }) } else { Err(faults.found) }
}

fn connection(file: &RawConnector, faults: &mut Faults<'_>) -> ConnectionSpec {
    let raw = &file.connection;
    let base_url = raw.base_url.as_ref().and_then(|base| {
        let url = Url::parse(&base.default);
        url.map_err(|error| faults.at("/connection/base_url/default", format!("this is no URL: {error}"))).ok()
    });
    let mut settings = BTreeMap::new();
    for (name, setting) in &raw.settings {
        if name.ends_with("_path") && !setting.default.starts_with('/') {
            faults.at(&format!("/connection/settings/{}", escaped(name)), "a path begins with a slash");
        }
        let (default, help) = (setting.default.clone(), setting.help.clone());
        settings.insert(name.clone(), SettingSpec { default, help });
    }
    ConnectionSpec {
        help: file.help.clone(),
        base_url,
        auth_required: raw.auth.required,
        auth_header: raw.auth.header.clone(),
        form_encoded: raw.auth.form_encoded,
        settings,
    }
}

struct Context<'a> {
    connector: Arc<str>,
    connection: &'a ConnectionSpec,
    digest: Digest,
}

impl Context<'_> {
    fn action(&self, name: &str, raw: &RawAction, faults: &mut Faults<'_>) -> Option<Declaration> {
        let pointer = format!("/actions/{}", escaped(name));
        let parameters = parameter::compile(&raw.params, &format!("{pointer}/params"), faults);
        let scope = Scope::new(&parameters, self.connection);
        let snapshot = part(raw.snapshot.as_ref(), |raw| snapshot(raw, &format!("{pointer}/snapshot"), &scope, faults));
        let request = RequestTemplate::compile(&raw.request, &format!("{pointer}/request"), &scope, faults);
        let rules = rules(raw, &pointer, faults);
        let verify = part(raw.verify.as_ref(), |raw| verify(raw, &format!("{pointer}/verify"), &scope, faults));
        let undo = part(raw.undo.as_ref(), |raw| {
            let request = RequestTemplate::compile(raw, &format!("{pointer}/undo"), &scope, faults);
            let rules = faults.all(&format!("{pointer}/undo"), Rules::usual());
            request.zip(rules).map(|(request, rules)| Undo { request, rules })
        });
        if raw.undo.is_some() && raw.snapshot.as_ref().is_some_and(|snapshot| snapshot.left.is_none()) {
            faults
                .at(&format!("{pointer}/snapshot"), "an undo that restores a snapshot needs `left`: what it must find");
        }
        effect(raw, &pointer, faults);
        raw.example.check(&parameters, &format!("{pointer}/example"), faults);
        let spec = self.spec(name, raw, &parameters, &pointer, faults);
        let defaults = parameters.into_iter().filter_map(|(name, parameter)| Some((name, parameter.default?)));
        Some(Declaration {
            defaults: defaults.collect(),
            spec: spec?,
            connector: Arc::clone(&self.connector),
            snapshot: snapshot.ok()?,
            request: request?,
            rules: rules?,
            verify: verify.ok()?,
            undo: undo.ok()?,
        })
    }

    fn spec(
        &self,
        name: &str,
        raw: &RawAction,
        parameters: &BTreeMap<String, Parameter>,
        pointer: &str,
        faults: &mut Faults<'_>,
    ) -> Option<ActionSpec> {
        let full = format!("{}.{name}", self.connector);
        let full = ActionName::parse(&full).map_err(|error| faults.at(pointer, error.to_string())).ok();
        let within = raw.verify.as_ref().and_then(|verify| verify.within.as_deref());
        let within = duration(within, "30s", &format!("{pointer}/verify/within"), faults);
        let timeout = duration(raw.timeout.as_deref(), "10s", &format!("{pointer}/timeout"), faults);
        let parameters = parameters.iter().map(|(name, parameter)| (name.clone(), parameter.spec.clone())).collect();
        Some(ActionSpec {
            name: full?,
            kind: ActionKind::External,
            parameters,
            connector: Some(self.connector.to_string()),
            impact: Some(raw.impact),
            protection: raw.protection,
            prepares: raw.verify.is_some() || raw.snapshot.is_some(),
            proves: raw.verify.is_some(),
            prove_within: within?,
            undoable: raw.undo.is_some(),
            timeout: timeout?,
            digest: self.digest,
            help: raw.help.clone(),
        })
    }
}

/// What the file says of the effect must fit the rest of it: people decide by these words.
fn effect(raw: &RawAction, pointer: &str, faults: &mut Faults<'_>) {
    let place = format!("{pointer}/effect");
    let reads = raw.effect.class == EffectClass::Read;
    if reads != (raw.protection == Protection::Read) || (reads && raw.impact != Impact::Notify) {
        faults.at(
            &place,
            "an action that only reads has the class `read`, the protection `read` and the impact `notify`",
        );
    }
    if raw.undo.is_some() && !raw.effect.reversible {
        faults.at(&place, "an action with an `undo` is reversible");
    }
    if raw.impact == Impact::Destroy && raw.effect.reversible {
        faults.at(&place, "what destroys is not reversible");
    }
    if raw.effect.scope == EffectScope::System && raw.impact == Impact::Contain {
        faults.at(&place, "what meets a whole system is stronger than `contain`");
    }
    if raw.impact == Impact::Contain && raw.verify.is_none() {
        faults.at(pointer, "an action that contains needs `verify`: nothing counts as contained that was not seen");
    }
}

/// A part of the file that did not compile; its faults are noted.
struct Broken;

/// Compiles a part, unless it was left out.
fn part<R, T>(raw: Option<&R>, compile: impl FnOnce(&R) -> Option<T>) -> Result<Option<T>, Broken> {
    raw.map(|raw| compile(raw).ok_or(Broken)).transpose()
}

fn snapshot(raw: &RawSnapshot, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<Snapshot> {
    let request = RequestTemplate::get(&raw.get, &format!("{pointer}/get"), scope, faults);
    let keep = value(&raw.keep, &format!("{pointer}/keep"), faults);
    let left =
        part(raw.left.as_ref(), |left| compile_tree(left, &format!("{pointer}/left"), &scope.environment, faults));
    Some(Snapshot { request: request?, keep: keep?, left: left.ok()? })
}

fn verify(raw: &RawVerify, pointer: &str, scope: &Scope, faults: &mut Faults<'_>) -> Option<Verify> {
    let request = RequestTemplate::compile(&raw.request, &format!("{pointer}/request"), scope, faults);
    let before = condition(&raw.before, &format!("{pointer}/before"), faults);
    let after = condition(&raw.after, &format!("{pointer}/after"), faults);
    let every = duration(raw.every.as_deref(), "500ms", &format!("{pointer}/every"), faults);
    let consecutive = raw.consecutive.unwrap_or(if raw.witness == Witness::Introspection { 2 } else { 1 });
    if !(1..=20).contains(&consecutive) {
        faults.at(&format!("{pointer}/consecutive"), "between 1 and 20 looks in a row can be demanded");
    }
    let request = request?;
    if (raw.witness == Witness::Victim) != request.has_bearer() {
        faults.at(&format!("{pointer}/request"), "a probe has a `bearer` of its own exactly if it looks `as: victim`");
    }
    Some(Verify { witness: raw.witness, request, before: before?, after: after?, consecutive, every: every? })
}

fn duration(text: Option<&str>, otherwise: &str, pointer: &str, faults: &mut Faults<'_>) -> Option<Duration> {
    parse_duration(text.unwrap_or(otherwise)).map_err(|error| faults.at(pointer, error)).ok()
}
