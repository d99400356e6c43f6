//! A page for a terminal: plain text, wrapped, with names and headings made bold.
//!
//! The styles are ANSI; whoever writes them to a pipe drops them.

use anstyle::Style;

use super::block::{Block, Entry};
use super::inline::Inline;
use super::page::Page;

/// How wide a line of text is at most, in characters.
const WIDTH: usize = 96;
const BOLD: Style = Style::new().bold();

/// The page as text.
#[must_use]
pub fn render(page: &Page) -> String {
    let mut out = format!("{}\n", bold(&page.title));
    for block in &page.blocks {
        out.push('\n');
        match block {
            Block::Heading { text } => out.push_str(&format_line(&bold(text))),
            Block::Paragraph { words } => out.push_str(&wrapped(words, "", "")),
            Block::List { items } => items.iter().for_each(|item| out.push_str(&wrapped(item, "- ", "  "))),
            Block::Code { label, text, .. } => {
                if !label.is_empty() {
                    out.push_str(&format_line(&format!("{label}:")));
                }
                text.lines().for_each(|line| out.push_str(&format_line(&format!("    {line}"))));
            }
            Block::Entries { entries } => entries.iter().for_each(|entry| out.push_str(&named(entry))),
        }
    }
    out
}

fn named(entry: &Entry) -> String {
    let note = if entry.note.is_empty() { String::new() } else { format!("  ({})", entry.note) };
    format_line(&format!("  {}{note}", bold(&entry.name))) + &wrapped(&entry.words, "      ", "      ")
}

fn bold(text: &str) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

fn format_line(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

/// The words in lines of at most [`WIDTH`] characters; what is code is never broken.
fn wrapped(words: &[Inline], first: &str, further: &str) -> String {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for piece in pieces(words) {
        let glued = piece.starts_with('\u{0}');
        let text = piece.trim_start_matches('\u{0}');
        let gap = usize::from(!empty && !glued);
        if !empty && !glued && line.chars().count() + gap + text.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, further.to_owned()));
        } else if gap == 1 {
            line.push(' ');
        }
        line.push_str(text);
        empty = false;
    }
    if !empty {
        lines.push(line);
    }
    lines.iter().map(|line| format_line(line)).collect()
}

/// The words one by one; one that follows the last without a blank begins with a mark.
fn pieces(words: &[Inline]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = true;
    for inline in words {
        let (text, whole) = match inline {
            Inline::Text(text) => (text.clone(), false),
            Inline::Code(text) => (format!("`{text}`"), true),
            Inline::Link(text) => (text.clone(), true),
        };
        let parts: Vec<&str> = if whole { vec![text.as_str()] } else { text.split_whitespace().collect() };
        for (index, part) in parts.iter().enumerate() {
            let glued = index == 0 && !open && (whole || !text.starts_with(char::is_whitespace));
            found.push(if glued { format!("\u{0}{part}") } else { (*part).to_owned() });
        }
        open = !whole && text.ends_with(char::is_whitespace) || (parts.is_empty() && !text.is_empty());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::markdown;

    #[test]
    fn a_page_is_wrapped_and_its_code_is_kept_as_it_is() {
        let words = "word ".repeat(40);
        let text = format!(
            "{words}\n\nSee `a b`, (`c`) and <https://cel.dev>.\n\n- one\n\n```yaml wrong when\nx  ==  y\n```\n"
        );
        let page =
            Page { topic: "t".into(), title: "Title".into(), line: String::new(), blocks: markdown::read(&text) };
        let shown = render(&page);
        assert!(shown.lines().all(|line| line.chars().count() <= WIDTH), "{shown}");
        assert!(shown.contains("See `a b`, (`c`) and https://cel.dev.\n"), "{shown}");
        assert!(shown.contains("\n- one\n") && shown.contains("wrong (a condition):\n    x  ==  y\n"), "{shown}");
    }
}
