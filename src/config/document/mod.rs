//! One configuration out of three layers: the defaults, the file over them, the environment over both.
//!
//! A document knows for every setting which layer it came from, so that a fault is shown where somebody can mend it. It
//! knows no setting by name and checks nothing.

mod environment;
mod layer;
mod lookup;

pub(super) use layer::Layer;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::decode::{Fault, Kind};
use super::pointer;
use crate::language::{Diagnostic, Source, Span, SpanMap};

/// The defaults as they are printed for people, with a comment on each setting.
pub const DEFAULTS: &str = include_str!("../default.yaml");

/// The name under which the defaults stand in diagnostics.
pub(super) const DEFAULTS_NAME: &str = "defaults";

/// The merged layers.
#[derive(Clone)]
pub(super) struct Document {
    defaults: Layer,
    file: Option<Layer>,
    /// Variables by the pointer that they set.
    variables: BTreeMap<String, String>,
    /// What the layers say together.
    pub(super) value: Value,
}

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Document").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Document {
    /// Reads the defaults and puts the file over them.
    pub(super) fn read(file: Option<&Source>) -> Result<Self, Vec<Diagnostic>> {
        let defaults = Layer::read(&Source { name: DEFAULTS_NAME.to_owned(), text: DEFAULTS.to_owned() })?;
        let file = file.map(Layer::read).transpose()?;
        let mut value = defaults.value.clone();
        if let Some(layer) = &file {
            merge(&mut value, &layer.value);
        }
        Ok(Self { defaults, file, variables: BTreeMap::new(), value })
    }

    /// Puts the variables of the environment over what was read, and gives the variables that set nothing.
    pub(super) fn apply(&mut self, variables: &BTreeMap<String, String>) -> Vec<Diagnostic> {
        let (set, faults) = environment::apply(&mut self.value, variables);
        self.variables.extend(set);
        faults
    }

    /// The places of the file, or of the defaults where there is none.
    pub(super) fn places(&self) -> &SpanMap {
        self.file.as_ref().unwrap_or(&self.defaults).places()
    }

    /// A fault of the merged document, shown in the layer that it came from.
    pub(super) fn diagnostic(&self, fault: &Fault) -> Diagnostic {
        let (file, span) = self.place(&fault.pointer, fault.kind);
        let diagnostic = Diagnostic::error(fault.code, &file, fault.message.clone()).at(span);
        Diagnostic { hint: fault.hint.clone(), ..diagnostic }
    }

    /// An error at the value of a setting.
    pub(super) fn error(&self, pointer: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let (file, span) = self.place(pointer, Kind::Value);
        Diagnostic::error(code, &file, message).at(span)
    }

    /// A warning at the value of a setting.
    pub(super) fn warning(&self, pointer: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let (file, span) = self.place(pointer, Kind::Value);
        Diagnostic::warning(code, &file, message).at(span)
    }

    /// Whether the file or the environment says something of this setting.
    pub(super) fn is_set(&self, pointer: &str) -> bool {
        let in_file = self.file.as_ref().is_some_and(|layer| layer.value.pointer(pointer).is_some());
        in_file || self.variables.contains_key(pointer)
    }

    fn place(&self, pointer: &str, kind: Kind) -> (String, Option<Span>) {
        if let Some(variable) = self.variables.get(pointer) {
            return (format!("${variable}"), None);
        }
        let layer = self.file.as_ref().unwrap_or(&self.defaults);
        (layer.name.clone(), layer.span(pointer, kind))
    }
}

/// Puts `over` on top of `base`: mappings key by key, everything else whole. A mapping that was left empty in the file
/// (`people:` and nothing behind it) says nothing.
fn merge(base: &mut Value, over: &Value) {
    let mut open = vec![(String::new(), over)];
    while let Some((at, over)) = open.pop() {
        match (base.pointer_mut(&at), over) {
            (Some(Value::Object(_)), Value::Object(fields)) => {
                open.extend(fields.iter().map(|(key, value)| (pointer::child(&at, key), value)));
            }
            (Some(Value::Object(_) | Value::Array(_)), Value::Null) => {}
            (Some(slot), over) => *slot = over.clone(),
            (None, over) => pointer::put(base, &at, over.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
