//! What would be done, as text that a person reads from top to bottom: nothing of the plan is left out or cut, because it is what
//! is decided. `--json` has it as it is hashed.

use serde_json::Value;

use crate::cli::render::{add, escaped};

/// The plan: each of its parts on a line of its own, and what belongs to it indented below.
pub(super) fn readable(body: &Value) -> String {
    let mut text = String::new();
    write(&mut text, body, 4);
    text
}

fn write(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) => {
            for (name, entry) in entries {
                named(text, &" ".repeat(indent), &escaped(name), entry, indent);
            }
        }
        Value::Array(items) => {
            for (index, item) in (1..).zip(items) {
                named(text, &" ".repeat(indent), &format!("{index}."), item, indent);
            }
        }
        _ => add(text, format_args!("{}{}\n", " ".repeat(indent), plain(value))),
    }
}

fn named(text: &mut String, before: &str, name: &str, value: &Value, indent: usize) {
    let colon = if name.ends_with('.') { "" } else { ":" };
    let is_empty = match value {
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty => {
            add(text, format_args!("{before}{name}{colon}\n"));
            write(text, value, indent + 2);
        }
        _ => add(text, format_args!("{before}{name}{colon} {}\n", plain(value))),
    }
}

/// One value. Text that could be taken for something else, or that begins or ends in what can't be seen, stands in quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => escaped(text),
        Value::Null => "nothing".to_owned(),
        other => escaped(&other.to_string()),
    }
}

fn is_plain(text: &str) -> bool {
    let other = ["nothing", "true", "false", "{}", "[]"].contains(&text) || text.parse::<f64>().is_ok();
    let odd = text.chars().any(char::is_control) || text.trim() != text || text.contains(['"', '\\']);
    !text.is_empty() && !other && !odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plan_is_read_from_top_to_bottom_and_nothing_of_it_is_left_out() {
        let body = json!({ "run": "run_1", "steps": [
            { "step": "pause", "action": "agent.pause", "with": { "reason": "it calls é", "count": "7", "limit": 7, "none": null } },
            { "step": "undo", "undoes": [], "on": true },
        ] });
        let expected = "    run: run_1\n    steps:\n      1.\n        step: pause\n        action: agent.pause\n        with:\n          \
                        reason: it calls é\n          count: \"7\"\n          limit: 7\n          none: nothing\n      2.\n        \
                        step: undo\n        undoes: []\n        on: true\n";
        assert_eq!(readable(&body), expected);
    }

    #[test]
    fn a_plan_can_neither_turn_the_direction_of_text_nor_begin_a_line_of_its_own() {
        let text = readable(&json!({ "a": "b\u{202e}c\n  deadline   never", "x\u{1b}[2J": "\u{7}" }));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{7}']), "{text:?}");
        assert!(text.contains("\\u{202e}"), "{text}");
    }
}
