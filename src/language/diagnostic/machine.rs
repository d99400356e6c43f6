//! Diagnostics for programs: JSON, and the workflow commands of GitHub Actions.
//!
//! The commands are described at <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>:
//! `%`, CR and LF are escaped in the message, and `:` and `,` in the properties as well.

use super::{Diagnostic, Level};
use serde_json::json;

/// A JSON array with one object a diagnostic: code, level, message, file, line, column, length and hint.
#[must_use]
pub fn render_json(diagnostics: &[Diagnostic]) -> String {
    let entries: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            json!({
                "code": diagnostic.code,
                "level": diagnostic.level,
                "message": diagnostic.message,
                "file": diagnostic.file,
                "line": diagnostic.span.map(|span| span.line),
                "column": diagnostic.span.map(|span| span.column),
                "length": diagnostic.span.map(|span| span.length),
                "hint": diagnostic.hint,
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(entries))
}

/// One workflow command a diagnostic, each on its line, so that GitHub shows them beside the changed lines.
#[must_use]
pub fn render_github(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(github_line).collect()
}

fn github_line(diagnostic: &Diagnostic) -> String {
    let command = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let place = diagnostic.span.map_or_else(String::new, |span| {
        let end = span.column.saturating_add(span.length.saturating_sub(1));
        format!(",line={0},endLine={0},col={1},endColumn={end}", span.line, span.column)
    });
    let properties = format!("file={}{place},title={}", escape_property(&diagnostic.file), diagnostic.code);
    let mut message = diagnostic.message.clone();
    if let Some(hint) = &diagnostic.hint {
        message.push_str("; ");
        message.push_str(hint);
    }
    format!("::{command} {properties}::{}\n", escape_data(&message))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Span;

    fn diagnostic() -> Diagnostic {
        Diagnostic::error("SD0006", "a,b.yaml", "unknown field\n`sped`, 100% wrong")
            .at(Some(Span { line: 3, column: 5, length: 4 }))
            .hint("did you mean `step`?")
    }

    #[test]
    fn a_workflow_command_can_not_be_broken_out_of() {
        let text = render_github(&[diagnostic()]);
        assert_eq!(
            text,
            "::error file=a%2Cb.yaml,line=3,endLine=3,col=5,endColumn=8,title=SD0006::unknown field%0A`sped`, 100%25 wrong; did \
             you mean `step`?\n"
        );
    }

    #[test]
    fn json_carries_every_part_and_null_for_what_is_unknown() {
        let plain = Diagnostic::warning("SD0002", "f", "too large");
        let text = render_json(&[diagnostic(), plain]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["line"], 3);
        assert_eq!(value[0]["level"], "error");
        assert_eq!(value[1]["line"], serde_json::Value::Null);
        assert_eq!(value[1]["level"], "warning");
    }
}
