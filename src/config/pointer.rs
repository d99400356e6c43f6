//! JSON pointers (RFC 6901) into a configuration, the one way in which this module names a place in it.

use serde_json::{Map, Value, json};

/// The key that marks an item that was taken out of a list; YAML can't write it.
const REMOVED: &str = "\0removed";

/// Words in the name of a setting that holds or surrounds a secret.
const SENSITIVE: [&str; 9] =
    ["auth", "bearer", "basic", "token", "password", "secret", "credential", "apikey", "authorization"];

/// The pointer of a key inside the value at another pointer.
pub(super) fn child(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The keys of a pointer, outermost first.
pub(super) fn segments(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// Whether the settings on the way to this place are those that secrets stand in.
pub(super) fn is_sensitive(pointer: &str) -> bool {
    segments(pointer).any(|segment| is_sensitive_name(&segment))
}

/// Whether a name is one that secrets have.
pub(super) fn is_sensitive_name(name: &str) -> bool {
    let name: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    SENSITIVE.iter().any(|word| name.contains(word))
}

/// Takes the value at a pointer out. Whether there was one; the whole document can't be taken out.
pub(super) fn remove(document: &mut Value, pointer: &str) -> bool {
    let Some((parent, _)) = pointer.rsplit_once('/') else { return false };
    let Some(last) = segments(pointer).last() else { return false };
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.remove(&last).is_some(),
        // An item is marked and not taken out, so that the places of those behind it stay right.
        Some(Value::Array(items)) => match last.parse().ok().and_then(|index: usize| items.get_mut(index)) {
            Some(item) if !is_removed(item) => {
                *item = json!({REMOVED: null});
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether [`remove`] took this item of a list out.
pub(super) fn is_removed(item: &Value) -> bool {
    item.as_object().is_some_and(|fields| fields.contains_key(REMOVED))
}

/// Puts a value at a pointer, making the mappings on the way.
pub(super) fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut at = document;
    for segment in segments(pointer) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(fields) = at else { return };
        at = fields.entry(segment).or_insert(Value::Null);
    }
    *at = value;
}

/// Every value that is neither a list nor a mapping, with its pointer. Empty lists and mappings have none.
pub(super) fn leaves(value: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.iter().map(|(key, value)| (child(&pointer, key), value))),
            Value::Array(items) => {
                open.extend(
                    items.iter().enumerate().map(|(index, value)| (child(&pointer, &index.to_string()), value)),
                );
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push((pointer, value)),
        }
    }
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_with_a_slash_is_found_again() {
        let mut document = json!({"a/b": {"c~d": 1}});
        assert_eq!(leaves(&document)[0].0, "/a~1b/c~0d");
        assert!(remove(&mut document, "/a~1b/c~0d"));
        assert!(!remove(&mut document, "/a~1b/c~0d"));
        assert!(!remove(&mut document, ""));
        put(&mut document, "/x/y", json!(2));
        assert_eq!(document, json!({"a/b": {}, "x": {"y": 2}}));
    }

    #[test]
    fn an_item_is_marked_so_that_the_others_keep_their_places() {
        let mut document = json!({"a": [1, 2]});
        assert!(remove(&mut document, "/a/0"));
        assert!(is_removed(&document["a"][0]) && !is_removed(&document["a"][1]));
        assert!(!remove(&mut document, "/a/0"));
    }

    #[test]
    fn a_name_that_secrets_have_is_recognised_in_every_spelling() {
        assert!(is_sensitive("/connections/x/headers/X-Auth-Token"));
        assert!(is_sensitive_name("api_key") && is_sensitive_name("Api-Key") && !is_sensitive_name("monkey"));
    }
}
