//! The checker: names, fields, functions and types, before anything is evaluated.
//!
//! It walks the tree once and gives every node a type, as far as one can be known; `Any` silences it. It reports
//! everything it finds and notes on the way which parts of which variables are read. It runs on a large stack and
//! after the depth of the tree was limited.

mod calls;
mod loops;
mod names;
mod operators;
mod standard;

#[cfg(test)]
pub(super) static STANDARD_NAMES: std::sync::LazyLock<Vec<&str>> =
    std::sync::LazyLock::new(|| standard::STANDARD.iter().map(|function| function.name).collect());
#[cfg(test)]
pub(super) static LOOP_NAMES: std::sync::LazyLock<Vec<&str>> =
    std::sync::LazyLock::new(|| standard::MACROS.iter().map(|(name, _)| *name).collect());

use super::needs::Needs;
use crate::language::codes::{EXPRESSION_SEVERITY, EXPRESSION_TYPE, EXPRESSION_UNKNOWN_FUNCTION};
use crate::language::{Environment, Fault, Type};
use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, SourceInfo};
use std::collections::BTreeMap;

/// What is known of an expression without faults.
pub(super) struct Checked {
    pub(super) needs: Needs,
    pub(super) result: Type,
}

/// Checks a tree against the variables of its place; all faults come at once, in the order of the text.
pub(super) fn check(
    tree: &IdedExpr,
    places: &SourceInfo,
    source: &str,
    env: &Environment,
) -> Result<Checked, Vec<Fault>> {
    let mut checker = Checker {
        env,
        places,
        source: source.chars().collect(),
        faults: Vec::new(),
        scopes: Vec::new(),
        optionals: BTreeMap::new(),
        needs: Needs::default(),
    };
    let result = checker.infer(tree);
    let Checker { mut faults, needs, .. } = checker;
    if faults.is_empty() {
        return Ok(Checked { needs, result });
    }
    faults.sort_by_key(|fault| fault.offset);
    faults.dedup();
    Err(faults)
}

struct Checker<'a> {
    env: &'a Environment,
    places: &'a SourceInfo,
    source: Vec<char>,
    faults: Vec<Fault>,
    /// The variables of the loops around the node, the innermost last.
    scopes: Vec<(String, Type)>,
    /// The types inside the optional values (`x.?y`), by node.
    optionals: BTreeMap<u64, Type>,
    needs: Needs,
}

impl Checker<'_> {
    fn infer(&mut self, node: &IdedExpr) -> Type {
        match &node.expr {
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.variable(name, node),
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call, node),
            Expr::Comprehension(round) => self.comprehension(round),
            Expr::List(list) => {
                let items: Vec<Type> = list.elements.iter().map(|item| self.infer(item)).collect();
                Type::list_of(self.unify_all(items, node))
            }
            Expr::Map(map) => {
                let mut values = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.infer(&entry.key);
                        values.push(self.infer(&entry.value));
                    }
                }
                Type::map_of(self.unify_all(values, node))
            }
            Expr::Struct(structure) => {
                let message = format!("there are no messages, and so no `{}{{...}}`", structure.type_name);
                self.fault_at(node, EXPRESSION_UNKNOWN_FUNCTION, message, Some("write a map: {'key': value}"));
                Type::Any
            }
            Expr::Unspecified => Type::Any,
        }
    }

    /// The type that stands for all of these.
    fn unify_all(&mut self, types: Vec<Type>, node: &IdedExpr) -> Type {
        types.into_iter().reduce(|left, right| self.unify(left, right, node)).unwrap_or(Type::Any)
    }

    fn unify(&mut self, left: Type, right: Type, node: &IdedExpr) -> Type {
        match (left, right) {
            (left, right) if left == right => left,
            (Type::Null, other) | (other, Type::Null) => other,
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            (Type::Severity, _) | (_, Type::Severity) => {
                let message = "a severity stands beside something that is none";
                self.fault_at(node, EXPRESSION_SEVERITY, message, Some("write INFO, LOW, MEDIUM, HIGH or CRITICAL"));
                Type::Any
            }
            _ => Type::Any,
        }
    }

    /// Checks that a node is true or false.
    fn expect_bool(&mut self, node: &IdedExpr, role: &str) {
        let ty = self.infer(node);
        if !matches!(ty, Type::Bool | Type::Any) {
            let message = format!("{role} must be true or false, and this is {ty}");
            self.fault_at(node, EXPRESSION_TYPE, message, None);
        }
    }

    fn fault_at(&mut self, node: &IdedExpr, code: &'static str, message: impl Into<String>, hint: Option<&str>) {
        let (offset, length) = self.place(node);
        let fault = Fault::new(code, message, offset, length);
        self.faults.push(Fault { hint: hint.map(str::to_owned), ..fault });
    }

    /// The place of a node's own token.
    fn place(&self, node: &IdedExpr) -> (usize, usize) {
        let (start, stop) = self.places.offset_for(node.id).unwrap_or((0, 0));
        let start = (start as usize).min(self.source.len().saturating_sub(1));
        let stop = (stop as usize).min(self.source.len().saturating_sub(1)).max(start);
        (start, stop - start + 1)
    }

    /// The place of a word of the node: the parser gives the dot or the bracket beside it.
    fn place_of_word(&self, node: &IdedExpr, word: &str) -> (usize, usize) {
        let (near, length) = self.place(node);
        let wanted: Vec<char> = word.chars().collect();
        let in_word = |index: Option<&char>| index.is_some_and(|c| c.is_alphanumeric() || *c == '_');
        let found = self
            .source
            .windows(wanted.len().max(1))
            .enumerate()
            .filter(|(index, window)| {
                let before = index.checked_sub(1).and_then(|index| self.source.get(index));
                *window == wanted && !in_word(before) && !in_word(self.source.get(index + wanted.len()))
            })
            .map(|(index, _)| index)
            .min_by_key(|index| index.abs_diff(near));
        found.map_or((near, length), |index| (index, wanted.len()))
    }

    fn fault_at_word(
        &mut self,
        node: &IdedExpr,
        word: &str,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        let (offset, length) = self.place_of_word(node, word);
        self.faults.push(Fault { hint, ..Fault::new(code, message, offset, length) });
    }
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::String,
        LiteralValue::Bytes(_) | LiteralValue::UInt(_) => Type::Any,
    }
}

/// The text of a string literal.
fn literal_text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
