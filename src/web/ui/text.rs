//! Text from outside, made fit for a page: no control or direction characters, and never too long. Escaping is the
//! templates' work.

use crate::machine::notice::one_line;

/// One line of at most so many characters.
pub(super) fn line(text: &str, characters_max: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= characters_max {
        return line;
    }
    let mut cut: String = line.chars().take(characters_max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Several lines, each one cleaned, of at most so many bytes once they are escaped; whether something was cut.
pub(super) fn block(text: &str, escaped_bytes_max: usize) -> (String, bool) {
    let mut out = String::new();
    let mut bytes = 0;
    for character in text.chars() {
        let cleaned = if character == '\n' { '\n' } else { clean(character) };
        bytes += match cleaned {
            '<' | '>' | '&' | '"' | '\'' | '`' | '=' => 6,
            other => other.len_utf8(),
        };
        if bytes > escaped_bytes_max {
            return (out, true);
        }
        out.push(cleaned);
    }
    (out, false)
}

/// The character, or a blank in place of one that [`one_line`] would not let through.
fn clean(character: char) -> char {
    let mut buffer = [0; 4];
    let kept = character == ' ' || !one_line(character.encode_utf8(&mut buffer)).is_empty();
    if kept { character } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_its_lines_and_loses_what_turns_or_hides_text() {
        assert_eq!(block("a\n  b\u{202e}c\u{7}\td", 100), ("a\n  b c  d".to_owned(), false));
        assert_eq!(block("<<<", 12), ("<<".to_owned(), true));
    }

    #[test]
    fn a_line_is_cut_where_it_says_so() {
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
    }
}
