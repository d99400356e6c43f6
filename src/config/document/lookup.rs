//! Whether a name that a file uses stands in the document, and where.
//!
//! It looks at what was written and not at what could be read: a person whose entry is faulty is still a person, and
//! must not cause a second fault wherever somebody names them.

use serde_json::Value;

use super::Document;
use crate::config::pointer;
use crate::language::suggest;

impl Document {
    /// Whether a mapping of the document has this key, faulty or not; otherwise what to do about it.
    pub(in crate::config) fn known(&self, mapping: &str, key: &str) -> Result<(), String> {
        let Some(fields) = self.value.pointer(mapping).and_then(Value::as_object) else {
            return Err(format!("add it under {}", mapping.trim_start_matches('/').replace('/', ".")));
        };
        if fields.contains_key(key) {
            return Ok(());
        }
        Err(match suggest(key, fields.keys().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("add it under {}", mapping.trim_start_matches('/').replace('/', ".")),
        })
    }

    /// The pointer of the item of a list that is this text; of the list if none is.
    pub(in crate::config) fn item(&self, list: &str, text: &str) -> String {
        let items = self.value.pointer(list).and_then(Value::as_array);
        let index = items.and_then(|items| items.iter().position(|item| item.as_str() == Some(text)));
        index.map_or_else(|| list.to_owned(), |index| pointer::child(list, &index.to_string()))
    }
}
