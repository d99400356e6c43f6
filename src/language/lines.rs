//! Where the lines of a text begin: the one rule by which faults are placed, and by which their lines are shown.
//!
//! A line ends with CR LF, with LF, or with CR alone, as YAML 1.2.2 has it (section 5.4) and most editors show it. A second
//! rule anywhere would place a fault in a line that its reader does not have, so nobody else counts lines of a file. What is
//! counted here is the file: the text inside a value has the lines that its own language counts.

/// A line of a text: where it begins and ends, in characters and in bytes, without what ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    character: usize,
    characters: usize,
    byte: usize,
    bytes: usize,
}

/// The lines of one text. There is always one; a text that ends with a line's end has an empty last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    lines: Vec<Line>,
}

impl Default for Lines {
    fn default() -> Self {
        Self::of("")
    }
}

impl Lines {
    /// Finds the lines of a text. A byte order mark belongs to no line, so callers take it off before.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut line = Line::default();
        let mut characters = text.char_indices().map(|(byte, c)| (byte, c.len_utf8(), c)).enumerate().peekable();
        while let Some((index, (byte, width, c))) = characters.next() {
            if !is_end(c) {
                line.characters += 1;
                line.bytes += width;
                continue;
            }
            let (mut character, mut next) = (index + 1, byte + width);
            if c == '\r' && characters.next_if(|(_, (_, _, following))| *following == '\n').is_some() {
                (character, next) = (character + 1, next + 1);
            }
            lines.push(line);
            line = Line { character, characters: 0, byte: next, bytes: 0 };
        }
        lines.push(line);
        Self { lines }
    }

    /// How many there are, at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// The line and column, both from 1, of the character with this index. What ends a line stands behind its last character,
    /// and so does, in the last line, every index beyond the text.
    #[must_use]
    pub fn place(&self, index: usize) -> (u32, u32) {
        let number = self.lines.partition_point(|line| line.character <= index).max(1);
        let line = self.lines.get(number - 1).copied().unwrap_or_default();
        let column = index.saturating_sub(line.character).min(line.characters) + 1;
        (u32::try_from(number).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    /// How many characters the line with this number has from a column on, both from 1.
    #[must_use]
    pub fn rest(&self, line: u32, column: u32) -> usize {
        let characters = self.numbered(line).map_or(0, |line| line.characters);
        characters.saturating_sub((column as usize).saturating_sub(1))
    }

    /// The line with this number, from 1, of the text that was given at the beginning, without what ends it.
    #[must_use]
    pub fn line<'a>(&self, text: &'a str, number: u32) -> Option<&'a str> {
        let line = self.numbered(number)?;
        text.get(line.byte..line.byte + line.bytes)
    }

    /// Every line of the text that was given at the beginning, without what ends it.
    pub fn iter<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        self.lines.iter().filter_map(|line| text.get(line.byte..line.byte + line.bytes))
    }

    /// The bytes of the line with this number, from 1, without what ends it.
    #[must_use]
    pub fn bytes(&self, number: u32) -> Option<std::ops::Range<usize>> {
        self.numbered(number).map(|line| line.byte..line.byte + line.bytes)
    }

    fn numbered(&self, number: u32) -> Option<&Line> {
        self.lines.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }
}

/// Whether this character ends a line, alone or with the one after it.
pub(super) fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        let lines = Lines::of(text);
        (1..).map_while(|number| lines.line(text, number)).collect()
    }

    #[test]
    fn a_line_ends_with_either_character_and_with_both_as_one() {
        assert_eq!(lines("a\rbä\r\nc\n\rd\n"), ["a", "bä", "c", "", "d", ""]);
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("\r\r\n"), ["", "", ""]);
        // Other characters that look like an end of a line end none in YAML.
        assert_eq!(lines("a\u{85}b\u{2028}c\u{b}"), ["a\u{85}b\u{2028}c\u{b}"]);
    }

    #[test]
    fn the_place_of_a_character_is_in_its_line_and_never_behind_its_end() {
        let places = Lines::of("ä\rb\r\nc");
        let found: Vec<_> = (0..8).map(|index| places.place(index)).collect();
        assert_eq!(found, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 2), (3, 1), (3, 2), (3, 2)]);
        assert_eq!((places.rest(1, 1), places.rest(2, 2), places.rest(9, 1)), (1, 0, 0));
    }
}
