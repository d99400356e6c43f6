//! How a value is written into a longer text, by where that text goes.

use std::fmt::Write as _;

/// Where a rendered text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Escape {
    /// A plain text: nothing is escaped.
    None,
    /// A part of a URL: everything but the unreserved characters of RFC 3986 is percent-encoded.
    Url,
    /// HTML text or an attribute in quotes.
    Html,
    /// The inside of a JSON string, RFC 8259.
    Json,
}

impl Escape {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Url => url(text),
            Self::Html => html(text),
            Self::Json => json(text),
        }
    }
}

fn url(text: &str) -> String {
    // A part that is only dots would walk up the path, encoded or not.
    let dots = matches!(text, "." | "..");
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || byte == b'.' && !dots {
            out.push(char::from(byte));
        } else {
            // Writing into a string can't fail.
            write!(out, "%{byte:02X}").unwrap_or_default();
        }
    }
    out
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            c => out.push(c),
        }
    }
    out
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_escape() {
        let hostile = "a/b?c=\"<é>\"\n'&{{x}}";
        assert_eq!(Escape::None.apply(hostile), hostile);
        assert_eq!(Escape::Url.apply(hostile), "a%2Fb%3Fc%3D%22%3C%C3%A9%3E%22%0A%27%26%7B%7Bx%7D%7D");
        assert_eq!(Escape::Html.apply(hostile), "a/b?c&#x3D;&quot;&lt;é&gt;&quot;\n&#x27;&amp;{{x}}");
        assert_eq!(Escape::Json.apply(hostile), "a/b?c=\\\"<é>\\\"\\n'&{{x}}");
    }

    #[test]
    fn dots_in_a_url_do_not_walk_up_the_path() {
        assert_eq!(Escape::Url.apply(".."), "%2E%2E");
        assert_eq!(Escape::Url.apply("../x"), "..%2Fx");
        assert_eq!(Escape::Url.apply("v1.2"), "v1.2");
    }
}
