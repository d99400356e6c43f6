//! What a step goes through: a list, the name of one item, and how many at once.
//!
//! The list is evaluated when the step's turn comes, and frozen then. A mapping is gone through by its keys, so that an
//! agent's credentials can be revoked one by one. Only an action goes through items.

use serde_json::Value;

use crate::language::{Expression, Type};
use crate::playbook::model::{ForEach, Items};
use crate::playbook::{ActionKind, codes, keys};

use super::fields::Fields;
use super::node::Node;
use super::outline::StepOutline;
use super::report::Report;
use super::scope::{Scope, holds_secret};

/// The name of an item, if the playbook gives none.
const NAME: &str = "item";
/// Names that mean something else in expressions.
const TAKEN: [&str; 11] =
    ["alert", "agent", "incident", "steps", "vars", "now", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"];

/// What a step goes through, as far as it could be read.
pub(super) struct Each {
    pub(super) compiled: Option<ForEach>,
    /// The name of one item.
    pub(super) name: String,
    /// Its type.
    pub(super) ty: Type,
}

/// Compiles `for_each` of a step, if it is there.
pub(super) fn compile(
    report: &mut Report,
    scope: &Scope<'_>,
    step: &Fields<'_>,
    outlined: &StepOutline,
) -> Option<Each> {
    let node = step.get("for_each")?;
    misplaced(report, scope, step, outlined);
    // Whatever is wrong with it, the step may name its item: one fault must not make others.
    let stated = node.value.get("as").and_then(Value::as_str).unwrap_or(NAME).to_owned();
    let (compiled, ty) =
        for_each(report, scope, &node, outlined).map_or((None, Type::Any), |(each, ty)| (Some(each), ty));
    Some(Each { compiled, name: stated, ty })
}

fn for_each(
    report: &mut Report,
    scope: &Scope<'_>,
    node: &Node<'_>,
    outlined: &StepOutline,
) -> Option<(ForEach, Type)> {
    let fields = Fields::open(report, node, &keys::FOR_EACH)?;
    let name = fields.get("as").map_or_else(|| Some(NAME.to_owned()), |node| item_name(report, &node));
    let at_most =
        fields.get("at_most").and_then(|node| node.count(report, &(1..=keys::ITEMS_MAX))).unwrap_or(keys::ITEMS_MAX);
    let parallel = fields.get("parallel").and_then(|node| node.count(report, &(1..=keys::ITEMS_MAX)));
    if let Some(node) = fields.get("parallel").filter(|_| outlined.guarded) {
        report
            .rule_at_key(&node.pointer, codes::FOR_EACH, "one approval lets all items go together")
            .hint("remove `parallel`, or the approval");
    }
    let list = fields.require(report, "in")?;
    let (list, ty) = list_of(report, scope, &list)?;
    Some((ForEach { list, name: name?, at_most, parallel: parallel.unwrap_or(keys::ITEMS_MAX) }, ty))
}

fn misplaced(report: &mut Report, scope: &Scope<'_>, step: &Fields<'_>, outlined: &StepOutline) {
    let here = match outlined.spec.as_ref().map(|spec| &spec.kind) {
        _ if !outlined.is_action => "on a step without an action",
        Some(ActionKind::Hold(_)) => "on a step that holds the one agent of the run",
        Some(ActionKind::Undo) => "on `undo`, which names its steps",
        _ if scope.outline.is_released(outlined) => "on a step that another step's approval releases",
        _ => return,
    };
    step.refuse(report, &["for_each"], here, "remove it, or give an action of its own `for_each`");
}

fn item_name(report: &mut Report, node: &Node<'_>) -> Option<String> {
    let text = node.text(report)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let sound = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain) && text.len() <= 32;
    if !sound {
        report
            .error(&node.pointer, codes::NAME, format!("`{text}` can't be a name here"))
            .hint("an item is named with small letters, digits and `_`, and begins with a letter");
        return None;
    }
    if TAKEN.contains(&text) {
        report
            .error(&node.pointer, codes::NAME, format!("`{text}` means something else already"))
            .hint("name what one item is, such as `token`");
        return None;
    }
    Some(text.to_owned())
}

fn list_of(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<(Items, Type)> {
    let expression = scope.expression(report, node)?;
    let item = match expression.result() {
        Type::List(item) => (**item).clone(),
        Type::Map(value) => Type::object([("key", Type::String), ("value", (**value).clone())]),
        Type::Any => Type::Any,
        other => {
            report
                .error(&node.pointer, codes::FOR_EACH, format!("a step goes through a list, and this is {other}"))
                .hint("name a list such as `alert.resources`, or a mapping such as `agent.credentials`");
            return None;
        }
    };
    if !holds_secret(&item) {
        return Some((Items::Computed(expression), item));
    }
    let Some(path) = plain_path(&expression) else {
        report
            .error(&node.pointer, codes::SECRET_MISPLACED, "secrets are gone through as they stand, never computed")
            .hint("write the path alone: in: agent.credentials");
        return None;
    };
    Some((Items::Secrets { source: expression.source().trim().to_owned(), path }, item))
}

/// The names of an expression that is one path and nothing else.
fn plain_path(expression: &Expression) -> Option<Vec<String>> {
    let source = expression.source().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    source.chars().all(plain).then(|| source.split('.').map(str::to_owned).collect())
}
