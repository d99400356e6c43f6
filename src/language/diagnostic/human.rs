//! Diagnostics for people: the place, the line of the source with a caret, the code and the hint, as compilers do.
//!
//! Messages quote what somebody wrote, so control characters are shown as escapes: a file must not be able to steer
//! the terminal of the person who checks it.

use super::{Diagnostic, Level, Source, Span};
use crate::language::Lines;
use annotate_snippets::{AnnotationKind, Group, Level as Severity, Origin, Renderer, Snippet};

/// Renders the diagnostics one after another, with ANSI colours if `colour`.
///
/// A diagnostic whose file is not among the `sources`, or that has no place, is shown without a line of source.
#[must_use]
pub fn render_human(diagnostics: &[Diagnostic], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let text = sources.iter().find(|source| source.name == diagnostic.file).map(|source| visible(&source.text));
        let message = visible_line(&diagnostic.message);
        let hint = diagnostic.hint.as_deref().map(visible_line);
        let group = group(diagnostic, text.as_deref(), &message, hint.as_deref());
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, text: Option<&'a str>, message: &'a str, hint: Option<&'a str>) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
    };
    let title = level.primary_title(message).id(diagnostic.code);
    let place =
        diagnostic.span.zip(text).and_then(|(span, text)| line_and_range(text, span).map(|found| (span, found)));
    let mut group = if let Some((span, (line, range))) = place {
        let snippet = Snippet::source(line).line_start(span.line as usize).path(diagnostic.file.as_str());
        title.element(snippet.annotation(AnnotationKind::Primary.span(range)))
    } else {
        let mut origin = Origin::path(diagnostic.file.as_str());
        if let Some(span) = diagnostic.span {
            origin = origin.line(span.line as usize).char_column(span.column as usize);
        }
        title.element(origin)
    };
    if let Some(hint) = hint {
        group = group.element(Severity::HELP.message(hint));
    }
    group
}

/// The text of the line and the bytes in it that a span covers.
fn line_and_range(text: &str, span: Span) -> Option<(&str, std::ops::Range<usize>)> {
    let line = Lines::of(text).line(text, span.line)?;
    let byte = |characters: usize| line.char_indices().nth(characters).map_or(line.len(), |(index, _)| index);
    let start = byte(span.column.saturating_sub(1) as usize);
    let end = byte((span.column.saturating_sub(1) as usize).saturating_add(span.length.max(1) as usize));
    Some((line, start..end))
}

/// The text with every control character but line breaks and tabs replaced by one visible character, so that the columns stay.
fn visible(text: &str) -> String {
    // A byte order mark is no character of the first line: columns are counted without it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\r' | '\t') { '\u{FFFD}' } else { c }).collect()
}

fn visible_line(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source { name: "p.yaml".into(), text: "playbook: x\nstäges:\n  - stage: one\n".into() }
    }

    #[test]
    fn the_line_the_caret_the_code_and_the_hint_are_shown() {
        let diagnostic = Diagnostic::error("SD0006", "p.yaml", "unknown field `stäges`")
            .at(Some(Span { line: 2, column: 1, length: 6 }))
            .hint("did you mean `stages`?");
        let text = render_human(&[diagnostic], &[source()], false);
        assert!(text.contains("error[SD0006]: unknown field `stäges`"), "{text}");
        assert!(text.contains("p.yaml:2:1"), "{text}");
        assert!(text.contains("2 | stäges:"), "{text}");
        assert!(text.contains("^^^^^^\n"), "{text}");
        assert!(text.contains("help: did you mean `stages`?"), "{text}");
    }

    #[test]
    fn a_place_outside_of_the_file_is_still_named() {
        let far = Diagnostic::error("SD0001", "p.yaml", "odd").at(Some(Span { line: 99, column: 400, length: 7 }));
        let wide = Diagnostic::error("SD0001", "p.yaml", "odd").at(Some(Span { line: 1, column: 400, length: 7 }));
        let zero = Diagnostic::error("SD0001", "p.yaml", "odd").at(Some(Span { line: 0, column: 0, length: 0 }));
        let text = render_human(&[far, wide, zero], &[source()], true);
        assert!(text.contains("p.yaml"), "{text}");
    }

    #[test]
    fn a_line_that_ends_with_a_carriage_return_alone_is_a_line() {
        let old = Source { name: "old".into(), text: "a: 1\rb: 2\r\nc: 3".into() };
        let fault = Diagnostic::error("SD0001", "old", "odd").at(Some(Span { line: 2, column: 4, length: 1 }));
        let text = render_human(&[fault], &[old], false);
        assert!(text.contains("2 | b: 2\n  |    ^"), "{text}");
    }

    #[test]
    fn a_file_can_not_steer_the_terminal() {
        let evil = Source { name: "e".into(), text: "a: \u{1b}[2J\n".into() };
        let diagnostic =
            Diagnostic::error("SD0001", "e", "bad \u{1b}]0;x\u{7}").at(Some(Span { line: 1, column: 4, length: 1 }));
        let text = render_human(&[diagnostic], &[evil], false);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(!text.contains('\u{7}'), "{text:?}");
    }
}
