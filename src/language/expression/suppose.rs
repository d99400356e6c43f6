//! What a condition comes to under a supposition: some values are known, and whatever else it asks is decided by whoever
//! supposes.
//!
//! So it can be told whether one thing ever makes a difference to a condition: it is tried with and without it, under the
//! same answers to everything else. This knows nothing of what is supposed.

use super::reach::path;
use super::{Expression, parse};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

/// What is known of the value at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is this text.
    Is(&'static str),
    /// It is some text, and not this one.
    IsNot(&'static str),
    /// It is there; what it is, is open.
    IsThere,
    /// Nothing.
    Nothing,
}

/// What is supposed of the variables of a condition.
pub trait Supposition {
    /// What is known at a path such as `steps.ask.state`.
    fn known(&mut self, path: &[&str]) -> Known;

    /// Whether a part holds that can't be told from what is known. The same part has the same text wherever it stands;
    /// `reads` are the paths in it, each as far as it is written out.
    fn holds(&mut self, part: &str, reads: &[Vec<&str>]) -> bool;
}

impl Expression {
    /// What it comes to under a supposition. A list comes to whether there is anything in it.
    pub fn supposed(&self, supposition: &mut impl Supposition) -> bool {
        truth(&self.inner.tree, supposition)
    }
}

/// What it comes to; whatever is open is asked.
fn truth(node: &IdedExpr, supposition: &mut impl Supposition) -> bool {
    if let Some(told) = told(node, supposition) {
        return told;
    }
    let Expr::Call(call) = &node.expr else { return open(node, supposition) };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, parts) => parts.iter().all(|part| truth(part, supposition)),
        (operators::LOGICAL_OR, parts) => parts.iter().any(|part| truth(part, supposition)),
        (operators::LOGICAL_NOT, [inner]) => !truth(inner, supposition),
        (operators::CONDITIONAL, [condition, then, otherwise]) => {
            let part = if truth(condition, supposition) { then } else { otherwise };
            truth(part, supposition)
        }
        (operators::EQUALS, [left, right]) => is_equal(left, right, supposition),
        (operators::NOT_EQUALS, [left, right]) => !is_equal(left, right, supposition),
        (operators::IN, [item, list]) => match elements(list) {
            Some(elements) => elements.iter().any(|element| is_equal(item, element, supposition)),
            None => open(node, supposition),
        },
        _ => open(node, supposition),
    }
}

/// What it comes to by what is known alone, so that nothing is asked that makes no difference.
fn told(node: &IdedExpr, supposition: &mut impl Supposition) -> Option<bool> {
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => Some(*value.inner()),
        Expr::List(_) => elements(node).map(|elements| !elements.is_empty()),
        Expr::Select(select) if select.test => {
            let mut path = names(&select.operand)?;
            path.push(&select.field);
            (supposition.known(&path) != Known::Nothing).then_some(true)
        }
        Expr::Call(call) => told_of_call(call, supposition),
        _ => None,
    }
}

fn told_of_call(call: &CallExpr, supposition: &mut impl Supposition) -> Option<bool> {
    let mut among = |parts: &[IdedExpr], decisive: bool| {
        let parts: Vec<Option<bool>> = parts.iter().map(|part| told(part, supposition)).collect();
        let all = parts.iter().all(|part| *part == Some(!decisive)).then_some(!decisive);
        if parts.contains(&Some(decisive)) { Some(decisive) } else { all }
    };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, parts) => among(parts, false),
        (operators::LOGICAL_OR, parts) => among(parts, true),
        (operators::LOGICAL_NOT, [inner]) => told(inner, supposition).map(|told| !told),
        (operators::CONDITIONAL, [condition, then, otherwise]) => match told(condition, supposition) {
            Some(true) => told(then, supposition),
            Some(false) => told(otherwise, supposition),
            None => told(then, supposition).filter(|then| told(otherwise, supposition) == Some(*then)),
        },
        (operators::EQUALS, [left, right]) => told_equal(left, right, supposition),
        (operators::NOT_EQUALS, [left, right]) => told_equal(left, right, supposition).map(|equal| !equal),
        (operators::IN, [item, list]) => {
            let told: Vec<_> = elements(list)?.iter().map(|element| told_equal(item, element, supposition)).collect();
            if told.contains(&Some(true)) { Some(true) } else { told.iter().all(Option::is_some).then_some(false) }
        }
        _ => None,
    }
}

/// The elements of a list that is written out.
fn elements(list: &IdedExpr) -> Option<&[IdedExpr]> {
    match &list.expr {
        Expr::List(list) if list.optional_indices.is_empty() => Some(&list.elements),
        _ => None,
    }
}

fn told_equal(left: &IdedExpr, right: &IdedExpr, supposition: &mut impl Supposition) -> Option<bool> {
    match (side(left, supposition), side(right, supposition)) {
        (Side::Is(left), Side::Is(right)) => Some(left == right),
        (Side::Is(is), Side::IsNot(not)) | (Side::IsNot(not), Side::Is(is)) if is == not => Some(false),
        _ => None,
    }
}

fn is_equal(left: &IdedExpr, right: &IdedExpr, supposition: &mut impl Supposition) -> bool {
    told_equal(left, right, supposition).unwrap_or_else(|| {
        let mut texts = [text(left), text(right)];
        texts.sort();
        let reads: Vec<Vec<&str>> = [left, right].into_iter().flat_map(reads).collect();
        supposition.holds(&texts.join(" == "), &reads)
    })
}

/// One side of a comparison.
enum Side<'n> {
    Is(&'n str),
    IsNot(&'n str),
    Open,
}

fn side<'n>(node: &'n IdedExpr, supposition: &mut impl Supposition) -> Side<'n> {
    if let Expr::Literal(LiteralValue::String(text)) = &node.expr {
        return Side::Is(text.inner());
    }
    match names(node).map(|names| supposition.known(&names)) {
        Some(Known::Is(text)) => Side::Is(text),
        Some(Known::IsNot(text)) => Side::IsNot(text),
        Some(Known::IsThere | Known::Nothing) | None => Side::Open,
    }
}

fn open(node: &IdedExpr, supposition: &mut impl Supposition) -> bool {
    supposition.holds(&text(node), &reads(node))
}

/// The names of a path. A dot before the first only says that no variable of a loop is meant.
fn names(node: &IdedExpr) -> Option<Vec<&str>> {
    let mut names = path(node)?;
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('.');
    }
    Some(names)
}

/// The paths in a part, each as far as it is written out.
fn reads(node: &IdedExpr) -> Vec<Vec<&str>> {
    match names(node) {
        Some(names) => vec![names],
        None => parse::children(node).into_iter().flat_map(reads).collect(),
    }
}

/// A text that two parts share if and only if they mean the same by their form.
fn text(node: &IdedExpr) -> String {
    let all = |nodes: &[IdedExpr]| nodes.iter().map(text).collect::<Vec<_>>().join(", ");
    match &node.expr {
        Expr::Ident(name) => name.trim_start_matches('.').to_owned(),
        Expr::Select(select) => {
            let test = if select.test { "?" } else { "" };
            format!("{}.{}{test}", text(&select.operand), select.field)
        }
        Expr::Call(call) if call.func_name == operators::INDEX && names(node).is_some() => {
            names(node).unwrap_or_default().join(".")
        }
        Expr::Call(call) => {
            let target = call.target.as_deref().map(text).unwrap_or_default();
            format!("{target}.{}({})", call.func_name, all(&call.args))
        }
        Expr::List(list) => format!("[{}; {:?}]", all(&list.elements), list.optional_indices),
        Expr::Literal(value) => format!("{value:?}"),
        Expr::Comprehension(round) => {
            let parts = [&round.iter_range, &round.accu_init, &round.loop_cond, &round.loop_step, &round.result];
            let variables = (&round.iter_var, &round.iter_var2, &round.accu_var);
            format!("{variables:?}: {}", parts.map(text).join("; "))
        }
        // Their form is told with the numbers of their nodes, so that two of them are never the same.
        Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => format!("{node:?}"),
    }
}

#[cfg(test)]
mod tests;
