//! The scan before the parser: length, brackets, operators, and the slips that have a better name than a parser's.
//!
//! The parser recurses with brackets and the evaluator with operators, so both are counted in the text, where
//! counting can't overflow anything. Strings and comments are skipped as the grammar defines them.

use crate::language::Fault;
use crate::language::codes::{EXPRESSION_SYNTAX, EXPRESSION_TOO_COMPLEX};

/// The longest expression, in bytes.
pub(super) const SIZE_BYTES_MAX: usize = 4 * 1024;
/// How deeply brackets may be nested.
const BRACKETS_MAX: usize = 32;
/// How many operators, dots and indexes an expression may have.
const OPERATORS_MAX: usize = 256;

/// The first fault that can be seen without parsing.
pub(super) fn scan(source: &str) -> Result<(), Fault> {
    let characters: Vec<char> = source.chars().collect();
    if source.len() > SIZE_BYTES_MAX {
        let message = format!("the expression has {} bytes; at most 4096 are read", source.len());
        return Err(Fault::new(EXPRESSION_TOO_COMPLEX, message, 0, 1).hint("split it, or give parts of it to `vars`"));
    }
    if source.trim().is_empty() {
        return Err(Fault::new(EXPRESSION_SYNTAX, "the expression is empty", 0, characters.len().max(1)));
    }
    Scan { characters: &characters, at: 0, brackets: Vec::new(), operators: 0 }.run()
}

struct Scan<'a> {
    characters: &'a [char],
    at: usize,
    brackets: Vec<(char, usize)>,
    operators: usize,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn run(mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek(0) {
            match c {
                '"' | '\'' => self.string(false)?,
                '/' if self.peek(1) == Some('/') => self.comment(),
                c if c.is_ascii_digit() => self.word(),
                c if c.is_alphabetic() || c == '_' => self.name()?,
                '(' | '[' | '{' => self.open(c)?,
                ')' | ']' | '}' => self.close(c)?,
                _ => self.symbol(c)?,
            }
        }
        match self.brackets.pop() {
            Some((c, at)) => Err(Fault::new(EXPRESSION_SYNTAX, format!("this `{c}` is never closed"), at, 1)),
            None => Ok(()),
        }
    }

    fn comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    fn word(&mut self) {
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            self.at += 1;
        }
    }

    /// A name, a word that other languages use as an operator, or the prefix of a string.
    fn name(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        let word: String = self.characters.get(start..self.at).unwrap_or_default().iter().collect();
        if matches!(self.peek(0), Some('"' | '\'')) && matches!(word.to_lowercase().as_str(), "r" | "b" | "rb" | "br") {
            return self.string(word.to_lowercase().contains('r'));
        }
        if word == "in" {
            self.operators += 1;
        }
        let meant = match word.as_str() {
            "and" | "AND" => "&&",
            "or" | "OR" => "||",
            "not" | "NOT" => "!",
            _ => return self.limit(),
        };
        let field = self.characters.get(..start).unwrap_or_default().iter().rev().find(|c| !c.is_whitespace());
        if matches!(field, Some('.' | '?')) || self.peek(0) == Some('(') && meant != "!" {
            return self.limit();
        }
        let fault = Fault::new(EXPRESSION_SYNTAX, format!("`{word}` is no operator"), start, word.chars().count());
        Err(fault.hint(format!("write `{meant}`")))
    }

    fn string(&mut self, raw: bool) -> Result<(), Fault> {
        let start = self.at;
        let Some(quote) = self.peek(0) else { return Ok(()) };
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        self.at += width;
        while let Some(c) = self.peek(0) {
            if c == '\\' && !raw {
                self.at += 2;
            } else if (0..width).all(|ahead| self.peek(ahead) == Some(quote)) {
                self.at += width;
                return Ok(());
            } else if c == '\n' && !triple {
                break;
            } else {
                self.at += 1;
            }
        }
        Err(Fault::new(EXPRESSION_SYNTAX, "this text is never closed", start, 1).hint(format!("end it with `{quote}`")))
    }

    fn open(&mut self, c: char) -> Result<(), Fault> {
        self.brackets.push((c, self.at));
        if self.brackets.len() > BRACKETS_MAX {
            let message = format!("brackets are nested more than {BRACKETS_MAX} levels deep");
            return Err(Fault::new(EXPRESSION_TOO_COMPLEX, message, self.at, 1).hint("split the expression"));
        }
        if c == '[' {
            self.operators += 1;
        }
        self.at += 1;
        self.limit()
    }

    fn close(&mut self, c: char) -> Result<(), Fault> {
        let wanted = match c {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        let fault = match self.brackets.pop() {
            Some((open, _)) if open == wanted => {
                self.at += 1;
                return Ok(());
            }
            Some((open, _)) => format!("`{c}` closes a `{open}`"),
            None => format!("`{c}` closes nothing"),
        };
        Err(Fault::new(EXPRESSION_SYNTAX, fault, self.at, 1))
    }

    fn symbol(&mut self, c: char) -> Result<(), Fault> {
        let two = self.peek(1);
        let wrong = match (c, two) {
            ('=' | '!' | '<' | '>', Some('=')) | ('&', Some('&')) | ('|', Some('|')) => {
                self.at += 1;
                None
            }
            ('=', Some('~')) => Some(("=~", "write `x.matches('...')`")),
            ('=', _) => Some(("=", "write `==` to compare")),
            ('&', _) => Some(("&", "write `&&`")),
            ('|', _) => Some(("|", "write `||`")),
            _ => None,
        };
        if let Some((text, hint)) = wrong {
            let message = format!("`{text}` is no operator");
            return Err(Fault::new(EXPRESSION_SYNTAX, message, self.at, text.len()).hint(hint));
        }
        if !c.is_whitespace() && c != ',' {
            self.operators += 1;
        }
        self.at += 1;
        self.limit()
    }

    fn limit(&self) -> Result<(), Fault> {
        if self.operators > OPERATORS_MAX {
            let message = format!("the expression has more than {OPERATORS_MAX} operators");
            let at = self.at.saturating_sub(1);
            return Err(Fault::new(EXPRESSION_TOO_COMPLEX, message, at, 1).hint("test a list with `in`, or split it"));
        }
        Ok(())
    }
}
