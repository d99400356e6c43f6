//! The operators and the types that they take.

use super::{Checker, literal_text};
use crate::language::Type;
use crate::language::codes::{EXPRESSION_SEVERITY, EXPRESSION_TYPE};
use crate::language::expression::SEVERITIES;
use cel::IdedExpr;
use cel::common::ast::operators;

impl Checker<'_> {
    /// The type of a call of an operator, or nothing if the name is no operator's.
    pub(super) fn operator(&mut self, name: &str, args: &[IdedExpr], node: &IdedExpr) -> Option<Type> {
        let ty = match (name, args) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, args) => {
                for arg in args {
                    self.expect_bool(arg, "each side of `&&` and `||`");
                }
                Type::Bool
            }
            (operators::LOGICAL_NOT, [arg]) => {
                self.expect_bool(arg, "what `!` turns round");
                Type::Bool
            }
            (operators::NOT_STRICTLY_FALSE, [arg]) => {
                self.infer(arg);
                Type::Bool
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                self.expect_bool(condition, "what stands before `?`");
                let (then, otherwise) = (self.infer(then), self.infer(otherwise));
                self.unify(then, otherwise, node)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                self.comparison(left, right, node, false);
                Type::Bool
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => {
                self.comparison(left, right, node, true);
                Type::Bool
            }
            (operators::IN, [item, container]) => {
                self.membership(item, container, node);
                Type::Bool
            }
            (operators::INDEX | operators::OPT_INDEX, [operand, index]) => {
                let ty = self.index(operand, index, node);
                if name == operators::OPT_INDEX {
                    self.optionals.insert(node.id, ty);
                    return Some(Type::Any);
                }
                ty
            }
            (operators::OPT_SELECT, [operand, field]) => self.optional_select(operand, field, node),
            (operators::NEGATE, [arg]) => {
                let ty = self.infer(arg);
                if !matches!(ty, Type::Int | Type::Double | Type::Duration | Type::Any) {
                    self.fault_at(node, EXPRESSION_TYPE, format!("`-` takes a number, and this is {ty}"), None);
                }
                ty
            }
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO,
                [left, right],
            ) => {
                let (left, right) = (self.infer(left), self.infer(right));
                self.arithmetic(name.trim_matches('_'), &left, &right, node)
            }
            _ => return None,
        };
        Some(ty)
    }

    fn comparison(&mut self, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr, ordered: bool) {
        let before = self.faults.len();
        let (left_type, right_type) = (self.infer(left), self.infer(right));
        // A side with a fault has no type to speak of.
        if self.faults.len() > before {
            return;
        }
        if !self.severities_meet((left, &left_type), (right, &right_type), node) {
            return;
        }
        let fits = if ordered { orders(&left_type, &right_type) } else { equals(&left_type, &right_type) };
        if !fits {
            let message = format!("{left_type} is compared with {right_type}");
            self.fault_at(node, EXPRESSION_TYPE, message, conversion(&left_type, &right_type));
        }
    }

    /// Whether a comparison is free of severities, or has them on both sides. If not, that is a fault.
    fn severities_meet(&mut self, left: (&IdedExpr, &Type), right: (&IdedExpr, &Type), node: &IdedExpr) -> bool {
        let (other, ty) = match (left.1, right.1) {
            (Type::Severity, Type::Severity | Type::Null) | (Type::Null, Type::Severity) => return true,
            (Type::Severity, _) => right,
            (_, Type::Severity) => left,
            _ => return true,
        };
        let named = literal_text(other).map(str::to_uppercase);
        let named = named.as_deref().and_then(|text| SEVERITIES.iter().find(|name| **name == text));
        let hint = match (ty, named) {
            (_, Some(name)) => format!("write {name} without quotes"),
            (Type::Any, None) => "write severity(x), which reads text as a severity".to_owned(),
            _ => "write INFO, LOW, MEDIUM, HIGH or CRITICAL, without quotes".to_owned(),
        };
        let message = format!("a severity is compared with {ty}");
        let at = if *ty == Type::Any { node } else { other };
        self.fault_at(at, EXPRESSION_SEVERITY, message, Some(&hint));
        false
    }

    fn membership(&mut self, item: &IdedExpr, container: &IdedExpr, node: &IdedExpr) {
        let before = self.faults.len();
        let (item_type, container_type) = (self.infer(item), self.infer(container));
        if self.faults.len() > before {
            return;
        }
        match &container_type {
            Type::Any => {}
            Type::List(inner) => {
                if self.severities_meet((item, &item_type), (container, inner), node) && !equals(&item_type, inner) {
                    let message = format!("{item_type} is looked for in a list of which each item is {inner}");
                    self.fault_at(node, EXPRESSION_TYPE, message, None);
                }
            }
            Type::Map(_) | Type::Object(_) => {
                if !equals(&item_type, &Type::String) {
                    let message = format!("the keys of an object are text, and this is {item_type}");
                    self.fault_at(item, EXPRESSION_TYPE, message, None);
                }
            }
            other => {
                let hint = matches!(other, Type::String).then_some("write `text.contains('part')`");
                let message = format!("`in` looks into a list or an object, and this is {other}");
                self.fault_at(container, EXPRESSION_TYPE, message, hint);
            }
        }
    }

    fn arithmetic(&mut self, sign: &str, left: &Type, right: &Type, node: &IdedExpr) -> Type {
        use Type::{Any, Double, Duration, Int, List, String, Timestamp};
        let ty = match (sign, left, right) {
            ("+", Any, String | List(_)) | (_, Any, Int | Double) => Some(right.clone()),
            ("+", String | List(_), Any)
            | (_, Int | Double, Any)
            | (_, Int, Int)
            | ("+" | "-" | "*" | "/", Double, Double)
            | ("+", String, String) => Some(left.clone()),
            (_, Any, Any) | ("+" | "-", Any, Duration | Timestamp) | ("+" | "-", Duration | Timestamp, Any) => {
                Some(Any)
            }
            ("+", List(left), List(right)) => {
                Some(Type::list_of(self.unify((**left).clone(), (**right).clone(), node)))
            }
            ("+" | "-", Timestamp, Duration) | ("+", Duration, Timestamp) => Some(Timestamp),
            ("+" | "-", Duration, Duration) | ("-", Timestamp, Timestamp) => Some(Duration),
            _ => None,
        };
        ty.unwrap_or_else(|| {
            let hint = match (left, right) {
                (Int, Double) | (Double, Int) => Some("write double(x) around the whole number"),
                (String, _) | (_, String) => Some("write string(x) around what is no text"),
                (Timestamp | Duration, _) | (_, Timestamp | Duration) => {
                    Some("write a length of time as duration('10m')")
                }
                _ => None,
            };
            self.fault_at(node, EXPRESSION_TYPE, format!("`{sign}` does not take {left} and {right}"), hint);
            Any
        })
    }
}

/// Whether two values can be equal at all.
fn equals(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Any | Type::Null, _)
        | (_, Type::Any | Type::Null)
        | (Type::Int | Type::Double, Type::Int | Type::Double)
        | (Type::Map(_) | Type::Object(_), Type::Map(_) | Type::Object(_)) => true,
        (Type::List(left), Type::List(right)) => equals(left, right),
        (left, right) => left == right,
    }
}

/// Whether one value can be less than the other.
fn orders(left: &Type, right: &Type) -> bool {
    let unordered = |ty: &Type| matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_) | Type::Null);
    !unordered(left) && !unordered(right) && equals(left, right)
}

fn conversion(left: &Type, right: &Type) -> Option<&'static str> {
    match (left, right) {
        (Type::Timestamp, Type::String) | (Type::String, Type::Timestamp) => {
            Some("write a time as timestamp('2026-01-31T12:00:00Z')")
        }
        (Type::Duration, _) | (_, Type::Duration) => Some("write a length of time as duration('10m')"),
        (Type::Int | Type::Double, Type::String) | (Type::String, Type::Int | Type::Double) => {
            Some("write numbers without quotes, or convert with int(x)")
        }
        (Type::Bool, Type::String) | (Type::String, Type::Bool) => Some("write true or false without quotes"),
        _ => None,
    }
}
