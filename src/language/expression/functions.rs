//! The functions that expressions have beyond the standard library of CEL.
//!
//! `matches` is here because the library's own compiles its pattern at every call and without a limit. Time zones are
//! here because the library's own table of them is out of date; this one comes with `jiff`.

use super::SEVERITIES;
use super::budget::{Budget, GROW, LOOP, steps};
use super::pattern;
use crate::language::Type;
use cel::{Context, DeclarationError, ExecutionError, FunctionContext, Value};
use jiff::tz::TimeZoneDatabase;
use std::sync::{Arc, LazyLock};

/// The time zones as they were when this program was built, whatever the system has.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A function: its name, the types of its arguments (the value before the dot counts as the first) and its result.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [Type],
    pub(super) result: Type,
}

/// The functions of this module that an expression can call, as `f(x, y)` or `x.f(y)`.
pub(super) const SIGNATURES: [Signature; 8] = [
    Signature { name: "matches", arguments: &[Type::String, Type::String], result: Type::Bool },
    Signature { name: "lower", arguments: &[Type::String], result: Type::String },
    Signature { name: "upper", arguments: &[Type::String], result: Type::String },
    Signature { name: "in_network", arguments: &[Type::String, Type::String], result: Type::Bool },
    Signature { name: "hour", arguments: &[Type::Timestamp, Type::String], result: Type::Int },
    Signature { name: "weekday", arguments: &[Type::Timestamp, Type::String], result: Type::String },
    Signature { name: "domain", arguments: &[Type::String], result: Type::String },
    Signature { name: "severity", arguments: &[Type::Any], result: Type::Severity },
];

/// Whether [`register`] makes a function of this name known.
pub(super) fn is_ours(name: &str) -> bool {
    name == LOOP || name == GROW || SIGNATURES.iter().any(|signature| signature.name == name)
}

/// Makes the functions known to an evaluation.
pub(super) fn register(context: &mut Context<'_, '_>, budget: &Arc<Budget>) -> Result<(), DeclarationError> {
    let paid = Arc::clone(budget);
    context.add_function(LOOP, move |call: &FunctionContext<'_, '_>| {
        paid.pay(1)?;
        let range = argument(call, 0)?;
        let weight = match argument(call, 1)? {
            Value::Int(weight) => weight,
            _ => 1,
        };
        paid.pay_loop(&range, weight)?;
        Ok::<Value, ExecutionError>(range)
    })?;
    let paid = Arc::clone(budget);
    context.add_function(GROW, move |call: &FunctionContext<'_, '_>| {
        paid.pay(1)?;
        let grown = argument(call, 0)?;
        paid.pay(steps(&grown))?;
        Ok::<Value, ExecutionError>(grown)
    })?;
    for Signature { name, .. } in &SIGNATURES {
        let paid = Arc::clone(budget);
        context.add_function(name, move |call: &FunctionContext<'_, '_>| {
            paid.pay(1)?;
            let first = argument(call, 0)?;
            paid.pay(steps(&first))?;
            run(name, call, &first)
        })?;
    }
    Ok(())
}

/// The argument at an index, where the value before the dot counts as the first.
fn argument(call: &FunctionContext<'_, '_>, index: usize) -> Result<Value, ExecutionError> {
    let value = match (&call.this, index) {
        (Some(this), 0) => Some(this),
        (Some(_), _) => call.args.get(index - 1),
        (None, _) => call.args.get(index),
    };
    value.ok_or(ExecutionError::MissingArgumentOrTarget).and_then(|value| Value::try_from(value.as_ref()))
}

fn run(name: &str, call: &FunctionContext<'_, '_>, first: &Value) -> Result<Value, ExecutionError> {
    let fault = |reason: &str| call.error(reason);
    let second = || match argument(call, 1)? {
        Value::String(text) => Ok(text),
        _ => Err(fault("the second argument must be text")),
    };
    let result = match (name, first) {
        ("matches", Value::String(text)) => {
            Value::Bool(pattern::is_match(&second()?, text).map_err(|reason| fault(&reason))?)
        }
        ("lower", Value::String(text)) => Value::String(Arc::new(text.to_lowercase())),
        ("upper", Value::String(text)) => Value::String(Arc::new(text.to_uppercase())),
        ("domain", Value::String(text)) => {
            Value::String(Arc::new(text.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase()))
        }
        ("in_network", Value::String(text)) => {
            let network = network(&second()?).map_err(|reason| fault(&reason))?;
            let address: Result<std::net::IpAddr, _> = text.parse();
            Value::Bool(address.is_ok_and(|address| network.contains(&address.to_canonical())))
        }
        ("hour", Value::Timestamp(time)) => Value::Int(i64::from(local(call, time, &second()?)?.hour())),
        ("weekday", Value::Timestamp(time)) => {
            let day = local(call, time, &second()?)?.strftime("%A").to_string().to_lowercase();
            Value::String(Arc::new(day))
        }
        ("severity", Value::Int(order)) if (1..=5).contains(order) => Value::Int(*order),
        ("severity", Value::String(text)) => {
            let text = text.to_uppercase();
            let place = SEVERITIES.iter().zip(1_i64..).find(|(name, _)| **name == text);
            Value::Int(place.ok_or_else(|| fault("it takes INFO, LOW, MEDIUM, HIGH or CRITICAL"))?.1)
        }
        ("severity", _) => return Err(fault("it takes INFO, LOW, MEDIUM, HIGH or CRITICAL")),
        ("hour" | "weekday", _) => return Err(fault("the first argument must be a time")),
        _ => return Err(fault("the first argument must be text")),
    };
    Ok(result)
}

fn local(
    call: &FunctionContext<'_, '_>,
    time: &chrono::DateTime<chrono::FixedOffset>,
    zone: &str,
) -> Result<jiff::Zoned, ExecutionError> {
    let zone = ZONES.get(zone).map_err(|_| call.error("this is no known time zone"))?;
    let time = jiff::Timestamp::from_second(time.timestamp()).map_err(|_| call.error("the time is too far away"))?;
    Ok(time.to_zoned(zone))
}

fn network(text: &str) -> Result<ipnet::IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
    network.map_err(|_| "this is no network; write it as 10.0.0.0/8".to_owned())
}

/// Why a function failed, without the values: the standard library quotes them, this module does not.
pub(super) fn reason(function: &str, message: &str) -> String {
    if SIGNATURES.iter().any(|signature| signature.name == function) {
        message.to_owned()
    } else {
        "a value that it can't convert".to_owned()
    }
}

/// Whether a constant second argument will be understood, or why not.
pub(super) fn check_constant(function: &str, text: &str) -> Result<(), String> {
    match function {
        "matches" => pattern::compile(text).map(|_| ()),
        "in_network" => network(text).map(|_| ()),
        "hour" | "weekday" => ZONES
            .get(text)
            .map(|_| ())
            .map_err(|_| "this is no known time zone; write it as Europe/Berlin or UTC".to_owned()),
        _ => Ok(()),
    }
}
