//! Whether a condition can be true at all, told without values, or with those that are known.
//!
//! It finds what people get wrong in practice: two different texts demanded of one field, a severity above the highest,
//! a number in an empty range. It only ever says "never" where that is certain; of everything else it says nothing.

use super::SEVERITIES;
use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A value that is certain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Const {
    Bool(bool),
    Int(i64),
    Text(String),
    Severity(i64),
}

/// What a path may be.
#[derive(Clone, Debug)]
enum Domain {
    One(BTreeSet<Const>),
    Range { least: i64, most: i64, severity: bool },
}

/// Whether the condition can be true, given the `known` variables (an object: name to value).
pub(super) fn can_be_true(tree: &IdedExpr, known: &Json) -> bool {
    Reach { known }.truth(tree) != Some(false)
}

/// The names of a path such as `alert.labels['team']`, if the node is one.
pub(super) fn path(node: &IdedExpr) -> Option<Vec<&str>> {
    match &node.expr {
        Expr::Ident(name) if !name.starts_with('@') => Some(vec![name.as_str()]),
        Expr::Select(select) if !select.test => {
            let mut names = path(&select.operand)?;
            names.push(&select.field);
            Some(names)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => {
            let [operand, index] = call.args.as_slice() else { return None };
            let Expr::Literal(LiteralValue::String(name)) = &index.expr else { return None };
            let mut names = path(operand)?;
            names.push(name.inner());
            Some(names)
        }
        _ => None,
    }
}

struct Reach<'k> {
    known: &'k Json,
}

impl Reach<'_> {
    /// Whether a node is certainly true or certainly false.
    fn truth(&self, node: &IdedExpr) -> Option<bool> {
        if let Some(Const::Bool(value)) = self.constant(node) {
            return Some(value);
        }
        if let Expr::Select(select) = &node.expr {
            return if select.test { self.has(&select.operand, &select.field) } else { None };
        }
        let Expr::Call(call) = &node.expr else { return None };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, _) => self.all(node),
            (operators::LOGICAL_OR, parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.truth(part)).collect();
                if parts.contains(&Some(true)) {
                    return Some(true);
                }
                parts.iter().all(|part| *part == Some(false)).then_some(false)
            }
            (operators::LOGICAL_NOT, [inner]) => self.truth(inner).map(|truth| !truth),
            (operators::CONDITIONAL, [condition, then, otherwise]) => match self.truth(condition) {
                Some(true) => self.truth(then),
                Some(false) => self.truth(otherwise),
                None => self.truth(then).filter(|truth| self.truth(otherwise) == Some(*truth)),
            },
            (operators::IN, [_, list]) if matches!(&list.expr, Expr::List(list) if list.elements.is_empty()) => {
                Some(false)
            }
            (operator, [left, right]) => match (self.constant(left), self.constant(right)) {
                (Some(left), Some(right)) => compare(operator, &left, &right),
                (Some(item), None) if operator == operators::IN => self.list(right).map(|list| list.contains(&item)),
                _ => self.domain(node).filter(|(_, domain)| is_empty(domain)).map(|_| false),
            },
            _ => None,
        }
    }

    /// Whether a known object has a field.
    fn has(&self, operand: &IdedExpr, field: &str) -> Option<bool> {
        let around = path(operand)?.iter().try_fold(self.known, |value, name| value.get(name))?;
        around.as_object().map(|object| object.contains_key(field))
    }

    /// Whether all parts of an `&&` can hold together.
    fn all(&self, node: &IdedExpr) -> Option<bool> {
        let mut open = vec![node];
        let mut parts = Vec::new();
        while let Some(node) = open.pop() {
            match &node.expr {
                Expr::Call(call) if call.func_name == operators::LOGICAL_AND => open.extend(&call.args),
                _ => parts.push(node),
            }
        }
        let mut domains: BTreeMap<String, Domain> = BTreeMap::new();
        let mut certain = true;
        for part in parts {
            match self.truth(part) {
                Some(false) => return Some(false),
                Some(true) => continue,
                None => certain = false,
            }
            let Some((path, domain)) = self.domain(part) else { continue };
            let both = match domains.remove(&path) {
                Some(before) => intersection(before, domain),
                None => domain,
            };
            if is_empty(&both) {
                return Some(false);
            }
            domains.insert(path, both);
        }
        certain.then_some(true)
    }

    /// What a path may be where the node is true.
    fn domain(&self, node: &IdedExpr) -> Option<(String, Domain)> {
        if let Some(path) = path(node) {
            return Some((path.join("."), Domain::One([Const::Bool(true)].into())));
        }
        let Expr::Call(call) = &node.expr else { return None };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, [inner]) => {
                path(inner).map(|path| (path.join("."), Domain::One([Const::Bool(false)].into())))
            }
            (operators::LOGICAL_OR, parts) => {
                let mut parts = parts.iter().map(|part| self.domain(part));
                let (path, first) = parts.next()??;
                let Domain::One(mut all) = first else { return None };
                for part in parts {
                    let (other, Domain::One(more)) = part? else { return None };
                    if other != path {
                        return None;
                    }
                    all.extend(more);
                }
                Some((path, Domain::One(all)))
            }
            (operators::IN, [item, list]) => Some((path(item)?.join("."), Domain::One(self.list(list)?))),
            (operator, [left, right]) => match (path(left), self.constant(right)) {
                (Some(path), Some(value)) => Some((path.join("."), range(operator, value)?)),
                _ => Some((path(right)?.join("."), range(turned(operator), self.constant(left)?)?)),
            },
            _ => None,
        }
    }

    fn list(&self, node: &IdedExpr) -> Option<BTreeSet<Const>> {
        let Expr::List(list) = &node.expr else { return None };
        list.elements.iter().map(|item| self.constant(item)).collect()
    }

    fn constant(&self, node: &IdedExpr) -> Option<Const> {
        match &node.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => Some(Const::Bool(*value.inner())),
            Expr::Literal(LiteralValue::Int(value)) => Some(Const::Int(*value.inner())),
            Expr::Literal(LiteralValue::String(text)) => Some(Const::Text(text.inner().to_owned())),
            Expr::Ident(name) if SEVERITIES.contains(&name.as_str()) => {
                let place = SEVERITIES.iter().position(|severity| severity == name)?;
                i64::try_from(place).ok().map(|place| Const::Severity(place + 1))
            }
            _ => {
                let names = path(node)?;
                match names.iter().try_fold(self.known, |value, name| value.get(name))? {
                    Json::Bool(value) => Some(Const::Bool(*value)),
                    Json::String(text) => Some(Const::Text(text.clone())),
                    _ => None,
                }
            }
        }
    }
}

fn compare(operator: &str, left: &Const, right: &Const) -> Option<bool> {
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return None;
    }
    match operator {
        operators::EQUALS => Some(left == right),
        operators::NOT_EQUALS => Some(left != right),
        operators::LESS => Some(left < right),
        operators::LESS_EQUALS => Some(left <= right),
        operators::GREATER => Some(left > right),
        operators::GREATER_EQUALS => Some(left >= right),
        _ => None,
    }
}

/// What `path operator value` leaves of a path.
fn range(operator: &str, value: Const) -> Option<Domain> {
    if operator == operators::EQUALS {
        return Some(Domain::One([value].into()));
    }
    let (value, severity) = match value {
        Const::Int(value) => (value, false),
        Const::Severity(value) => (value, true),
        Const::Bool(_) | Const::Text(_) => return None,
    };
    let (lowest, highest) = if severity { (1, 5) } else { (i64::MIN, i64::MAX) };
    let (least, most) = match operator {
        operators::LESS => (lowest, value.checked_sub(1)?),
        operators::LESS_EQUALS => (lowest, value),
        operators::GREATER => (value.checked_add(1)?, highest),
        operators::GREATER_EQUALS => (value, highest),
        _ => return None,
    };
    // A decimal number may lie between two whole ones, so only severities have an empty range next to each other.
    let (least, most) = if severity { (least, most) } else { (least.saturating_sub(1), most.saturating_add(1)) };
    Some(Domain::Range { least, most, severity })
}

/// The operator with its sides exchanged.
fn turned(operator: &str) -> &str {
    match operator {
        operators::LESS => operators::GREATER,
        operators::LESS_EQUALS => operators::GREATER_EQUALS,
        operators::GREATER => operators::LESS,
        operators::GREATER_EQUALS => operators::LESS_EQUALS,
        other => other,
    }
}

fn is_empty(domain: &Domain) -> bool {
    match domain {
        Domain::One(values) => values.is_empty(),
        Domain::Range { least, most, .. } => least > most,
    }
}

fn intersection(left: Domain, right: Domain) -> Domain {
    match (left, right) {
        (Domain::One(left), Domain::One(right)) => {
            // Values of different kinds say nothing about each other.
            let alike = |left: &BTreeSet<Const>, right: &BTreeSet<Const>| {
                let kinds = |set: &BTreeSet<Const>| set.iter().map(std::mem::discriminant).collect::<Vec<_>>();
                kinds(left).iter().all(|kind| kinds(right).contains(kind))
            };
            if alike(&left, &right) && alike(&right, &left) {
                return Domain::One(left.intersection(&right).cloned().collect());
            }
            Domain::One(left)
        }
        (Domain::One(values), Domain::Range { least, most, severity })
        | (Domain::Range { least, most, severity }, Domain::One(values)) => {
            let inside = |value: &Const| match value {
                Const::Int(value) if !severity => (least..=most).contains(value),
                Const::Severity(value) if severity => (least..=most).contains(value),
                _ => true,
            };
            Domain::One(values.into_iter().filter(inside).collect())
        }
        (
            Domain::Range { least, most, severity },
            Domain::Range { least: other_least, most: other_most, severity: other },
        ) if severity == other => Domain::Range { least: least.max(other_least), most: most.min(other_most), severity },
        (left, Domain::Range { .. }) => left,
    }
}

#[cfg(test)]
mod tests {
    use crate::language::{Environment, Expression, Type};
    use serde_json::json;

    fn expression(source: &str) -> Expression {
        let alert = Type::object([
            ("rule", Type::String),
            ("severity", Type::Severity),
            ("count", Type::Int),
            ("labels", Type::map_of(Type::String)),
            ("fields", Type::map_of(Type::Any)),
        ]);
        let agent = Type::object([("known", Type::Bool), ("tier", Type::String)]);
        Expression::compile_bool(source, &Environment::new().with("alert", alert).with("agent", agent))
            .unwrap_or_else(|faults| panic!("{source}: {faults:#?}"))
    }

    #[test]
    fn what_can_never_be_true_is_told() {
        for never in [
            "false",
            "1 > 2",
            "alert.rule == 'a' && alert.rule == 'b'",
            "alert.rule == 'a' && agent.known && 'b' == alert.rule",
            "alert.rule == 'a' && alert.rule in ['b', 'c']",
            "alert.rule in []",
            "(alert.rule == 'a' || alert.rule == 'b') && alert.rule == 'c'",
            "alert.severity > CRITICAL",
            "alert.severity < INFO",
            "INFO > alert.severity",
            "alert.severity >= HIGH && alert.severity < MEDIUM",
            "alert.severity > HIGH && alert.severity < CRITICAL",
            "alert.count > 10 && alert.count < 5",
            "alert.count == 3 && alert.count > 7",
            "agent.known && !agent.known",
            "alert.labels['a'] == 'x' && alert.labels['a'] == 'y'",
            "(alert.rule == 'a' && alert.rule == 'b') || alert.severity > CRITICAL",
            "agent.known ? false : alert.severity > CRITICAL",
        ] {
            assert!(!expression(never).can_be_true(&json!({})), "{never}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_may_be_true() {
        for perhaps in [
            "true",
            "alert.rule == 'a' && alert.severity >= HIGH",
            "alert.rule == 'a' || alert.rule == 'b'",
            "alert.rule == 'a' && alert.rule != 'b'",
            "alert.severity >= HIGH && alert.severity <= HIGH",
            "alert.count > 10 && alert.count < 12",
            "alert.fields.n == 1 && alert.fields.n == 1.0",
            "alert.fields.n > 1 && alert.fields.n < 2",
            "alert.labels['a'] == 'x' && alert.labels['b'] == 'y'",
            "!(alert.rule == 'a' && alert.rule == 'b')",
            "alert.fields.list.exists(x, x == 'a') && alert.fields.list.exists(x, x == 'b')",
            "agent.known ? false : alert.severity > LOW",
        ] {
            assert!(expression(perhaps).can_be_true(&json!({})), "{perhaps}");
        }
    }

    #[test]
    fn known_values_decide() {
        let condition = expression("alert.rule == 'a' && agent.tier == 'autonomous' && agent.known");
        let agent = |tier: &str| json!({ "agent": { "tier": tier, "known": true } });
        assert!(condition.can_be_true(&agent("autonomous")));
        assert!(!condition.can_be_true(&agent("supervised")));
        let has = expression("has(agent.tier)");
        assert!(has.can_be_true(&agent("supervised")) && has.can_be_true(&json!({})));
        assert!(!has.can_be_true(&json!({ "agent": { "known": true } })));
    }
}
