//! Variables and fields.

use super::{Checker, literal_text};
use crate::language::codes::{
    EXPRESSION_SECRET, EXPRESSION_TYPE, EXPRESSION_UNKNOWN_FIELD, EXPRESSION_UNKNOWN_VARIABLE,
};
use crate::language::expression::{NOW, SEVERITIES};
use crate::language::{Type, suggest};
use cel::IdedExpr;
use cel::common::ast::{Expr, SelectExpr};

/// The names of types, which `type(x) == string` compares with.
const TYPE_NAMES: [&str; 9] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];

impl Checker<'_> {
    pub(super) fn variable(&mut self, name: &str, node: &IdedExpr) -> Type {
        let name = name.trim_start_matches('.');
        if let Some(ty) = self.scoped(name) {
            return ty;
        }
        if SEVERITIES.contains(&name) {
            return Type::Severity;
        }
        if name == NOW {
            self.needs.now = true;
            return Type::Timestamp;
        }
        if let Some(ty) = self.env.variable(name).cloned() {
            self.needs.whole(name, &ty);
            return self.no_secret(ty, name, node);
        }
        if TYPE_NAMES.contains(&name) {
            return Type::Any;
        }
        let known: Vec<&str> = self
            .scopes
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !name.starts_with('@'))
            .chain(self.env.names())
            .chain(SEVERITIES)
            .chain([NOW])
            .collect();
        let hint = match suggest(name, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("text is written in quotes: '{name}'"),
        };
        let message = format!("unknown variable `{name}`");
        self.fault_at_word(node, name, EXPRESSION_UNKNOWN_VARIABLE, message, Some(hint));
        Type::Any
    }

    fn scoped(&self, name: &str) -> Option<Type> {
        self.scopes.iter().rev().find(|(scoped, _)| scoped == name).map(|(_, ty)| ty.clone())
    }

    /// The variable of the environment that a node is, if it is one.
    fn root<'n>(&self, node: &'n IdedExpr) -> Option<(&'n str, Type)> {
        let Expr::Ident(name) = &node.expr else { return None };
        let name = name.trim_start_matches('.');
        let constant = name == NOW || SEVERITIES.contains(&name) || self.scoped(name).is_some();
        if constant { None } else { self.env.variable(name).cloned().map(|ty| (name, ty)) }
    }

    pub(super) fn select(&mut self, select: &SelectExpr, node: &IdedExpr) -> Type {
        let of = self.operand_of(&select.operand, &select.field);
        let ty = self.field(&of, &select.field, node);
        if select.test { Type::Bool } else { self.no_secret(ty, &select.field, node) }
    }

    /// `x.?y`: the field if it is there.
    pub(super) fn optional_select(&mut self, operand: &IdedExpr, field: &IdedExpr, node: &IdedExpr) -> Type {
        let Some(name) = literal_text(field) else { return Type::Any };
        let of = match self.optionals.get(&operand.id) {
            Some(ty) => {
                let ty = ty.clone();
                self.infer(operand);
                ty
            }
            None => self.operand_of(operand, name),
        };
        let ty = self.field(&of, name, node);
        let ty = self.no_secret(ty, name, node);
        self.optionals.insert(node.id, ty);
        Type::Any
    }

    /// The type of the value before the dot; of a variable only the one field is noted as read.
    fn operand_of(&mut self, operand: &IdedExpr, field: &str) -> Type {
        match self.root(operand) {
            Some((name, ty)) => {
                self.needs.field(name, &ty, field);
                ty
            }
            None => self.infer(operand),
        }
    }

    /// The type of a field of a value.
    pub(super) fn field(&mut self, of: &Type, name: &str, node: &IdedExpr) -> Type {
        match of.field(name) {
            Ok(ty) => ty,
            Err(suggestion) => {
                let object = matches!(of, Type::Object(_));
                let message =
                    if object { format!("unknown field `{name}`") } else { format!("{of} has no field `{name}`") };
                let hint = suggestion.map(|meant| format!("did you mean `{meant}`?")).or_else(|| known_fields(of));
                self.fault_at_word(node, name, EXPRESSION_UNKNOWN_FIELD, message, hint);
                Type::Any
            }
        }
    }

    /// `x[y]`.
    pub(super) fn index(&mut self, operand: &IdedExpr, index: &IdedExpr, node: &IdedExpr) -> Type {
        let of = self.infer(operand);
        let key = self.infer(index);
        let wanted = match &of {
            Type::Any => return Type::Any,
            Type::List(_) => Type::Int,
            Type::Map(_) | Type::Object(_) => Type::String,
            other => {
                let message = format!("{other} has no items");
                self.fault_at(node, EXPRESSION_TYPE, message, None);
                return Type::Any;
            }
        };
        if key != wanted && key != Type::Any {
            let message = format!("{of} is indexed with {wanted}, and this is {key}");
            self.fault_at(index, EXPRESSION_TYPE, message, None);
        }
        match (&of, literal_text(index)) {
            (Type::List(item), _) => (**item).clone(),
            (Type::Map(value), _) => (**value).clone(),
            (_, Some(name)) => {
                let ty = self.field(&of, name, index);
                self.no_secret(ty, name, index)
            }
            _ => Type::Any,
        }
    }

    fn no_secret(&mut self, ty: Type, name: &str, node: &IdedExpr) -> Type {
        if ty == Type::Secret {
            let message = format!("`{name}` is a secret, which an expression can't read");
            let hint = Some("ask whether it is there with `has(...)`".to_owned());
            self.fault_at_word(node, name, EXPRESSION_SECRET, message, hint);
            return Type::Any;
        }
        ty
    }
}

fn known_fields(of: &Type) -> Option<String> {
    match of {
        Type::Object(fields) if !fields.is_empty() => {
            let names: Vec<&str> = fields.keys().map(String::as_str).take(12).collect();
            Some(format!("known here: {}", names.join(", ")))
        }
        _ => None,
    }
}
