//! Conditions that are false at first sight: they demand one text of a field that has another.
//!
//! Every alert meets the conditions of every playbook, and most of them demand a rule by its name. Comparing that one text
//! answers nearly all without an evaluation, which takes some hundred times as long. In CEL `false && error` is false, so
//! nothing else in such a condition can matter.

use super::needs::Needs;
use crate::language::Type;
use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};
use serde_json::Value as Json;

/// A field that must have this text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Demand {
    variable: String,
    field: String,
    text: String,
}

/// What must hold for the whole condition to hold: the parts of its outermost `&&` that compare a field with a text.
pub(super) fn demands(tree: &IdedExpr, needs: &Needs) -> Vec<Demand> {
    let mut open = vec![tree];
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        let Expr::Call(call) = &node.expr else { continue };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, parts) => open.extend(parts),
            (operators::EQUALS, [left, right]) => {
                found.extend(demand(left, right, needs).or_else(|| demand(right, left, needs)));
            }
            _ => {}
        }
    }
    found
}

fn demand(field: &IdedExpr, text: &IdedExpr, needs: &Needs) -> Option<Demand> {
    let (Expr::Select(select), Expr::Literal(LiteralValue::String(text))) = (&field.expr, &text.expr) else {
        return None;
    };
    let Expr::Ident(variable) = &select.operand.expr else { return None };
    // What is text in JSON may be a time or a severity to the evaluator, which compares it as such.
    let ty = needs.variables.get(variable)?.ty.field(&select.field).ok()?;
    let plain = !select.test && matches!(ty, Type::String | Type::Any);
    let text = text.inner().to_owned();
    plain.then(|| Demand { variable: variable.clone(), field: select.field.clone(), text })
}

/// Whether one of the demands is certainly not met.
pub(super) fn is_refused(demands: &[Demand], variables: &Json) -> bool {
    demands.iter().any(|demand| {
        let value = variables.get(&demand.variable).and_then(|variable| variable.get(&demand.field));
        value.and_then(Json::as_str).is_some_and(|text| text != demand.text)
    })
}

#[cfg(test)]
mod tests {
    use super::is_refused;
    use crate::language::{Environment, Expression, Type};
    use serde_json::json;

    fn expression(source: &str) -> Expression {
        let alert = Type::object([("rule", Type::String), ("severity", Type::Severity)]);
        Expression::compile_bool(source, &Environment::new().with("alert", alert).with("item", Type::Any)).unwrap()
    }

    #[test]
    fn a_condition_that_demands_another_text_is_false_and_any_other_is_evaluated() {
        let variables = json!({"alert": {"rule": "burst", "severity": "HIGH"}, "item": {"a": "x", "n": 1}});
        let now = jiff::Timestamp::UNIX_EPOCH;
        for (source, refused, value) in [
            ("alert.rule == 'other'", true, Some(false)),
            ("'other' == alert.rule && alert.severity >= HIGH", true, Some(false)),
            ("alert.severity >= HIGH && item.a == 'x' && alert.rule == 'other'", true, Some(false)),
            ("alert.rule == 'other' && item.missing > 1", true, Some(false)),
            ("alert.rule == 'burst' && item.a == 'x'", false, Some(true)),
            ("alert.rule == 'other' || item.a == 'x'", false, Some(true)),
            ("!(alert.rule == 'other')", false, Some(true)),
            ("alert.rule != 'other'", false, Some(true)),
            ("item.n == 'other'", false, Some(false)),
            ("item.missing == 'other'", false, None),
        ] {
            let expression = expression(source);
            assert_eq!(is_refused(&expression.inner.demands, &variables), refused, "{source}");
            assert_eq!(expression.evaluate_bool(&variables, now).ok(), value, "{source}");
        }
    }
}
