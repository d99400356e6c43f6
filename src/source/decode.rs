//! Strict JSON: one reading of a body, or none.
//!
//! Two readers that disagree about a body see two different alerts, and the one who decides may be shown the other.
//! So duplicate keys, byte order marks, other encodings, a second value and anything else that RFC 8259 leaves to the
//! reader are refused, with the place. The structure is read here, because the parser that the rest of the program uses
//! keeps the last of two keys and rounds numbers silently; texts are left to it. This module knows nothing of alerts.

mod number;
mod reader;

use super::codes;
use super::refusal::Refusal;
use serde_json::Value;

/// How deeply lists and objects may be nested.
pub(super) const DEPTH_MAX: usize = 128;

/// Decodes a body as one object or list.
///
/// Whole numbers that do not fit 64 bits, and fractions that a double can't hold, become texts with the same digits.
pub(super) fn decode(body: &[u8]) -> Result<Value, Refusal> {
    let text = text(body)?;
    let value = reader::read(text)?;
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let reason = "the body is neither an object nor a list";
            Err(Refusal::not_decodable(codes::NOT_AN_OBJECT, reason).hint("send the alert as a JSON object"))
        }
    }
}

fn text(body: &[u8]) -> Result<&str, Refusal> {
    let encoding = match body {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [_, 0, ..] | [0, _, ..] => Some("in UTF-16 or UTF-32"),
        [0xEF, 0xBB, 0xBF, ..] => Some("preceded by a byte order mark"),
        _ => None,
    };
    if let Some(encoding) = encoding {
        let reason = format!("the body is {encoding}");
        return Err(Refusal::not_decodable(codes::NOT_UTF8, reason).hint("send it in UTF-8 without a byte order mark"));
    }
    let text = str::from_utf8(body).map_err(|error| {
        let reason = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Refusal::not_decodable(codes::NOT_UTF8, reason).hint("send it in UTF-8")
    })?;
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Err(Refusal::not_decodable(codes::EMPTY_BODY, "the body is empty").hint("send a JSON object"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
