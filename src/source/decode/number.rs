//! Numbers of JSON without silent loss: what neither 64 bits nor a double can hold stays a text of the same digits.

use serde_json::{Number, Value};

/// The most significant digits of a fraction that a double gives back unchanged to every writer of doubles.
const DIGITS_MAX: usize = 17;

/// The value of a number's text, or nothing if the text is no number of JSON.
pub(super) fn number(text: &str) -> Option<Value> {
    let (whole, fraction, exponent) = parts(text)?;
    if fraction.is_empty() && exponent.is_empty() {
        return Some(text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from));
    }
    let digits: String = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    let kept = value.filter(|value| significant <= DIGITS_MAX && (*value != 0.0 || significant == 0));
    Some(kept.and_then(Number::from_f64).map_or_else(|| Value::from(text), Value::Number))
}

/// The digits before the point, after it, and of the exponent, by the grammar of RFC 8259, section 6.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, some_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))?),
        None => (unsigned, ""),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, some_digits(fraction)?),
        None => (mantissa, ""),
    };
    some_digits(whole)
        .filter(|whole| whole.len() == 1 || !whole.starts_with('0'))
        .map(|whole| (whole, fraction, exponent))
}

fn some_digits(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_keep_their_value_or_stay_text() {
        for (text, expected) in [
            ("0", json!(0)),
            ("-7", json!(-7)),
            ("9007199254740993", json!(9_007_199_254_740_993_i64)),
            ("9223372036854775808", json!("9223372036854775808")),
            ("18446744073709551616", json!("18446744073709551616")),
            ("-9223372036854775808", json!(i64::MIN)),
            ("0.1", json!(0.1)),
            ("1.0", json!(1.0)),
            ("0.30000000000000004", json!(0.300_000_000_000_000_04)),
            ("1.000000000000000000001", json!("1.000000000000000000001")),
            ("1e400", json!("1e400")),
            ("1e-400", json!("1e-400")),
            ("0e-400", json!(0.0)),
            ("1E+2", json!(100.0)),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_json_is_refused() {
        for text in
            ["", "-", "01", "-01", "+1", ".5", "1.", "1e", "1e+", "1.e1", "1.2.3", "1e1e1", "0x1", "1_0", "Infinity"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
