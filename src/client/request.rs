//! A request as the rooms above describe it, and its translation for the HTTP stack.
//!
//! Header values and form fields are secrets by type, so that no `Debug` can show one. Headers that decide where a message
//! ends are refused: they belong to the HTTP stack, and a template must not be able to write them.

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::time::Duration;
use url::{Url, form_urlencoded};

/// One HTTP request.
#[derive(Clone)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// An `http` or `https` URL without user name and password.
    pub url: Url,
    /// Headers; they replace those of the client's options with the same name.
    pub headers: Vec<(String, SecretString)>,
    /// The body, if any.
    pub body: Option<Body>,
    /// The time for the whole call, instead of the client's own.
    pub timeout: Option<Duration>,
}

/// The body of a request. Its content type is set unless the headers have one.
#[derive(Clone)]
pub enum Body {
    /// `application/json`.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, SecretString)>),
    /// Bytes of any type.
    Raw {
        /// The content type.
        content_type: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("headers", &headers)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Json(_) => "Json",
            Self::Form(_) => "Form",
            Self::Raw { .. } => "Raw",
        };
        formatter.debug_struct(kind).finish_non_exhaustive()
    }
}

/// Puts a header into the map, instead of any of the same name. The error says what is wrong, never the value.
pub(super) fn set_header(headers: &mut HeaderMap, name: &str, value: &SecretString) -> Result<(), String> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("the header name {name:?} has characters that HTTP does not allow"))?;
    if header == CONTENT_LENGTH || header == TRANSFER_ENCODING {
        return Err(format!("the header {name} is set by the client itself; remove it"));
    }
    let mut value = HeaderValue::from_bytes(value.expose_secret().as_bytes())
        .map_err(|_| format!("the value of the header {name} has control characters; remove them"))?;
    value.set_sensitive(true);
    headers.insert(header, value);
    Ok(())
}

/// The bytes of the body, with its content type put into the headers unless they have one.
pub(super) fn encode(body: Body, headers: &mut HeaderMap) -> Result<Vec<u8>, String> {
    let (content_type, bytes) = match body {
        Body::Json(value) => {
            let bytes = serde_json::to_vec(&value).map_err(|error| format!("the body is not JSON: {error}"))?;
            (HeaderValue::from_static("application/json"), bytes)
        }
        Body::Form(fields) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &fields {
                form.append_pair(name, value.expose_secret());
            }
            (HeaderValue::from_static("application/x-www-form-urlencoded"), form.finish().into_bytes())
        }
        Body::Raw { content_type, bytes } => {
            let content_type = HeaderValue::from_str(&content_type)
                .map_err(|_| format!("the content type {content_type:?} has control characters"))?;
            (content_type, bytes)
        }
    };
    headers.entry(CONTENT_TYPE).or_insert(content_type);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_form_of_a_request_shows_no_secret() {
        let request = Request {
            method: "POST".to_owned(),
            url: Url::parse("https://api.example.com/hook/hunter2?key=hunter2").unwrap(),
            headers: vec![("Authorization".to_owned(), SecretString::from("Bearer hunter2"))],
            body: Some(Body::Json(serde_json::json!({"password": "hunter2"}))),
            timeout: None,
        };
        let debug = format!("{request:?}");
        assert!(debug.contains("Authorization") && !debug.contains("hunter2"), "{debug}");
    }

    #[test]
    fn a_header_that_could_split_or_reframe_the_request_is_refused_without_its_value() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("X-A", "hunter2\r\nX-B: 1"), ("X A", "1"), ("Content-Length", "5"), ("Transfer-Encoding", "chunked")]
        {
            let error = set_header(&mut headers, name, &SecretString::from(value)).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(headers.is_empty());
    }

    #[test]
    fn a_form_is_encoded_and_its_content_type_set() {
        let mut headers = HeaderMap::new();
        let fields = vec![("token".to_owned(), SecretString::from("a&b=c d"))];
        assert_eq!(encode(Body::Form(fields), &mut headers).unwrap(), b"token=a%26b%3Dc+d");
        assert_eq!(headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
    }

    #[test]
    fn a_content_type_in_the_headers_wins() {
        let mut headers = HeaderMap::new();
        let patch = SecretString::from("application/merge-patch+json");
        set_header(&mut headers, "content-type", &patch).unwrap();
        encode(Body::Json(serde_json::json!({})), &mut headers).unwrap();
        assert_eq!(headers[CONTENT_TYPE], "application/merge-patch+json");
    }
}
