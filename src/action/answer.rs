//! An answer as conditions read it and as history keeps it.
//!
//! Conditions see what was answered; whatever is recorded has the secrets of the request taken out, is short, and has no
//! control characters, because a target (or an agent behind it) chose the text.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::client::{Redactor, Response};

/// The most that a run keeps of an answer, in bytes of JSON. The state of a step takes 16 KiB.
const OUTPUT_BYTES_MAX: usize = 15 * 1024;
/// The most characters of an answer inside a message for people.
const EXCERPT_CHARACTERS_MAX: usize = 200;

/// An answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: String,
    truncated: bool,
    redactor: Redactor,
}

impl Answer {
    /// The answer of a response, with what must not be recorded of it.
    pub fn new(response: Response, redactor: Redactor) -> Self {
        Self {
            status: response.status,
            json: response.json(),
            text: response.text(),
            truncated: response.truncated,
            headers: response.headers,
            redactor,
        }
    }

    /// `status`, `headers` and `body` for conditions. A body that is no JSON is an empty object.
    pub fn variables(&self) -> Value {
        let body = self.json.clone().unwrap_or_else(|| Value::Object(Map::new()));
        json!({ "status": self.status, "headers": self.headers, "body": body })
    }

    /// A value out of this answer, as it may be recorded.
    pub fn redacted(&self, value: &Value) -> Value {
        self.redactor.value(value)
    }

    /// What the step's output keeps: `status`, `body`, and `truncated` if the body is not whole.
    pub fn output(&self) -> Value {
        let body = match &self.json {
            Some(json) => self.redactor.value(json),
            None => Value::String(self.redactor.text(&self.text)),
        };
        let text = if let Value::String(text) = &body { text.clone() } else { body.to_string() };
        // Quotes and escapes can double a text that is kept as a string.
        if body.to_string().len() <= OUTPUT_BYTES_MAX && !self.truncated {
            return json!({ "status": self.status, "body": body });
        }
        let kept = beginning(&text, OUTPUT_BYTES_MAX / 6);
        json!({ "status": self.status, "body": kept, "truncated": true })
    }

    /// The answer in one line, for people.
    pub fn excerpt(&self) -> String {
        let text = self.redactor.text(&self.text);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = line.chars().take(EXCERPT_CHARACTERS_MAX).map(plain).collect();
        let dots = if line.chars().nth(EXCERPT_CHARACTERS_MAX).is_some() { " ..." } else { "" };
        if short.is_empty() { format!("HTTP {}", self.status) } else { format!("HTTP {} {short}{dots}", self.status) }
    }
}

/// The beginning of a text, at most `bytes_max` long.
fn beginning(text: &str, bytes_max: usize) -> String {
    let mut kept = String::new();
    for character in text.chars() {
        if kept.len() + character.len_utf8() > bytes_max {
            break;
        }
        kept.push(character);
    }
    kept
}

/// The character, unless it could change how the text around it is shown.
fn plain(character: char) -> char {
    let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || hidden { '\u{fffd}' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn answer(body: &str) -> Answer {
        let response =
            Response { status: 200, headers: BTreeMap::new(), body: body.as_bytes().to_vec(), truncated: false };
        Answer::new(response, Redactor::new(&[SecretString::from("hunter2-hunter2")]))
    }

    #[test]
    fn what_is_recorded_has_no_secret_of_the_request() {
        let answer = answer(r#"{"echo": "token hunter2-hunter2", "b64": "aHVudGVyMi1odW50ZXIy"}"#);
        let recorded = format!("{} {}", answer.output(), answer.excerpt());
        assert!(!recorded.contains("hunter2") && !recorded.contains("aHVudGVyMi1odW50ZXIy"), "{recorded}");
        assert_eq!(answer.variables()["body"]["echo"], "token hunter2-hunter2");
    }

    #[test]
    fn a_large_answer_is_cut_and_says_so() {
        for body in ["\u{1}\"".repeat(20_000), format!("[{}1]", "\"é\",".repeat(9_000))] {
            let output = answer(&body).output();
            assert_eq!(output["truncated"], true);
            assert!(output.to_string().len() <= 16 * 1024, "{}", output.to_string().len());
        }
        assert_eq!(answer("fine").output(), json!({"status": 200, "body": "fine"}));
    }

    #[test]
    fn an_excerpt_is_one_plain_line() {
        let excerpt = answer(&format!("a\nb\u{202e}\u{7}c {}", "x".repeat(500))).excerpt();
        assert!(excerpt.starts_with("HTTP 200 a b\u{fffd}\u{fffd}c x") && excerpt.ends_with(" ..."), "{excerpt}");
    }
}
