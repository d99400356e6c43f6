//! Redaction: takes known secrets out of text before it is recorded.
//!
//! A service may repeat what it was sent, in an error, a header or a body, and not always as it was written. So each
//! secret is looked for as it is and in the encodings in which it travels: JSON, percent-encoding, hexadecimal, and base64
//! at each of its three alignments, which finds a password inside a `Basic` header as well. It is the second line of
//! defence; the first is not to record. A secret of fewer than [`SECRET_LENGTH_MIN`] characters is left alone: it stands by
//! accident in words that people must be able to read, and a mark in each of them would tell it to whoever compares.

use super::secret::{fingerprint, hexadecimal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::fmt;
use url::form_urlencoded;

/// Secrets with fewer characters are not looked for; whoever reads a configuration warns of them.
pub const SECRET_LENGTH_MIN: usize = 8;
/// Shorter encoded forms would match by accident.
const ENCODED_LENGTH_MIN: usize = 8;
/// Lines of a secret of several lines (a key in PEM) are looked for one by one from this length on.
const LINE_LENGTH_MIN: usize = 16;
/// Deeper values are not walked but left out.
const DEPTH_MAX: usize = 128;

/// Replaces known secrets in text by their fingerprints.
#[derive(Clone, Default)]
pub struct Redactor {
    /// What to look for and what to write instead, the longest first.
    needles: Vec<(String, String)>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").field("needles", &self.needles.len()).finish()
    }
}

impl Redactor {
    /// A redactor that knows the given secrets.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut needles: Vec<(String, String)> = Vec::new();
        for secret in secrets {
            let replacement = format!("[{}]", fingerprint(secret));
            needles.extend(forms(secret.expose_secret()).into_iter().map(|form| (form, replacement.clone())));
        }
        needles.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        needles.dedup_by(|(one, _), (other, _)| one == other);
        Self { needles }
    }

    /// The text with every known secret replaced.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let found = self.needles.iter().find(|(needle, _)| rest.starts_with(needle.as_str()));
            let length = if let Some((needle, replacement)) = found {
                redacted.push_str(replacement);
                needle.len()
            } else {
                redacted.push(character);
                character.len_utf8()
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        redacted
    }

    /// The value with every known secret replaced, in keys too.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        self.walk(value, 0)
    }

    fn walk(&self, value: &Value, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            return Value::String("[nested too deeply to be redacted]".to_owned());
        }
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.walk(item, depth + 1)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, entry)| (self.text(key), self.walk(entry, depth + 1))).collect()
            }
            // A secret of digits may come back as a number.
            Value::Number(number) => {
                let text = number.to_string();
                let redacted = self.text(&text);
                if redacted == text { value.clone() } else { Value::String(redacted) }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }
}

/// Every form in which the secret may appear.
fn forms(secret: &str) -> Vec<String> {
    if secret.chars().count() < SECRET_LENGTH_MIN {
        return Vec::new();
    }
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let hexadecimal = hexadecimal(secret.as_bytes());
    let json = Value::String(secret.to_owned()).to_string();
    let mut encoded = vec![
        lowercase_escapes(&form),
        lowercase_escapes(&percent),
        form,
        percent,
        hexadecimal.to_uppercase(),
        hexadecimal,
        json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned(),
    ];
    encoded.extend(secret.lines().filter(|line| line.len() >= LINE_LENGTH_MIN).map(str::to_owned));
    for offset in 0..3 {
        let standard = base64_middle(secret.as_bytes(), offset);
        encoded.push(standard.replace('+', "-").replace('/', "_"));
        encoded.push(standard);
    }
    encoded.retain(|form| form.len() >= ENCODED_LENGTH_MIN);
    encoded.push(secret.to_owned());
    encoded
}

/// The base64 characters that depend on the secret alone when `offset` other bytes (modulo three) stand before it.
fn base64_middle(secret: &[u8], offset: usize) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(secret);
    let first = (offset * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    STANDARD_NO_PAD.encode(bytes).get(first..end).unwrap_or_default().to_owned()
}

/// The same text with the hexadecimal digits of its percent escapes in lower case.
fn lowercase_escapes(text: &str) -> String {
    let mut escape_left = 0_u8;
    text.chars()
        .map(|character| {
            if character == '%' {
                escape_left = 2;
                return character;
            }
            if escape_left > 0 {
                escape_left -= 1;
                return character.to_ascii_lowercase();
            }
            character
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::json;

    const SECRET: &str = "s3cr&t/va\"lue ~with+parts";

    fn redactor() -> Redactor {
        Redactor::new([&SecretString::from(SECRET)])
    }

    #[test]
    fn a_secret_is_replaced_by_its_fingerprint_and_the_rest_stays() {
        let mark = fingerprint(&SecretString::from(SECRET));
        assert_eq!(redactor().text(&format!("é {SECRET}, {SECRET}!")), format!("é [{mark}], [{mark}]!"));
        assert_eq!(redactor().text("nothing here"), "nothing here");
    }

    #[test]
    fn a_secret_is_found_in_each_encoding_in_which_it_travels() {
        let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let encodings = [
            STANDARD.encode(SECRET),
            URL_SAFE_NO_PAD.encode(SECRET),
            STANDARD.encode(format!("ab:{SECRET}")),
            STANDARD.encode(format!("user:{SECRET}\n")),
            URL_SAFE_NO_PAD.encode(format!("agent:{SECRET} and more")),
            form.clone(),
            form.replace('+', "%20").to_lowercase(),
            json!(SECRET).to_string(),
            hexadecimal(SECRET.as_bytes()).to_uppercase(),
        ];
        for encoding in encodings {
            let redacted = redactor().text(&format!("<{encoding}>"));
            assert!(redacted.contains("[secret#"), "not found in {encoding}");
            assert!(redacted.len() < "<[secret#12345678]>".len() + 24, "too much was left: {redacted}");
        }
    }

    #[test]
    fn values_are_redacted_in_strings_keys_and_numbers() {
        let redactor = Redactor::new([&SecretString::from("123456789")]);
        let redacted = redactor.value(&json!({"a": ["x123456789"], "123456789": 123_456_789, "b": 12, "c": null}));
        assert!(!redacted.to_string().contains("123456789"), "{redacted}");
        assert_eq!(redacted["b"], json!(12));
        assert_eq!(redacted["c"], Value::Null);
    }

    #[test]
    fn the_longer_of_two_secrets_wins() {
        let (short, long) = (SecretString::from("my-token"), SecretString::from("my-token-and-more"));
        let redacted = Redactor::new([&short, &long]).text("my-token-and-more my-token");
        assert_eq!(redacted, format!("[{}] [{}]", fingerprint(&long), fingerprint(&short)));
    }

    #[test]
    fn a_short_secret_is_left_alone_because_it_stands_in_other_words_too() {
        let redactor = Redactor::new([&SecretString::from("p"), &SecretString::from("private")]);
        for text in ["the private key", "7072697661746500", "cHJpdmF0ZQ"] {
            assert_eq!(redactor.text(text), text);
        }
        assert_eq!(redactor.value(&json!({"private": "p"})), json!({"private": "p"}));
        // Characters count, not bytes: this one has eight of them.
        assert!(Redactor::new([&SecretString::from("ünïcödé8")]).text("ünïcödé8").starts_with("[secret#"));
    }

    #[test]
    fn the_lines_of_a_key_are_found_one_by_one() {
        let key = SecretString::from("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----");
        assert!(!Redactor::new([&key]).text("leaked: MIIEvQIBADANBgkqhkiG9w0BAQ").contains("MIIE"));
    }

    #[test]
    fn the_debug_form_shows_no_secret_and_deep_values_do_no_harm() {
        assert!(!format!("{:?}", redactor()).contains("s3cr"));
        let deep = (0..200).fold(json!(SECRET), |inner, _| Value::Array(vec![inner]));
        assert!(!redactor().value(&deep).to_string().contains("s3cr"));
    }
}
