//! One expression of a mapping with its place, and the view of a delivery that it is evaluated over.

use crate::language::{EvaluationError, Expression};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// An expression and where in the source's options it stands.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) pointer: String,
    expression: Expression,
    /// The same in a form that needs no evaluator, which has to copy every variable first. Most expressions have one.
    short: Option<Short>,
}

/// An expression that only picks a value.
#[derive(Clone, Debug, PartialEq)]
enum Short {
    /// A plain path such as `item.labels.severity`, by its names.
    Path(Vec<String>),
    /// `type(item.agent) == map ? item.agent.id : item.agent`: one value for an object, another for anything else.
    ByShape { of: Vec<String>, object: Pick, other: Pick },
    /// `has(body.alerts) ? body.alerts : [body]`: what is there as a list, or a list of one.
    OneOrMany { many: Vec<String>, one: Vec<String> },
}

/// One of two values.
#[derive(Clone, Debug, PartialEq)]
enum Pick {
    Null,
    Path(Vec<String>),
}

impl Short {
    fn of(source: &str) -> Option<Self> {
        if let Some(path) = plain_path(source) {
            return Some(Self::Path(path));
        }
        if let Some((has, picks)) = source.trim().strip_prefix("has(").and_then(|rest| rest.split_once(") ? ")) {
            let (many, one) = picks.split_once(" : ")?;
            let (many, one) = (plain_path(many)?, plain_path(one.strip_prefix('[')?.strip_suffix(']')?)?);
            return (plain_path(has)? == many && many.len() > 1).then_some(Self::OneOrMany { many, one });
        }
        let (of, picks) = source.trim().strip_prefix("type(")?.split_once(") == map ? ")?;
        let (object, other) = picks.split_once(" : ")?;
        Some(Self::ByShape { of: plain_path(of)?, object: Pick::of(object)?, other: Pick::of(other)? })
    }

    fn evaluate(&self, variables: &Value) -> Result<Value, EvaluationError> {
        match self {
            Self::Path(path) => follow(path, variables).cloned(),
            Self::ByShape { of, object, other } => {
                let pick = if follow(of, variables)?.is_object() { object } else { other };
                match pick {
                    Pick::Null => Ok(Value::Null),
                    Pick::Path(path) => follow(path, variables).cloned(),
                }
            }
            Self::OneOrMany { many, one } => match follow(many, variables) {
                Ok(value) => Ok(value.clone()),
                Err(EvaluationError::Missing { name }) if many.last() == Some(&name) => {
                    Ok(Value::Array(vec![follow(one, variables)?.clone()]))
                }
                Err(error) => Err(error),
            },
        }
    }
}

impl Pick {
    fn of(source: &str) -> Option<Self> {
        if source.trim() == "null" { Some(Self::Null) } else { plain_path(source).map(Self::Path) }
    }
}

impl Rule {
    /// The rule of a compiled expression.
    pub(super) fn new(pointer: &str, expression: Expression) -> Self {
        let short = Short::of(expression.source());
        Self { pointer: pointer.to_owned(), expression, short }
    }

    /// Where in a message it looks, as its sender would say it: `severity`, `labels.agent_id`, or the expression.
    pub(super) fn place(&self) -> String {
        let path = match &self.short {
            Some(Short::Path(path) | Short::ByShape { of: path, .. }) => path.as_slice(),
            Some(Short::OneOrMany { .. }) | None => &[],
        };
        match path {
            [item, rest @ ..] if item == "item" && !rest.is_empty() => rest.join("."),
            [] => self.expression.source().to_owned(),
            path => path.join("."),
        }
    }

    fn evaluate(&self, variables: &Value, now: Timestamp) -> Result<Value, EvaluationError> {
        match &self.short {
            Some(short) => short.evaluate(variables),
            None => self.expression.evaluate(variables, now),
        }
    }
}

fn plain_path(source: &str) -> Option<Vec<String>> {
    let names: Vec<&str> = source.trim().split('.').collect();
    let plain = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
    };
    let variable = names.first().is_some_and(|name| ["item", "body", "headers"].contains(name));
    (variable && names.iter().all(plain)).then(|| names.into_iter().map(str::to_owned).collect())
}

/// The value at a path, with the errors that the evaluator would give.
fn follow<'a>(path: &[String], variables: &'a Value) -> Result<&'a Value, EvaluationError> {
    path.iter().try_fold(variables, |value, name| match value {
        Value::Object(object) => object.get(name).ok_or_else(|| EvaluationError::Missing { name: name.clone() }),
        Value::Null => Err(EvaluationError::Missing { name: name.clone() }),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(EvaluationError::Types { detail: format!("what should have `{name}` is no object") })
        }
    })
}

/// The variables of one item: as they came, and as they may be shown.
pub(super) struct View {
    /// `body`, `item` and `headers` without secrets.
    shown: Value,
    /// The same as they came, for digests; nothing if there are no secrets to hide.
    original: Option<Value>,
    now: Timestamp,
    /// For the engineer who wrote the mapping, by places in it.
    notes: Vec<String>,
    /// For whoever sent the message, by places in it.
    said: Vec<String>,
}

impl View {
    /// The variables of a delivery, before any item.
    pub(super) fn new(body: &Value, shown: Option<Value>, headers: &Value, now: Timestamp) -> Self {
        let variables = |body: Value| {
            let mut variables = Map::new();
            variables.insert("item".to_owned(), Value::Null);
            variables.insert("body".to_owned(), body);
            variables.insert("headers".to_owned(), headers.clone());
            Value::Object(variables)
        };
        let original = shown.is_some().then(|| variables(body.clone()));
        Self {
            shown: variables(shown.unwrap_or_else(|| body.clone())),
            original,
            now,
            notes: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Goes on to an item; `shown` is the item without secrets, if there are any to hide.
    pub(super) fn set_item(&mut self, item: Value, shown: Option<Value>) {
        let (shown, original) = match shown {
            Some(shown) => (shown, Some(item)),
            None => (item, None),
        };
        put_item(&mut self.shown, shown);
        if let (Some(variables), Some(item)) = (&mut self.original, original) {
            put_item(variables, item);
        }
        self.notes.clear();
        self.said.clear();
    }

    /// The item as it may be kept.
    pub(super) fn item(&self) -> &Value {
        self.shown.get("item").unwrap_or(&Value::Null)
    }

    /// The item as it may be kept, when no rule will be read any more.
    pub(super) fn take_item(&mut self) -> Value {
        self.shown.get_mut("item").map(Value::take).unwrap_or_default()
    }

    /// The value of a rule over what may be shown; null if it has none.
    pub(super) fn value(&mut self, rule: &Rule) -> Value {
        let result = rule.evaluate(&self.shown, self.now);
        self.noted(rule, result)
    }

    /// The value of a rule over what came, secrets too: only a digest of it may be kept.
    pub(super) fn secret_value(&mut self, rule: &Rule) -> Value {
        let result = rule.evaluate(self.original.as_ref().unwrap_or(&self.shown), self.now);
        self.noted(rule, result)
    }

    /// The value over what came, with the reason why there is none.
    pub(super) fn try_value(&self, rule: &Rule) -> Result<Value, EvaluationError> {
        rule.evaluate(self.original.as_ref().unwrap_or(&self.shown), self.now)
    }

    fn noted(&mut self, rule: &Rule, result: Result<Value, EvaluationError>) -> Value {
        match result {
            Ok(value) => value,
            // What is missing is missing: that is how most messages are.
            Err(EvaluationError::Missing { .. }) => Value::Null,
            Err(error) => {
                self.note(rule, &error.to_string());
                Value::Null
            }
        }
    }

    /// Remembers what could not be read.
    pub(super) fn note(&mut self, rule: &Rule, what: &str) {
        self.note_saying(rule, what, format!("{}: {what}", rule.place()));
    }

    /// Remembers what could not be read, with other words for the sender.
    pub(super) fn note_saying(&mut self, rule: &Rule, what: &str, said: String) {
        self.notes.push(format!("{}: {what}", rule.pointer));
        self.say(said);
    }

    /// Remembers what the sender should know of their message.
    pub(super) fn say(&mut self, said: String) {
        self.said.push(said);
    }

    /// What the sender should know of their message.
    pub(super) fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

fn put_item(variables: &mut Value, item: Value) {
    if let Some(slot) = variables.get_mut("item") {
        *slot = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Environment, Type};
    use serde_json::json;

    #[test]
    fn a_plain_path_has_the_value_that_the_evaluator_gives() {
        let environment = Environment::new().with("item", Type::Any);
        let now = Timestamp::UNIX_EPOCH;
        for item in [
            json!({"a": {"b": 5}}),
            json!({"a": {"b": {"c": [1.5, null, "x"]}}}),
            json!({"a": {"b": null}}),
            json!({"a": {}}),
            json!({}),
            json!({"a": "text"}),
            json!({"a": [1]}),
        ] {
            let expression = Expression::compile("item.a.b", &environment).unwrap();
            let variables = json!({ "item": item });
            let slow = expression.evaluate(&variables, now);
            let rule = Rule::new("", expression);
            assert!(rule.short.is_some());
            assert_eq!(rule.evaluate(&variables, now).ok(), slow.ok(), "{item}");
        }
    }

    #[test]
    fn a_list_or_a_list_of_one_has_the_value_that_the_evaluator_gives() {
        let environment = Environment::new().with("body", Type::Any);
        let now = Timestamp::UNIX_EPOCH;
        let expression = Expression::compile("has(body.alerts) ? body.alerts : [body]", &environment).unwrap();
        let rule = Rule::new("", expression.clone());
        assert!(matches!(rule.short, Some(Short::OneOrMany { .. })));
        for body in [json!({"alerts": [1, 2]}), json!({"alerts": null}), json!({"id": "a"}), json!([1]), json!("text")]
        {
            let variables = json!({ "body": body });
            let slow = expression.evaluate(&variables, now);
            assert_eq!(rule.evaluate(&variables, now).ok(), slow.ok(), "{body}");
        }
        for source in ["has(body.a) ? body.b : [body]", "has(body.a) ? body.a : body", "has(body.a)"] {
            assert_eq!(Short::of(source), None, "{source}");
        }
    }

    #[test]
    fn a_choice_by_shape_has_the_value_that_the_evaluator_gives() {
        let environment = Environment::new().with("item", Type::Any);
        let now = Timestamp::UNIX_EPOCH;
        for source in [
            "type(item.agent) == map ? item.agent.id : item.agent",
            "type(item.agent) == map ? item.agent.id : null",
            "type(item.agent) == map ? null : item.agent.id",
        ] {
            let expression = Expression::compile(source, &environment).unwrap();
            let rule = Rule::new("", expression.clone());
            assert!(matches!(rule.short, Some(Short::ByShape { .. })), "{source}");
            for item in [
                json!({"agent": {"id": "a"}}),
                json!({"agent": {}}),
                json!({"agent": "a"}),
                json!({"agent": ["a"]}),
                json!({"agent": null}),
                json!({"agent": 7}),
                json!({}),
                json!("text"),
            ] {
                let variables = json!({ "item": item });
                let slow = expression.evaluate(&variables, now);
                assert_eq!(rule.evaluate(&variables, now).ok(), slow.ok(), "{source} of {item}");
            }
        }
        for source in ["type(item.a) == map ? item.b + 1 : null", "type(item.a) == list ? item.b : null"] {
            assert_eq!(Short::of(source), None, "{source}");
        }
    }

    #[test]
    fn only_names_and_dots_are_a_plain_path() {
        for (source, plain) in [
            ("item.a", true),
            ("body", true),
            (" item.a.b_1 ", true),
            ("item['a']", false),
            ("item.a()", false),
            ("item.?a", false),
            ("HIGH", false),
            ("'x'", false),
            ("item.a + item.b", false),
        ] {
            assert_eq!(plain_path(source).is_some(), plain, "{source}");
        }
    }
}
