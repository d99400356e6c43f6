//! An answer, with as much of its body as the options allow.
//!
//! Any status is an answer, 3xx and 5xx included: what it means is for the connector to say, not for the client.

use reqwest::header::HeaderMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The answer to a request.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers with names in lower case; values of one name are joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body, decompressed, at most `body_bytes_max` bytes.
    pub body: Vec<u8>,
    /// Whether the body had more bytes.
    pub truncated: bool,
}

impl Response {
    /// The body as JSON, if it is that and complete.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        if self.truncated { None } else { serde_json::from_slice(&self.body).ok() }
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body may repeat a secret of the request.
        formatter
            .debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

/// The headers as text; a value that is no text is left out, byte for byte, as U+FFFD.
pub(super) fn header_texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        texts
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn headers_of_one_name_are_joined() {
        let mut headers = HeaderMap::new();
        headers.append("Link", HeaderValue::from_static("<a>"));
        headers.append("Link", HeaderValue::from_static("<b>"));
        assert_eq!(header_texts(&headers)["link"], "<a>, <b>");
    }

    #[test]
    fn a_truncated_body_is_no_json() {
        let mut response = Response { status: 200, headers: BTreeMap::new(), body: b"12".to_vec(), truncated: true };
        assert_eq!(response.json(), None);
        response.truncated = false;
        assert_eq!(response.json(), Some(Value::from(12)));
    }
}
