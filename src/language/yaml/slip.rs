//! What was probably meant where a text is no YAML: the commonest slips of people who write conditions in it.
//!
//! The parser says where it stumbled; here is only what to do about it. A guess that could be wrong is not made.

use crate::language::{Lines, Span};

/// What to do about a fault of the parser at this place, if it looks like a known slip.
pub(super) fn hint(text: &str, lines: &Lines, at: Span) -> Option<String> {
    if let Some(line) = open_quote(lines.iter(text), at.line) {
        return Some(format!("the quote in line {line} is never closed; write it twice if it belongs to the text"));
    }
    let line = lines.line(text, at.line)?;
    let (key, value) = line.split_once(": ")?;
    let plain = !key.contains('{') && !value.trim_start().starts_with(['"', '\'', '|', '>', '{', '[']);
    let second = key.chars().count() + 2 + value.split_once(": ")?.0.chars().count();
    let there = usize::try_from(at.column).is_ok_and(|column| column > second);
    (plain && there).then(|| {
        "the value has a colon in it: put all of it in quotes, or write `>-` and the value on the next line".to_owned()
    })
}

/// What to do about a tag: in a condition, `!` was to be the negation.
pub(super) fn tag_hint(text: &str, lines: &Lines, at: Option<Span>) -> &'static str {
    let before = at.and_then(|at| {
        let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
        Some(lines.line(text, at.line)?.chars().take(column).collect::<String>())
    });
    let key = before.as_deref().map(|before| before.trim_end().trim_end_matches(':'));
    match key.and_then(|key| key.rsplit([' ', '{', ',']).next()) {
        Some("when" | "until" | "for_each_agent" | "in") => {
            "put the condition in quotes: YAML takes a `!` at the beginning for a tag"
        }
        _ => "write the value without the `!tag`, or put it in quotes",
    }
}

/// The line, down to the place, in which a value begins with a quote that nothing closes. A quoted value may go over several
/// lines: one that a later line closes is none.
fn open_quote<'a>(lines: impl Iterator<Item = &'a str>, to: u32) -> Option<u32> {
    let is_odd = |text: &str, quote: char| text.replace("\\\\", "").replace("\\\"", "").matches(quote).count() % 2 == 1;
    let mut open: Option<(u32, char)> = None;
    for (number, line) in (1..).zip(lines).take_while(|(number, _)| *number <= to) {
        let value = line.split_once(": ").map_or(line, |(_, value)| value).trim();
        let begins = value.chars().next().filter(|first| ['"', '\''].contains(first) && is_odd(value, *first));
        open = match open {
            Some((_, quote)) if is_odd(line, quote) => None,
            Some(open) => Some(open),
            None => begins.map(|quote| (number, quote)),
        };
    }
    open.map(|(number, _)| number)
}
