//! From a character of a value back to the character of the file it came from.
//!
//! The value has been unescaped, unfolded and unindented, so both texts are walked side by side: equal characters go
//! together, an escape stands for one character, and white space in the file may stand for less of it in the value.
//! A wrong guess about white space heals at the next visible character.

use crate::language::lines::is_end;
use crate::language::{Lines, Span};
use serde_yaml::granit_parser::ScalarStyle;

/// A scalar as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) style: ScalarStyle,
    /// The index in the file of its first character, quotes included.
    pub(super) start: usize,
    pub(super) value: String,
}

/// The place of `length` characters of the value from `offset`.
pub(super) fn locate(text: &str, lines: &Lines, scalar: &Scalar, offset: usize, length: usize) -> Option<Span> {
    let raw: Vec<char> = text.chars().skip(scalar.start).take(scalar.value.len().saturating_mul(12) + 4096).collect();
    let mut at = content_start(&raw, scalar.style);
    let mut start = None;
    let mut end = None;
    for (index, wanted) in scalar.value.chars().enumerate().take(offset.saturating_add(length.max(1))) {
        let (found, width) = next(&raw, at, wanted, scalar.style)?;
        if index == offset {
            start = Some(found);
        }
        end = Some(found + width);
        at = found + width;
    }
    let start = match start {
        Some(start) => start,
        // The end of the text: an expression that stops too early.
        None if offset >= scalar.value.chars().count() => at.saturating_sub(usize::from(at > 0)),
        None => return None,
    };
    span(lines, scalar.start + start, end.map_or(1, |end| end.saturating_sub(start)))
}

/// The index of the first character of the content: after the quote, or after the header of a block.
fn content_start(raw: &[char], style: ScalarStyle) -> usize {
    match style {
        ScalarStyle::Plain => 0,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => usize::from(matches!(raw.first(), Some('\'' | '"'))),
        ScalarStyle::Literal | ScalarStyle::Folded => match raw.first() {
            Some('|' | '>') => raw.iter().position(|c| is_end(*c)).map_or(0, |index| index + 1),
            _ => 0,
        },
    }
}

/// Where the character `wanted` stands at or after `at`, and how many characters of the file it takes.
fn next(raw: &[char], mut at: usize, wanted: char, style: ScalarStyle) -> Option<(usize, usize)> {
    loop {
        let current = *raw.get(at)?;
        let following = raw.get(at + 1).copied();
        if style == ScalarStyle::DoubleQuoted && current == '\\' {
            match following {
                Some(end) if is_end(end) => {
                    at += 2;
                    continue;
                }
                Some('x') => return Some((at, 4)),
                Some('u') => return Some((at, 6)),
                Some('U') => return Some((at, 10)),
                _ => return Some((at, 2)),
            }
        }
        if style == ScalarStyle::SingleQuoted && current == '\'' && following == Some('\'') {
            return Some((at, 2));
        }
        if current == wanted {
            return Some((at, 1));
        }
        if !current.is_whitespace() {
            return None;
        }
        if wanted.is_whitespace() && is_end(current) && !(current == '\r' && following == Some('\n')) {
            return Some((at, 1));
        }
        at += 1;
    }
}

/// The span of `length` characters from an index of the file, cut at the end of the line.
pub(super) fn span(lines: &Lines, index: usize, length: usize) -> Option<Span> {
    let (line, column) = lines.place(index);
    let length = length.min(lines.rest(line, column)).max(1);
    Some(Span { line, column, length: u32::try_from(length).ok()? })
}
