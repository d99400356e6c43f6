//! The helpers that templates have: a small, closed set of pure functions over values.

use super::render::RenderError;
use serde_json::Value as Json;

/// A helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helper {
    /// `default value fallback`: the fallback where the value is missing, null or empty text.
    Default,
    /// `join list separator`
    Join,
    /// `upper text`
    Upper,
    /// `lower text`
    Lower,
    /// `truncate text length`
    Truncate,
    /// `json value`: the value as JSON text.
    Json,
    /// `eq one other`
    Eq,
}

/// The helpers by name, with the number of their arguments.
pub(super) const HELPERS: [(&str, Helper, usize); 7] = [
    ("default", Helper::Default, 2),
    ("join", Helper::Join, 2),
    ("upper", Helper::Upper, 1),
    ("lower", Helper::Lower, 1),
    ("truncate", Helper::Truncate, 2),
    ("json", Helper::Json, 1),
    ("eq", Helper::Eq, 2),
];

/// The blocks by name.
pub(super) const BLOCKS: [&str; 3] = ["if", "unless", "each"];

impl Helper {
    pub(super) fn name(self) -> &'static str {
        HELPERS.iter().find(|(_, helper, _)| *helper == self).map_or("", |(name, _, _)| name)
    }

    /// Applies a helper to values that are all there. `Default` is not applied here, since it is about what is not.
    pub(super) fn apply(self, arguments: &[Json]) -> Result<Json, RenderError> {
        let fault = |reason| Err(RenderError::Helper { helper: self.name(), reason });
        match (self, arguments) {
            (Self::Upper, [value]) => Ok(Json::String(self.plain(value)?.to_uppercase())),
            (Self::Lower, [value]) => Ok(Json::String(self.plain(value)?.to_lowercase())),
            (Self::Truncate, [value, length]) => {
                let Some(length) = length.as_u64().and_then(|length| usize::try_from(length).ok()) else {
                    return fault("the length must be a whole number");
                };
                Ok(Json::String(truncate(&self.plain(value)?, length)))
            }
            (Self::Join, [Json::Array(items), separator]) => {
                let separator = self.plain(separator)?;
                let items: Vec<String> = items.iter().map(|item| self.plain(item)).collect::<Result<_, _>>()?;
                Ok(Json::String(items.join(&separator)))
            }
            (Self::Join, _) => fault("the first argument must be a list"),
            (Self::Json, [value]) => Ok(Json::String(value.to_string())),
            (Self::Eq, [left, right]) => Ok(Json::Bool(left == right)),
            (Self::Default, [value, _]) => Ok(value.clone()),
            _ => fault("it has the wrong number of arguments"),
        }
    }

    fn plain(self, value: &Json) -> Result<String, RenderError> {
        plain(value).ok_or(RenderError::Helper { helper: self.name(), reason: "it takes text, numbers and booleans" })
    }
}

/// The text of a value that has one.
pub(super) fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The first characters of a text, with an ellipsis where some were cut.
fn truncate(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(length.saturating_sub(1)).collect();
    if length > 0 {
        short.push('…');
    }
    short
}
