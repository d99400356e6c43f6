//! The structure of JSON: objects, lists, and where something is wrong.

use super::{DEPTH_MAX, number};
use crate::source::codes;
use crate::source::refusal::Refusal;
use serde_json::{Map, Value};

/// Reads one value that is the whole text.
pub(super) fn read(text: &str) -> Result<Value, Refusal> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.peek().is_some() {
        return Err(reader.wrong("something follows the value").hint("send one JSON value in each delivery"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte; always at the border of a character.
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn place(&self) -> String {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}")
    }

    fn refusal(&self, code: &'static str, what: &str) -> Refusal {
        Refusal::not_decodable(code, format!("{what} at {} of the body", self.place()))
    }

    fn wrong(&self, what: &str) -> Refusal {
        self.refusal(codes::NOT_JSON, what)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH_MAX => {
                Err(self.refusal(codes::TOO_DEEP, "nesting of more than 128 levels begins"))
            }
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(_) => self.word(),
            None => Err(self.wrong("the body ends where a value is expected,")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.at += 1;
        let mut object = Map::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Object(object));
        }
        loop {
            self.space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in quotes is missing"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.wrong("a colon is missing"));
            }
            let value = self.value(depth + 1)?;
            if object.insert(key, value).is_some() {
                self.at = key_at;
                let refusal = self.refusal(codes::DUPLICATE_KEY, "a key stands twice in one object, the second time");
                return Err(refusal.hint("send each key once"));
            }
            self.space();
            if self.take(b'}') {
                return Ok(Value::Object(object));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or a closing brace is missing"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Refusal> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or a closing bracket is missing"));
            }
        }
    }

    /// A text: its end is found here, and its escapes are read by the parser that the rest of the program uses.
    fn string(&mut self) -> Result<String, Refusal> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let quoted =
            end.and_then(|end| rest.get(..end + 2)).ok_or_else(|| self.wrong("the text has no end that begins"))?;
        let text = serde_json::from_str(quoted).map_err(|_| {
            let refusal = self.wrong("a text with a wrong escape or an unescaped control character begins");
            refusal.hint("half of a surrogate pair stands for no character")
        })?;
        self.at += quoted.len();
        Ok(text)
    }

    fn word(&mut self) -> Result<Value, Refusal> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c))).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => number::number(word),
        };
        let value = value.ok_or_else(|| self.wrong("something that is no value of JSON stands"))?;
        self.at += end;
        Ok(value)
    }
}
