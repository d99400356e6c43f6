//! Why a condition came out as it did, part by part.
//!
//! The text is taken apart where `||`, `&&` and `!` stand outside of brackets and quotes, and every part is compiled and
//! evaluated by itself: so each value that is shown is one that the evaluator gave. Nothing here decides anything.

use serde_json::Value;

use super::{Environment, Expression};

/// The most parts that are told apart; a longer condition is explained as far as that.
const PARTS_MAX: usize = 200;
/// How deep brackets are followed.
const DEPTH_MAX: usize = 20;

/// One part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// How deep it stands in the whole; 0 for the whole.
    pub depth: usize,
    /// Its text, in one line.
    pub text: String,
    /// What it is, or why that can't be told.
    pub value: Result<Value, String>,
    /// The values that it is made of, by path; `None` for one that is missing. Only of parts that are not taken apart.
    pub facts: Vec<(String, Option<Value>)>,
}

impl Expression {
    /// The condition and all of its parts with their values, from the whole to its details.
    #[must_use]
    pub fn explain(&self, env: &Environment, variables: &Value, now: jiff::Timestamp) -> Vec<Explained> {
        let mut found = Vec::new();
        explain(self.source(), 0, env, variables, now, &mut found);
        found
    }
}

fn explain(
    text: &str,
    depth: usize,
    env: &Environment,
    variables: &Value,
    now: jiff::Timestamp,
    found: &mut Vec<Explained>,
) {
    if found.len() >= PARTS_MAX {
        return;
    }
    let text = text.trim();
    let parts = if depth < DEPTH_MAX { parts(text) } else { Vec::new() };
    let facts = if parts.is_empty() { facts(text, env, variables, now) } else { Vec::new() };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    found.push(Explained { depth, text: line, value: value(text, env, variables, now), facts });
    for part in parts {
        explain(part, depth + 1, env, variables, now, found);
    }
}

fn value(text: &str, env: &Environment, variables: &Value, now: jiff::Timestamp) -> Result<Value, String> {
    let expression = Expression::compile(text, env)
        .map_err(|faults| faults.first().map_or_else(String::new, |fault| fault.message.clone()))?;
    expression.evaluate(variables, now).map_err(|error| error.to_string())
}

/// What an expression is put together from, if it is put together by `||`, `&&`, `!` or brackets.
fn parts(text: &str) -> Vec<&str> {
    let text = inside_brackets(text);
    for operator in ["||", "&&"] {
        let split = split(text, operator);
        if split.len() > 1 {
            return split;
        }
    }
    match text.strip_prefix('!').map(str::trim_start) {
        Some(rest) if !rest.starts_with('=') => vec![rest],
        _ => Vec::new(),
    }
}

/// The text without brackets that stand around all of it.
fn inside_brackets(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let closes_early = outside(text).any(|(at, _)| at > 0 && at + 1 < text.len());
        if closes_early {
            break;
        }
        text = inner.trim();
    }
    text
}

/// The parts between an operator, where it stands outside of brackets and quotes. A condition with `? :` is one part.
fn split<'t>(text: &'t str, operator: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, character) in outside(text) {
        if character == '?' {
            return Vec::new();
        }
        let here = text.get(at..).is_some_and(|rest| rest.starts_with(operator));
        if here && at >= start {
            found.extend(text.get(start..at));
            start = at + operator.len();
        }
    }
    found.extend(text.get(start..));
    found
}

/// The characters that stand outside of brackets and quotes, with their places. Brackets themselves are outside where
/// nothing is open around them.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, character)| {
        if let Some(open) = quote {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                closing if *closing == open => quote = None,
                _ => {}
            }
            return false;
        }
        match character {
            '\'' | '"' => {
                quote = Some(*character);
                false
            }
            '(' | '[' | '{' => {
                depth += 1;
                false
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            _ => depth == 0,
        }
    })
}

/// The values of the paths that a text names, each once.
fn facts(text: &str, env: &Environment, variables: &Value, now: jiff::Timestamp) -> Vec<(String, Option<Value>)> {
    let mut found: Vec<(String, Option<Value>)> = Vec::new();
    for path in paths(text) {
        if path == text || found.iter().any(|(known, _)| known == path) {
            continue;
        }
        let Ok(expression) = Expression::compile(path, env) else { continue };
        found.push((path.to_owned(), expression.evaluate(variables, now).ok()));
    }
    found
}

/// Names with dots, outside of quotes: `alert.fields.system`, without a method at the end.
fn paths(text: &str) -> Vec<&str> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_' || character == '.';
    let mut found = Vec::new();
    let mut quote: Option<char> = None;
    let mut start: Option<usize> = None;
    let ends = text.char_indices().chain([(text.len(), ' ')]);
    for (at, character) in ends {
        if quote.is_some() {
            if quote == Some(character) {
                quote = None;
            }
            continue;
        }
        if is_name(character) {
            start.get_or_insert(at);
            continue;
        }
        let word = start.take().and_then(|start| text.get(start..at)).unwrap_or_default();
        let path = if character == '(' { word.rsplit_once('.').map_or("", |(path, _)| path) } else { word };
        if path.contains('.') && path.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            found.push(path.trim_end_matches('.'));
        }
        if matches!(character, '\'' | '"') {
            quote = Some(character);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Type;
    use serde_json::json;

    fn environment() -> Environment {
        let fields = Type::Map(Box::new(Type::Any));
        let alert = Type::object([("rule", Type::String), ("severity", Type::Severity), ("fields", fields)]);
        Environment::new().with("alert", alert)
    }

    fn explained(text: &str) -> Vec<(usize, String, Result<Value, String>)> {
        let expression = Expression::compile(text, &environment()).unwrap();
        let variables = json!({ "alert": { "rule": "a || b", "severity": "LOW", "fields": { "n": 3 } } });
        let found = expression.explain(&environment(), &variables, jiff::Timestamp::UNIX_EPOCH);
        found.into_iter().map(|part| (part.depth, part.text, part.value)).collect()
    }

    #[test]
    fn each_part_of_a_condition_is_shown_with_its_own_value() {
        let found = explained("alert.rule == 'a || b' &&\n  (alert.severity >= HIGH || !(alert.fields.n > 5))");
        let lines: Vec<String> = found.iter().map(|(depth, text, value)| format!("{depth} {text} {value:?}")).collect();
        let yes = "Ok(Bool(true))";
        let no = "Ok(Bool(false))";
        assert_eq!(
            lines,
            [
                format!("0 alert.rule == 'a || b' && (alert.severity >= HIGH || !(alert.fields.n > 5)) {yes}"),
                format!("1 alert.rule == 'a || b' {yes}"),
                format!("1 (alert.severity >= HIGH || !(alert.fields.n > 5)) {yes}"),
                format!("2 alert.severity >= HIGH {no}"),
                format!("2 !(alert.fields.n > 5) {yes}"),
                format!("3 (alert.fields.n > 5) {no}"),
            ]
        );
    }

    #[test]
    fn a_part_that_can_not_be_told_says_why_and_the_others_are_told() {
        let found = explained("has(alert.fields.x) && alert.fields.x == 1");
        assert_eq!(found[1].2, Ok(json!(false)));
        assert!(found[2].2.as_ref().unwrap_err().contains('x'), "{found:?}");
    }

    #[test]
    fn the_values_that_a_part_is_made_of_stand_beside_it() {
        let expression =
            Expression::compile("alert.rule.startsWith('x') && alert.fields.y != 'a.b'", &environment()).unwrap();
        let variables = json!({ "alert": { "rule": "r", "severity": "LOW", "fields": {} } });
        let found = expression.explain(&environment(), &variables, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(found[1].facts, [("alert.rule".to_owned(), Some(json!("r")))]);
        assert_eq!(found[2].facts, [("alert.fields.y".to_owned(), None)]);
    }

    #[test]
    fn a_choice_is_one_part() {
        assert_eq!(explained("alert.rule == 'x' && true ? true : false").len(), 1);
        assert_eq!(explained("(alert.rule == 'x') && (true)").len(), 3);
    }
}
