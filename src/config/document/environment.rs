//! Settings from environment variables: `STANDDOWN_LOG__LEVEL` sets `log.level`.
//!
//! The rule is one: every scalar setting that stands in the defaults or in the file has the variable that its pointer
//! spells, in capitals, with two underscores between the levels. A variable with our prefix that sets nothing is a
//! fault, because a misspelt one would be ignored in silence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::{codes, pointer};
use crate::language::{Diagnostic, suggest};

const PREFIX: &str = "STANDDOWN_";

/// Variables with our prefix that are read elsewhere: by the command line, and by programs that start it.
const READ_ELSEWHERE: [&str; 4] = ["STANDDOWN_CONFIG", "STANDDOWN_URL", "STANDDOWN_TOKEN", "STANDDOWN_COLOR"];

/// Sets what the variables say. Gives the variables by pointer, and those that set nothing.
pub(super) fn apply(
    document: &mut Value,
    variables: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, Vec<Diagnostic>) {
    let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (at, _) in pointer::leaves(document).iter().filter(|(at, _)| !in_list(document, at)) {
        settings.entry(variable(at)).or_default().push(at.clone());
    }
    let referenced = referenced(document);
    let mut set = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, text) in variables.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        match settings.get(name).map(Vec::as_slice) {
            Some([at]) => {
                let value = typed(text, document.pointer(at));
                pointer::put(document, at, value);
                set.insert(at.clone(), name.clone());
            }
            Some(several) => {
                let several: Vec<_> = several.iter().map(|at| dotted(at)).collect();
                let message = format!("the variable {name} could set {}", several.join(" or "));
                let hint = "set them in the file, or rename one of them";
                faults.push(Diagnostic::error(codes::UNKNOWN_VARIABLE, &format!("${name}"), message).hint(hint));
            }
            None if READ_ELSEWHERE.contains(&name.as_str()) || referenced.contains(name) => {}
            None => faults.push(unknown(name, settings.keys().map(String::as_str))),
        }
    }
    (set, faults)
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("the variable {name} sets nothing: there is no such scalar setting");
    let diagnostic = Diagnostic::error(codes::UNKNOWN_VARIABLE, &format!("${name}"), message);
    // The shared prefix would make every name near to every other.
    let bare = |name: &'a str| name.strip_prefix(PREFIX).unwrap_or(name);
    match suggest(name.strip_prefix(PREFIX).unwrap_or(name), known.map(bare)) {
        Some(meant) => diagnostic.hint(format!("did you mean {PREFIX}{meant}?")),
        None => diagnostic.hint("unset it; `standdown config --defaults` prints every setting"),
    }
}

/// The variable of the setting at a pointer.
fn variable(at: &str) -> String {
    let segments: Vec<String> = pointer::segments(at)
        .map(|segment| {
            segment.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
        })
        .collect();
    format!("{PREFIX}{}", segments.join("__"))
}

fn dotted(at: &str) -> String {
    pointer::segments(at).collect::<Vec<_>>().join(".")
}

/// A number or a boolean where the setting is one now; otherwise text, and nothing for empty text.
fn typed(text: &str, now: Option<&Value>) -> Value {
    let read = match now {
        Some(Value::Bool(_)) => text.parse().ok().map(Value::Bool),
        Some(Value::Number(_)) => text.parse::<i64>().ok().map(Value::from),
        _ => None,
    };
    read.unwrap_or_else(|| if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) })
}

fn in_list(document: &Value, at: &str) -> bool {
    at.match_indices('/')
        .skip(1)
        .any(|(end, _)| at.get(..end).and_then(|parent| document.pointer(parent)).is_some_and(Value::is_array))
}

/// The variables that secrets are read from.
fn referenced(document: &Value) -> Vec<String> {
    let name = |text: &str| {
        let variable = text.strip_prefix("env:").or_else(|| text.strip_prefix("${")?.strip_suffix('}'));
        variable.map(str::to_owned)
    };
    pointer::leaves(document).iter().filter_map(|(_, value)| value.as_str().and_then(name)).collect()
}
