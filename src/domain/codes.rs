//! The table of one room's fault codes: a line for each, and a page of help.
//!
//! Every room keeps its codes beside what it refuses, and all tables have this one shape, so that whoever gathers them
//! (`standdown help`, the pages of the daemon) needs to know no room. A code never changes its meaning and is never
//! given away again, because people search for it and silence it.

use std::fmt;

/// The codes of one room, in ascending order.
#[derive(Clone, Copy)]
pub struct Codes {
    lines: &'static [(&'static str, &'static str)],
    help: &'static str,
}

/// A code with everything that people are told about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeHelp {
    /// The code, such as `SD0006`.
    pub code: &'static str,
    /// One line: what it means.
    pub line: &'static str,
    /// What it means and what to do, in Markdown: paragraphs, lists and fenced examples. Empty if the line says it all.
    pub text: &'static str,
}

impl Codes {
    /// The codes with their lines, and the help: Markdown with a section `## CODE` for those that have more to say.
    #[must_use]
    pub const fn new(lines: &'static [(&'static str, &'static str)], help: &'static str) -> Self {
        Self { lines, help }
    }

    /// Every code with its line, in order.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.lines.iter().copied()
    }

    /// One line that explains a code, or nothing if the code is none of this room's.
    #[must_use]
    pub fn explain(&self, code: &str) -> Option<&'static str> {
        self.all().find(|(known, _)| *known == code).map(|(_, line)| line)
    }

    /// The help of a code, or nothing if the code is none of this room's.
    #[must_use]
    pub fn help(&self, code: &str) -> Option<CodeHelp> {
        let (code, line) = self.all().find(|(known, _)| *known == code)?;
        let text = self.sections().find(|(of, _)| *of == code).map_or("", |(_, text)| text);
        Some(CodeHelp { code, line, text })
    }

    /// The sections of the help, in the order written: a code and its text.
    pub fn sections(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let mut rest = self.help.split_once("## ").map(|(_, rest)| rest);
        std::iter::from_fn(move || {
            let (section, after) = match rest?.split_once("\n## ") {
                Some((section, after)) => (section, Some(after)),
                None => (rest?, None),
            };
            rest = after;
            let (code, text) = section.split_once('\n').unwrap_or((section, ""));
            Some((code.trim(), text.trim()))
        })
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|(code, _)| code)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: Codes = Codes::new(&[("SD1", "one"), ("SD2", "two")], "About.\n\n## SD2\n\nMore.\n\n## SD1\nLess.\n");

    #[test]
    fn a_code_is_found_with_its_line_and_its_own_section() {
        assert_eq!(CODES.help("SD2"), Some(CodeHelp { code: "SD2", line: "two", text: "More." }));
        assert_eq!(CODES.help("SD1").map(|help| help.text), Some("Less."));
        assert_eq!(CODES.explain("SD1"), Some("one"));
        assert_eq!((CODES.help("SD3"), CODES.explain("SD3")), (None, None));
    }

    #[test]
    fn a_code_without_a_section_has_its_line() {
        let bare = Codes::new(&[("SD1", "one")], "");
        assert_eq!(bare.help("SD1"), Some(CodeHelp { code: "SD1", line: "one", text: "" }));
        assert_eq!(bare.sections().count(), 0);
    }
}
