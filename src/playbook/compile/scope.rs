//! Expressions and templates at one place of a playbook, checked against what exists there.
//!
//! The same names mean different things at different places: a step can be used only where it has happened. This is
//! also the one place that keeps secrets out of words that people read.

use serde_json::Value;

use crate::language::codes::{EXPRESSION_UNKNOWN_FIELD, TEMPLATE_SECRET, TEMPLATE_TYPE, TEMPLATE_UNKNOWN_FIELD};
use crate::language::{Environment, Escape, Expression, Fault, Template, Tree, Type};
use crate::playbook::codes;

use super::node::Node;
use super::outline::{Outline, Place};
use super::report::Report;

/// The variables at a place.
pub(super) struct Scope<'a> {
    pub(super) outline: &'a Outline,
    pub(super) environment: Environment,
}

/// What a text of a template is, before it is compiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Text without any expression.
    Literal,
    /// Exactly one path, with its type; its value keeps its type.
    Whole(Type),
    /// One value that is no text, in another spelling than one path: it may be or hold a secret.
    Disguised,
    /// Anything else: the result is text, or not known before it is rendered.
    Mixed,
}

impl<'a> Scope<'a> {
    /// The variables at a place of the playbook.
    pub(super) fn at(outline: &'a Outline, place: Place) -> Self {
        Self { outline, environment: outline.environment_at(place) }
    }

    /// What a text is.
    pub(super) fn form(&self, text: &str) -> Form {
        if !text.contains("{{") {
            return Form::Literal;
        }
        let path = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        match path.and_then(|path| self.type_of(path)) {
            Some(ty) => Form::Whole(ty),
            None if self.is_disguised(text) => Form::Disguised,
            None => Form::Mixed,
        }
    }

    /// Whether a text gives a value that has no text, by other means than one path alone: `{{~agent~}}`, or a default
    /// of a secret. Inside a longer text the language refuses exactly these values.
    fn is_disguised(&self, text: &str) -> bool {
        let inside = Template::compile(&format!("x{text}"), &self.environment, Escape::None);
        let valueless = |fault: &Fault| [TEMPLATE_SECRET, TEMPLATE_TYPE].contains(&fault.code);
        inside.is_err_and(|faults| faults.iter().any(valueless))
            && Template::compile(text, &self.environment, Escape::None).is_ok()
    }

    /// The type at the end of a path; a path that leads nowhere is for the template's own check to say.
    fn type_of(&self, path: &str) -> Option<Type> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
        let segments: Vec<&str> = path.split('.').map(|segment| segment.trim_matches(['[', ']'])).collect();
        path.chars().all(plain).then(|| self.environment.lookup(&segments).ok()).flatten()
    }

    /// The same place with one more variable.
    pub(super) fn with(self, name: &str, ty: Type) -> Self {
        Self { environment: self.environment.with(name, ty), ..self }
    }

    /// An expression of any type.
    pub(super) fn expression(&self, report: &mut Report, node: &Node<'_>) -> Option<Expression> {
        let text = node.text(report)?;
        self.compiled(report, node, text, Expression::compile(text, &self.environment))
    }

    /// A condition.
    pub(super) fn condition(&self, report: &mut Report, node: &Node<'_>) -> Option<Expression> {
        let text = node.text(report)?;
        self.compiled(report, node, text, Expression::compile_bool(text, &self.environment))
    }

    fn compiled(
        &self,
        report: &mut Report,
        node: &Node<'_>,
        text: &str,
        compiled: Result<Expression, Vec<Fault>>,
    ) -> Option<Expression> {
        match compiled {
            Ok(expression) => Some(expression),
            Err(faults) => {
                for fault in faults {
                    self.fault(report, &node.pointer, text, fault);
                }
                None
            }
        }
    }

    /// Words that people read: never with a secret in them.
    pub(super) fn words(&self, report: &mut Report, node: &Node<'_>) -> Option<Template> {
        let text = node.text(report)?;
        match self.form(text) {
            Form::Whole(ty) if holds_secret(&ty) => {
                report
                    .error(&node.pointer, codes::SECRET_MISPLACED, "a secret can't stand in words that people read")
                    .hint("name the credential in words instead");
                return None;
            }
            Form::Whole(ty @ (Type::List(_) | Type::Map(_) | Type::Object(_))) => {
                report
                    .error(&node.pointer, codes::PARAMETER_TYPE, format!("this is {ty}, which has no text"))
                    .hint("write `join` before a list, or `json` before an object");
                return None;
            }
            Form::Disguised => {
                disguised(report, node);
                return None;
            }
            Form::Literal | Form::Whole(_) | Form::Mixed => {}
        }
        match Template::compile(text, &self.environment, Escape::None) {
            Ok(template) => Some(template),
            Err(faults) => {
                for fault in faults {
                    self.fault(report, &node.pointer, text, fault);
                }
                None
            }
        }
    }

    /// A value whose texts are templates.
    pub(super) fn tree(&self, report: &mut Report, value: &Value, pointer: &str, escape: Escape) -> Option<Tree> {
        match Tree::compile(value, pointer, &self.environment, escape) {
            Ok(tree) => Some(tree),
            Err(faults) => {
                for (leaf, fault) in faults {
                    let inner = leaf.strip_prefix(pointer).and_then(|rest| value.pointer(rest));
                    let text = inner.and_then(Value::as_str).unwrap_or_default();
                    self.fault(report, &leaf, text, fault);
                }
                None
            }
        }
    }

    /// Reports a fault of the language; a step that exists, but not yet, gets better words than "unknown".
    fn fault(&self, report: &mut Report, pointer: &str, text: &str, fault: Fault) {
        let unknown = [EXPRESSION_UNKNOWN_FIELD, TEMPLATE_UNKNOWN_FIELD].contains(&fault.code);
        let covered: String = text.chars().skip(fault.offset).take(fault.length).collect();
        let mut segments = covered.split('.').map(str::trim);
        let after_steps = segments.by_ref().find(|segment| *segment == "steps").and_then(|_| segments.next());
        let name = after_steps.or_else(|| covered.rsplit('.').next()).unwrap_or_default();
        let fault = match self.outline.named(name) {
            Some(step) if unknown && text.contains("steps") => Fault {
                code: codes::STEP_ORDER,
                message: format!("step `{}` has not happened yet at this place", step.name),
                hint: Some(
                    "only steps of earlier stages exist here; in a `mode: sequential` stage also those above"
                        .to_owned(),
                ),
                ..fault
            },
            Some(_) | None => fault,
        };
        report.fault(pointer, &fault);
    }
}

/// Says that a value may be or hold a secret.
pub(super) fn disguised(report: &mut Report, node: &Node<'_>) {
    report
        .error(&node.pointer, codes::SECRET_MISPLACED, "this may be or hold a secret")
        .hint("write one path alone, such as \"{{alert.labels}}\", and name the fields that are needed");
}

/// Whether a secret is somewhere inside.
pub(super) fn holds_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::List(inner) | Type::Map(inner) => holds_secret(inner),
        Type::Object(fields) => fields.values().any(holds_secret),
        _ => false,
    }
}
