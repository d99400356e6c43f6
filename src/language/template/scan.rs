//! The scan before the parser: the length, the number of tags, the depth of blocks and brackets, and what is refused.
//!
//! It looks at every `{{`, also where the parser would see plain text: rather too strict than overrun.

use crate::language::Fault;
use crate::language::codes::{TEMPLATE_REFUSED, TEMPLATE_TOO_COMPLEX};

/// The longest template, in bytes.
pub(super) const SIZE_BYTES_MAX: usize = 64 * 1024;
/// How many tags a template may have.
const TAGS_MAX: usize = 500;
/// How deeply blocks may be nested.
const BLOCKS_MAX: usize = 16;
/// How deeply brackets may be nested within one tag.
const BRACKETS_MAX: usize = 3;
/// The longest tag, in characters.
const TAG_LENGTH_MAX: usize = 1024;

/// The first fault that can be seen without parsing.
pub(super) fn scan(text: &str) -> Result<(), Fault> {
    let complex = |message: String, at| Err(Fault::new(TEMPLATE_TOO_COMPLEX, message, at, 2));
    if text.len() > SIZE_BYTES_MAX {
        return complex(format!("the template has {} KiB; at most 64 KiB are read", text.len() / 1024), 0);
    }
    let characters: Vec<char> = text.chars().collect();
    let mut tags = 0_usize;
    let mut blocks = 0_usize;
    let mut at = 0;
    while let Some(start) = find(&characters, at, '{') {
        tags += 1;
        let rest = characters.get(start + 2..).unwrap_or_default();
        let mut sign = rest.iter().filter(|c| !c.is_whitespace() && **c != '~');
        match (sign.next(), sign.next()) {
            (Some('{' | '&'), _) => return Err(refused("unescaped output is refused", "write {{...}}", start)),
            (Some('>'), _) | (Some('#'), Some('>')) => {
                return Err(refused("partials are refused", "write the text out", start));
            }
            (Some('*'), _) | (Some('#'), Some('*')) => {
                return Err(refused("decorators are refused", "write the text out", start));
            }
            (Some('#' | '^'), _) => blocks += 1,
            (Some('/'), _) => blocks = blocks.saturating_sub(1),
            _ => {}
        }
        if blocks > BLOCKS_MAX || tags > TAGS_MAX {
            let message = format!("a template has at most {TAGS_MAX} tags and {BLOCKS_MAX} levels of blocks");
            return complex(message, start);
        }
        at = tag_end(&characters, start)?;
    }
    Ok(())
}

fn refused(message: &str, hint: &str, at: usize) -> Fault {
    Fault::new(TEMPLATE_REFUSED, message, at, 3).hint(hint)
}

/// The index of the next two of a brace.
fn find(characters: &[char], from: usize, brace: char) -> Option<usize> {
    characters.get(from..)?.windows(2).position(|pair| pair == [brace, brace]).map(|found| from + found)
}

/// The index after a tag; its brackets are counted on the way.
fn tag_end(characters: &[char], start: usize) -> Result<usize, Fault> {
    let inside = start + 2;
    let comment = characters.get(inside) == Some(&'!');
    let end = find(characters, inside, '}').unwrap_or(characters.len());
    if comment {
        return Ok((end + 2).min(characters.len()));
    }
    let tag = characters.get(inside..end).unwrap_or_default();
    let mut open = 0_usize;
    for c in tag {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > BRACKETS_MAX {
            let message = format!("brackets in a tag are nested more than {BRACKETS_MAX} levels deep");
            return Err(Fault::new(TEMPLATE_TOO_COMPLEX, message, start, 2));
        }
    }
    if tag.len() > TAG_LENGTH_MAX {
        let message = format!("a tag has at most {TAG_LENGTH_MAX} characters");
        return Err(Fault::new(TEMPLATE_TOO_COMPLEX, message, start, 2).hint("is its `}}` missing?"));
    }
    Ok((end + 2).min(characters.len()))
}
