//! Calls of functions: that they exist, how many arguments they take, and which.

use super::standard::{FOREIGN, Kind, MACROS, STANDARD, Standard, Style};
use super::{Checker, literal_text};
use crate::language::codes::{
    EXPRESSION_ARGUMENTS, EXPRESSION_LITERAL, EXPRESSION_SEVERITY, EXPRESSION_TYPE, EXPRESSION_UNKNOWN_FUNCTION,
};
use crate::language::expression::functions::{self, SIGNATURES, Signature};
use crate::language::{Type, suggest};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr};

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &CallExpr, node: &IdedExpr) -> Type {
        let name = call.func_name.as_str();
        if call.target.is_none()
            && let Some(ty) = self.operator(name, &call.args, node)
        {
            return ty;
        }
        if let Some(ty) = self.optional_function(call) {
            return ty;
        }
        let own = SIGNATURES.iter().find(|signature| signature.name == name);
        let standard = STANDARD.iter().find(|function| function.name == name);
        if own.is_none() && standard.is_none() {
            // The arguments are not looked at: they may name a variable that only a loop would have made.
            return self.unknown_function(name, node);
        }
        let arguments: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let types: Vec<Type> = arguments.iter().map(|argument| self.infer(argument)).collect();
        if let Some(signature) = own {
            return self.own(signature, &arguments, &types, node);
        }
        let method = call.target.is_some();
        let fits =
            |style| matches!((style, method), (Style::Either, _) | (Style::Method, true) | (Style::Function, false));
        match standard {
            Some(function) if fits(function.style) => self.standard(function, &arguments, &types, node),
            Some(function) => {
                let example = if function.style == Style::Method { "x.{}(...)" } else { "{}(x)" };
                let hint = format!("write {}", example.replace("{}", name));
                let message = format!("`{name}` is not called this way");
                self.fault_at_word(node, name, EXPRESSION_UNKNOWN_FUNCTION, message, Some(hint));
                Type::Any
            }
            None => Type::Any,
        }
    }

    /// `optional.of(x)` and `optional.none()`.
    fn optional_function(&mut self, call: &CallExpr) -> Option<Type> {
        let Some(Expr::Ident(target)) = call.target.as_deref().map(|target| &target.expr) else { return None };
        let known = matches!(call.func_name.as_str(), "of" | "none" | "ofNonZeroValue");
        if target != "optional" || !known {
            return None;
        }
        call.args.iter().for_each(|argument| {
            self.infer(argument);
        });
        Some(Type::Any)
    }

    fn standard(&mut self, function: &Standard, arguments: &[&IdedExpr], types: &[Type], node: &IdedExpr) -> Type {
        let name = function.name;
        let result = function.result.clone();
        if name.starts_with("get") && arguments.len() == 2 {
            let hint = "write hour(time, 'Europe/Berlin') or weekday(time, 'Europe/Berlin')".to_owned();
            let message = format!("`{name}` takes no time zone here; it gives UTC");
            self.fault_at_word(node, name, EXPRESSION_ARGUMENTS, message, Some(hint));
            return result;
        }
        let expected = 1 + function.rest.len();
        if !self.has_count(name, arguments.len(), expected, node) {
            return result;
        }
        let (Some(first), Some(ty)) = (arguments.first(), types.first()) else { return result };
        if name == "string" && *ty == Type::Severity {
            let hint = Some("compare severities, or write them into texts with a template");
            self.fault_at(first, EXPRESSION_SEVERITY, "a severity has no text in an expression", hint);
            return result;
        }
        if !function.first.is_empty() && !function.first.iter().any(|kind| kind.accepts(ty)) {
            let wanted: Vec<&str> = function.first.iter().copied().map(Kind::name).collect();
            let hint = (name == "contains" && matches!(ty, Type::List(_))).then(|| "write `item in list`".to_owned());
            let message = format!("`{name}` takes {}, and this is {ty}", wanted.join(" or "));
            self.fault_at_word(node, name, EXPRESSION_TYPE, message, hint);
        }
        for ((argument, ty), wanted) in arguments.iter().zip(types).skip(1).zip(function.rest) {
            self.expect(argument, ty, wanted, name);
        }
        self.constant_time(name, first);
        match (name, types.get(1), self.optionals.get(&first.id).cloned()) {
            ("orValue", Some(other), Some(inner)) => self.unify(inner, other.clone(), node),
            ("value", _, Some(inner)) => inner,
            _ => result,
        }
    }

    fn own(&mut self, signature: &Signature, arguments: &[&IdedExpr], types: &[Type], node: &IdedExpr) -> Type {
        let result = signature.result.clone();
        if !self.has_count(signature.name, arguments.len(), signature.arguments.len(), node) {
            return result;
        }
        for ((argument, ty), wanted) in arguments.iter().zip(types).zip(signature.arguments) {
            self.expect(argument, ty, wanted, signature.name);
        }
        if let Some((argument, text)) = arguments.get(1).and_then(|argument| Some((argument, literal_text(argument)?)))
            && let Err(reason) = functions::check_constant(signature.name, text)
        {
            self.fault_at(argument, EXPRESSION_LITERAL, reason, None);
        }
        result
    }

    fn expect(&mut self, argument: &IdedExpr, ty: &Type, wanted: &Type, name: &str) {
        if *ty != Type::Any && *wanted != Type::Any && ty != wanted {
            self.fault_at(argument, EXPRESSION_TYPE, format!("`{name}` takes {wanted} here, and this is {ty}"), None);
        }
    }

    fn has_count(&mut self, name: &str, found: usize, expected: usize, node: &IdedExpr) -> bool {
        if found == expected {
            return true;
        }
        let message =
            format!("`{name}` takes {expected} values (the one before the dot included), and here are {found}");
        self.fault_at_word(node, name, EXPRESSION_ARGUMENTS, message, None);
        false
    }

    /// A time or a length of time that is written out can be checked now.
    fn constant_time(&mut self, name: &str, argument: &IdedExpr) {
        let Some(text) = literal_text(argument) else { return };
        if name == "timestamp" && text.parse::<jiff::Timestamp>().is_err() {
            let hint = Some("write it as 2026-01-31T12:00:00Z");
            self.fault_at(argument, EXPRESSION_LITERAL, "this is no time", hint);
        }
        if name == "duration" && !is_duration(text) {
            let hint = Some("write it with h, m, s or ms, as 36h or 1h30m; a day is 24h");
            self.fault_at(argument, EXPRESSION_LITERAL, "this is no length of time", hint);
        }
    }

    fn unknown_function(&mut self, name: &str, node: &IdedExpr) -> Type {
        if let Some((_, example)) = MACROS.iter().find(|(known, _)| *known == name) {
            let message = format!("`{name}` is not written this way");
            let hint = Some(format!("write {example}"));
            self.fault_at_word(node, name, EXPRESSION_ARGUMENTS, message, hint);
            return Type::Any;
        }
        let foreign = FOREIGN.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
        let known = STANDARD.iter().map(|function| function.name);
        let known = known.chain(SIGNATURES.iter().map(|signature| signature.name));
        let known = known.chain(MACROS.iter().map(|(name, _)| *name));
        let meant = foreign.or_else(|| suggest(name, known));
        let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
        self.fault_at_word(node, name, EXPRESSION_UNKNOWN_FUNCTION, format!("unknown function `{name}`"), hint);
        Type::Any
    }
}

/// Whether a text is a length of time as CEL writes it: numbers, each with its unit.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if number.len() == rest.len() {
            return false;
        }
        let unit = ["ms", "us", "ns", "h", "m", "s"].into_iter().find_map(|unit| number.strip_prefix(unit));
        match unit {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}
