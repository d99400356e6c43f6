//! The loops: `all`, `exists`, `exists_one`, `map` and `filter`, which the parser has already written out.

use super::Checker;
use crate::language::Type;
use crate::language::codes::EXPRESSION_TYPE;
use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue, operators};

impl Checker<'_> {
    pub(super) fn comprehension(&mut self, round: &ComprehensionExpr) -> Type {
        let range = self.infer(&round.iter_range);
        let item = match range {
            Type::List(item) => *item,
            Type::Map(_) | Type::Object(_) => Type::String,
            Type::Any => Type::Any,
            other => {
                let message = format!("a loop runs over a list or an object, and this is {other}");
                self.fault_at(&round.iter_range, EXPRESSION_TYPE, message, None);
                Type::Any
            }
        };
        let result = match &round.accu_init.expr {
            Expr::Literal(LiteralValue::Boolean(_)) => Type::Bool,
            Expr::Literal(LiteralValue::Int(_)) => Type::Int,
            _ => Type::Any,
        };
        let outside = self.scopes.len();
        self.scopes.push((round.iter_var.clone(), item));
        self.scopes.push((round.accu_var.clone(), result.clone()));
        let step = match appended(&round.loop_step) {
            Some((condition, item)) => {
                if let Some(condition) = condition {
                    self.expect_bool(condition, "the condition of a filter");
                }
                Type::list_of(self.infer(item))
            }
            None => self.infer(&round.loop_step),
        };
        self.scopes.truncate(outside);
        match result {
            // `exists_one` counts, and then compares the count with one.
            Type::Bool | Type::Int => Type::Bool,
            _ => step,
        }
    }
}

/// The condition, if there is one, and the item that a round of `map` or `filter` appends.
fn appended(step: &IdedExpr) -> Option<(Option<&IdedExpr>, &IdedExpr)> {
    let Expr::Call(call) = &step.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::ADD, [accumulator, added]) if is_accumulator(accumulator) => match &added.expr {
            Expr::List(list) => list.elements.first().map(|item| (None, item)),
            _ => None,
        },
        (operators::CONDITIONAL, [condition, then, _]) => appended(then).map(|(_, item)| (Some(condition), item)),
        _ => None,
    }
}

fn is_accumulator(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name.starts_with('@'))
}
