//! Values between JSON and the evaluator, guided by the declared types.
//!
//! JSON has no times, severities or whole numbers, so the declared type says what a string or number stands for. A
//! secret never becomes a value of an expression.

use super::{EvaluationError, SEVERITIES};
use crate::language::Type;
use cel::Value;
use cel::objects::{Key, Map, OptionalValue};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// How deeply a value may be nested.
const DEPTH_MAX: usize = 64;

/// The value of a JSON value that was declared as `ty`; of an object only `fields`, if given.
pub(super) fn from_json(
    json: &Json,
    ty: &Type,
    fields: Option<&BTreeSet<String>>,
    path: &str,
) -> Result<Value, EvaluationError> {
    match (json, fields) {
        (Json::Object(object), Some(fields)) => {
            let mut map = HashMap::with_capacity(fields.len());
            for (name, value) in object.iter().filter(|(name, _)| fields.contains(*name)) {
                let ty = ty.field(name).unwrap_or(Type::Any);
                map.insert(Key::String(Arc::new(name.clone())), convert(value, &ty, &Path(path, name), 1)?);
            }
            Ok(Value::Map(Map { map: Arc::new(map) }))
        }
        _ => convert(json, ty, &Path(path, ""), 0),
    }
}

/// A path that is only put together when something is wrong with it.
struct Path<'a>(&'a str, &'a str);

impl Path<'_> {
    fn text(&self) -> String {
        if self.1.is_empty() { self.0.to_owned() } else { format!("{}.{}", self.0, self.1) }
    }
}

fn convert(json: &Json, ty: &Type, path: &Path<'_>, depth: usize) -> Result<Value, EvaluationError> {
    if depth > DEPTH_MAX {
        return Err(EvaluationError::TooDeep { path: path.text() });
    }
    let invalid = || EvaluationError::InvalidValue { path: path.text(), expected: ty.to_string() };
    let value = match (json, ty) {
        (Json::Null, _) | (_, Type::Secret) => Value::Null,
        (Json::String(text), Type::Severity) => {
            let place = SEVERITIES.iter().position(|name| *name == text).ok_or_else(invalid)?;
            Value::Int(i64::try_from(place).unwrap_or_default() + 1)
        }
        (Json::String(text), Type::Timestamp) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| invalid())?;
            timestamp(time).ok_or_else(invalid)?
        }
        (Json::String(text), Type::Duration) => {
            let length: jiff::SignedDuration = text.parse().map_err(|_| invalid())?;
            duration(length).ok_or_else(invalid)?
        }
        (Json::Number(number), Type::Duration) => {
            let seconds = number.as_f64().ok_or_else(invalid)?;
            duration(jiff::SignedDuration::try_from_secs_f64(seconds).map_err(|_| invalid())?).ok_or_else(invalid)?
        }
        (_, Type::Severity | Type::Timestamp | Type::Duration) => return Err(invalid()),
        (Json::Number(number), Type::Double) => Value::Float(number.as_f64().ok_or_else(invalid)?),
        (Json::Number(number), _) => number_value(number).ok_or_else(invalid)?,
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::String(text), _) => Value::String(Arc::new(text.clone())),
        (Json::Array(items), _) => {
            let item = if let Type::List(item) = ty { item } else { &Type::Any };
            let items = items.iter().map(|value| convert(value, item, path, depth + 1));
            Value::List(Arc::new(items.collect::<Result<_, _>>()?))
        }
        (Json::Object(object), _) => {
            let mut map = HashMap::with_capacity(object.len());
            for (name, value) in object {
                let ty = ty.field(name).unwrap_or(Type::Any);
                map.insert(Key::String(Arc::new(name.clone())), convert(value, &ty, &Path(path.0, name), depth + 1)?);
            }
            Value::Map(Map { map: Arc::new(map) })
        }
    };
    Ok(value)
}

fn number_value(number: &serde_json::Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return Some(Value::Int(whole));
    }
    number.as_u64().map(Value::UInt).or_else(|| number.as_f64().map(Value::Float))
}

/// A time as the evaluator holds it.
pub(super) fn timestamp(time: jiff::Timestamp) -> Option<Value> {
    let nanoseconds = time.as_nanosecond();
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let rest = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    chrono::DateTime::from_timestamp(seconds, rest).map(|time| Value::Timestamp(time.fixed_offset()))
}

fn duration(length: jiff::SignedDuration) -> Option<Value> {
    let rest = i64::from(length.subsec_nanos());
    let whole = chrono::Duration::try_seconds(length.as_secs())?;
    whole.checked_add(&chrono::Duration::nanoseconds(rest)).map(Value::Duration)
}

/// The JSON of a result, with severities, times and durations as strings again.
pub(super) fn to_json(value: &Value, ty: &Type, depth: usize) -> Result<Json, EvaluationError> {
    if depth > DEPTH_MAX {
        return Err(EvaluationError::TooDeep { path: "the result".to_owned() });
    }
    let unrepresentable = |found| Err(EvaluationError::Unrepresentable { found });
    match value {
        Value::Null => Ok(Json::Null),
        Value::Bool(value) => Ok(Json::Bool(*value)),
        Value::Int(place) if *ty == Type::Severity => {
            let name = usize::try_from(place - 1).ok().and_then(|place| SEVERITIES.get(place));
            name.map_or_else(|| unrepresentable("no severity"), |name| Ok(Json::from(*name)))
        }
        Value::Int(value) => Ok(Json::from(*value)),
        Value::UInt(value) => Ok(Json::from(*value)),
        Value::Float(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => Ok(Json::Number(number)),
            None => unrepresentable("no finite number"),
        },
        Value::String(text) => Ok(Json::String(text.to_string())),
        Value::Timestamp(time) => {
            let time =
                jiff::Timestamp::new(time.timestamp(), i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0));
            time.map_or_else(|_| unrepresentable("a time too far away"), |time| Ok(Json::String(time.to_string())))
        }
        Value::Duration(length) => {
            let nanoseconds = length.subsec_nanos();
            let length = jiff::SignedDuration::new(length.num_seconds(), nanoseconds);
            Ok(Json::String(format!("{length:#}")))
        }
        Value::List(items) => {
            let item = if let Type::List(item) = ty { item } else { &Type::Any };
            items.iter().map(|value| to_json(value, item, depth + 1)).collect::<Result<_, _>>().map(Json::Array)
        }
        Value::Map(map) => {
            let mut object = serde_json::Map::new();
            for (key, value) in map.map.iter() {
                let key = key_text(key);
                let ty = ty.field(&key).unwrap_or(Type::Any);
                object.insert(key, to_json(value, &ty, depth + 1)?);
            }
            Ok(Json::Object(object))
        }
        Value::Opaque(_) => match <&OptionalValue>::try_from(value) {
            Ok(optional) => match optional.value() {
                Some(value) => to_json(value, ty, depth + 1),
                None => Ok(Json::Null),
            },
            Err(_) => unrepresentable("a type"),
        },
        Value::Bytes(_) => unrepresentable("bytes"),
        Value::Function(..) => unrepresentable("a function"),
        Value::Struct(_) => unrepresentable("a message"),
    }
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Int(key) => key.to_string(),
        Key::Uint(key) => key.to_string(),
        Key::Bool(key) => key.to_string(),
        Key::String(key) => key.to_string(),
    }
}
