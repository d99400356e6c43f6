//! What serde found wrong with a file, said in the words of the person who wrote it.

use super::span_map::SpanMap;
use crate::language::codes::{
    YAML_ALIASES, YAML_DOCUMENTS, YAML_DUPLICATE_KEY, YAML_FEATURE, YAML_MISSING_FIELD, YAML_SYNTAX, YAML_TOO_DEEP,
    YAML_TOO_LARGE, YAML_UNKNOWN_FIELD, YAML_UNKNOWN_WORD, YAML_WRONG_TYPE,
};
use crate::language::{Diagnostic, Span, suggest};
use serde_yaml::budget::BudgetBreach;
use serde_yaml::{Error, MessageFormatter, UserMessageFormatter};

/// The diagnostic for an error of the YAML reader.
pub(super) fn diagnostic(error: &Error, places: &SpanMap) -> Diagnostic {
    let inner = match error.without_snippet() {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let span = place(error, places);
    let plain = |code, message: String| Diagnostic::error(code, places.file(), message).at(span);
    match inner {
        Error::SerdeUnknownField { field, expected, .. } => {
            let key = span.filter(|span| span.length as usize == field.chars().count());
            let key = key.or_else(|| places.key_named(field, span.map_or(1, |span| span.line))).or(span);
            let diagnostic = plain(YAML_UNKNOWN_FIELD, format!("unknown field `{field}`")).at(key);
            with_suggestion(diagnostic, field, expected)
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let diagnostic = plain(YAML_UNKNOWN_WORD, format!("`{variant}` is none of the words known here"));
            with_suggestion(diagnostic, variant, expected)
        }
        Error::SerdeMissingField { field, .. } => {
            plain(YAML_MISSING_FIELD, format!("the field `{field}` is missing")).hint(format!("add `{field}:` here"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            plain(YAML_DUPLICATE_KEY, format!("the key `{key}` stands twice in this mapping"))
                .hint("remove one of the two")
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            plain(YAML_WRONG_TYPE, format!("found {unexpected}, where {expected} is expected"))
        }
        Error::InvalidBooleanStrict { .. } => {
            plain(YAML_WRONG_TYPE, "a boolean is written `true` or `false`".to_owned())
        }
        Error::NullIntoString { .. } => {
            plain(YAML_WRONG_TYPE, "found nothing, where text is expected".to_owned()).hint("write \"\" for empty text")
        }
        Error::MultipleDocuments { .. } => plain(YAML_DOCUMENTS, "a file holds one document".to_owned()),
        Error::MergeKeyNotAllowed { .. } | Error::UnsupportedTag { .. } => {
            plain(YAML_FEATURE, sentence(inner)).hint("write the values out")
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            plain(YAML_ALIASES, "aliases expand to more than is read".to_owned()).hint("write the values out")
        }
        Error::Budget { breach, .. } => budget(breach, places).at(span),
        Error::Message { .. } | Error::ExternalMessage { .. } | Error::InvalidScalar { .. } => {
            plain(YAML_WRONG_TYPE, sentence(inner))
        }
        Error::Eof { .. } => plain(YAML_SYNTAX, "the file is empty".to_owned()),
        _ => plain(YAML_WRONG_TYPE, sentence(inner)),
    }
}

fn sentence(error: &Error) -> String {
    UserMessageFormatter.format_message(error).into_owned()
}

fn with_suggestion(diagnostic: Diagnostic, wrong: &str, expected: &[&'static str]) -> Diagnostic {
    match suggest(wrong, expected.iter().copied()) {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`?")),
        None if expected.is_empty() => diagnostic,
        None => diagnostic.hint(format!("known here: {}", expected.join(", "))),
    }
}

fn budget(breach: &BudgetBreach, places: &SpanMap) -> Diagnostic {
    let (code, message) = match breach {
        BudgetBreach::Depth { .. } => (YAML_TOO_DEEP, "lists and mappings are nested too deeply"),
        BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } | BudgetBreach::AliasAnchorRatio { .. } => {
            (YAML_ALIASES, "aliases expand to more than is read")
        }
        BudgetBreach::Documents { .. } => (YAML_DOCUMENTS, "a file holds one document"),
        _ => (YAML_TOO_LARGE, "the file holds more than is read"),
    };
    Diagnostic::error(code, places.file(), message)
}

fn place(error: &Error, places: &SpanMap) -> Option<Span> {
    let location = match error.locations().and_then(serde_yaml::Locations::primary_location) {
        Some(location) => location,
        None => error.location()?,
    };
    let line = u32::try_from(location.line()).ok().filter(|line| *line > 0)?;
    let column = u32::try_from(location.column()).ok()?.max(1);
    Some(places.starting_at(line, column).unwrap_or(Span { line, column, length: 1 }))
}
