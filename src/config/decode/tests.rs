use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::client::SecretReference;
use crate::config::codes;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(default)]
    items: BTreeMap<String, Item>,
    #[serde(default)]
    words: Vec<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the tests read faults, not values")]
struct Item {
    size: u8,
    #[serde(default)]
    token: Option<SecretReference>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Word {
    One,
    Two,
}

fn faults(value: &Value) -> Vec<(String, &'static str)> {
    decode::<Shape>(value).1.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

#[test]
fn every_fault_of_a_document_is_found_with_its_pointer() {
    let value = json!({
        "items": {
            "a": {"size": 1, "colour": "red", "token": "env:T"},
            "b": {"size": "big", "token": "hunter2"},
            "c": {},
            "d": {"size": 300},
        },
        "words": ["one", "tow", "two", 3],
        "itmes": {},
    });
    let mut found = faults(&value);
    found.sort();
    let expected = [
        ("/items/a/colour", codes::UNKNOWN_SETTING),
        ("/items/b/size", codes::WRONG_VALUE),
        ("/items/b/token", codes::LITERAL_SECRET),
        ("/items/c", codes::MISSING_SETTING),
        ("/items/d/size", codes::WRONG_VALUE),
        ("/itmes", codes::UNKNOWN_SETTING),
        ("/words/1", codes::UNKNOWN_WORD),
        ("/words/3", codes::WRONG_VALUE),
    ];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn what_is_right_is_read_beside_what_is_wrong() {
    let value = json!({"items": {"a": {"size": 1}, "b": {"size": -1}}, "words": ["tree", "two"]});
    let (shape, faults) = decode::<Shape>(&value);
    let shape = shape.unwrap();
    assert_eq!(faults.len(), 2);
    assert_eq!((shape.items.len(), shape.words), (1, vec![Word::Two]));
}

#[test]
fn a_text_in_a_wrong_place_is_not_repeated() {
    for value in [json!({"items": {"a": {"size": "hunter2"}}}), json!({"items": {"token": "hunter2"}})] {
        let found = decode::<Shape>(&value).1;
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn a_document_of_nothing_but_faults_ends() {
    let items: serde_json::Map<_, _> = (0..500).map(|index| (format!("k{index}"), json!(index))).collect();
    assert_eq!(decode::<Shape>(&json!({"items": items})).1.len(), FAULTS_MAX);
    assert!(decode::<Shape>(&json!("text")).0.is_none());
}
