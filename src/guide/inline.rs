//! Words with marks: `` `code` `` and `<https://...>`, and nothing else.

use serde::Serialize;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "text")]
pub enum Inline {
    /// Plain words.
    Text(String),
    /// What is typed as it stands.
    Code(String),
    /// An address outside.
    Link(String),
}

impl Inline {
    /// The words without their marks.
    #[must_use]
    pub fn plain(&self) -> &str {
        match self {
            Self::Text(text) | Self::Code(text) | Self::Link(text) => text,
        }
    }
}

/// Reads a text with marks. A mark that is never closed is text.
#[must_use]
pub fn read(text: &str) -> Vec<Inline> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '<']) {
        let (before, marked) = rest.split_at(at);
        let Some((inside, after)) = inside(marked) else {
            let end = at + 1;
            push(&mut found, rest.get(..end).unwrap_or(rest));
            rest = rest.get(end..).unwrap_or_default();
            continue;
        };
        push(&mut found, before);
        found.push(inside);
        rest = after;
    }
    push(&mut found, rest);
    found
}

fn inside(marked: &str) -> Option<(Inline, &str)> {
    if let Some(rest) = marked.strip_prefix("`` ") {
        let (code, after) = rest.split_once(" ``")?;
        return Some((Inline::Code(code.to_owned()), after));
    }
    if let Some(rest) = marked.strip_prefix('`') {
        let (code, after) = rest.split_once('`')?;
        return Some((Inline::Code(code.to_owned()), after));
    }
    let (link, after) = marked.strip_prefix('<')?.split_once('>')?;
    link.starts_with("https://").then(|| (Inline::Link(link.to_owned()), after))
}

fn push(found: &mut Vec<Inline>, text: &str) {
    match found.last_mut() {
        _ if text.is_empty() => {}
        Some(Inline::Text(last)) => last.push_str(text),
        _ => found.push(Inline::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_addresses_are_told_from_words() {
        let found = read("write `a < b`, see <https://cel.dev>; 1 < 2 and `open");
        let text = |text: &str| Inline::Text(text.to_owned());
        assert_eq!(
            found,
            [
                text("write "),
                Inline::Code("a < b".to_owned()),
                text(", see "),
                Inline::Link("https://cel.dev".to_owned()),
                text("; 1 < 2 and `open"),
            ]
        );
        assert_eq!(read("<b>x</b>"), [text("<b>x</b>")]);
    }
}
