//! The walk over the events of the YAML parser that records places and enforces the limits.
//!
//! It keeps its own stack, so a hostile file can't make it recurse, and it runs before serde does.

use super::place::{Scalar, span};
use super::slip;
use super::span_map::{SpanMap, escape};
use super::{ALIASES_MAX, DEPTH_MAX};
use crate::language::codes::{
    YAML_ALIASES, YAML_DOCUMENTS, YAML_DUPLICATE_KEY, YAML_FEATURE, YAML_SYNTAX, YAML_TOO_DEEP,
};
use crate::language::{Diagnostic, Lines, Source, Span};
use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle};

enum Frame {
    List { pointer: String, next: usize },
    Mapping { pointer: String, key: Option<String> },
}

/// What the next node is to the frame around it.
enum Role {
    Key(String),
    Value(String),
}

/// Boxed, because it is large beside what the walk returns otherwise.
type Refusal = Box<Diagnostic>;

struct Walk<'a> {
    source: &'a Source,
    map: SpanMap,
    frames: Vec<Frame>,
    aliases: usize,
    documents: usize,
    /// Every key that stood in its mapping before.
    twice: Vec<Diagnostic>,
}

/// The places of a file, or why it can't be read. Of keys that stand twice all are reported.
pub(super) fn walk(source: &Source) -> Result<SpanMap, Vec<Diagnostic>> {
    let map = SpanMap {
        file: source.name.as_str().into(),
        text: source.text.as_str().into(),
        lines: Lines::of(&source.text).into(),
        ..SpanMap::default()
    };
    let mut walk = Walk { source, map, frames: Vec::new(), aliases: 0, documents: 0, twice: Vec::new() };
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX * 2,
        block_nesting_limit: DEPTH_MAX * 2,
        emit_comments: false,
    };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        match event {
            Ok((event, place)) => walk.event(&event, place).map_err(|refusal| vec![*refusal])?,
            Err(error) => return Err(vec![walk.scan_error(&error)]),
        }
    }
    if walk.twice.is_empty() { Ok(walk.map) } else { Err(walk.twice) }
}

impl Walk<'_> {
    fn event(&mut self, event: &Event<'_>, place: granit_parser::Span) -> Result<(), Refusal> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document starts here; a file holds one";
                    return Err(Box::new(self.fault(
                        YAML_DOCUMENTS,
                        place,
                        message,
                        "remove the `---`, or use two files",
                    )));
                }
            }
            Event::Scalar(value, style, _, tag) => {
                self.no_tag(tag.is_some(), place)?;
                self.scalar(value, *style, place);
            }
            Event::SequenceStart(_, _, tag) => {
                self.no_tag(tag.is_some(), place)?;
                let pointer = self.open(place)?;
                self.frames.push(Frame::List { pointer, next: 0 });
            }
            Event::MappingStart(_, _, tag) => {
                self.no_tag(tag.is_some(), place)?;
                let pointer = self.open(place)?;
                self.frames.push(Frame::Mapping { pointer, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.frames.pop();
            }
            Event::Alias(_) => {
                self.aliases += 1;
                if self.aliases > ALIASES_MAX {
                    let message = format!("more than {ALIASES_MAX} aliases in a file");
                    return Err(Box::new(self.fault(YAML_ALIASES, place, message, "write the values out")));
                }
                match self.role() {
                    Role::Value(pointer) => self.record(pointer, place, None),
                    Role::Key(_) => {
                        let message = "an alias can't be a key";
                        return Err(Box::new(self.fault(YAML_FEATURE, place, message, "write the key out")));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, place: granit_parser::Span) {
        match self.role() {
            Role::Key(parent) => {
                let pointer = format!("{parent}/{}", escape(value));
                let span = self.span(place);
                let entry = self.map.entries.entry(pointer).or_default();
                if entry.key.is_some() {
                    let message = format!("the key `{value}` stands twice in this mapping");
                    let twice = Diagnostic::error(YAML_DUPLICATE_KEY, &self.source.name, message).at(span);
                    self.twice.push(twice.hint("remove one of the two"));
                }
                entry.key = entry.key.or(span);
                if let Some(Frame::Mapping { key, .. }) = self.frames.last_mut() {
                    *key = Some(value.to_owned());
                }
            }
            Role::Value(pointer) => {
                let scalar = Scalar { style, start: place.start.index(), value: value.to_owned() };
                self.record(pointer, place, Some(scalar));
            }
        }
    }

    /// Enters a list or mapping, and gives its pointer.
    fn open(&mut self, place: granit_parser::Span) -> Result<String, Refusal> {
        if self.frames.len() >= DEPTH_MAX {
            let message = format!("lists and mappings are nested more than {DEPTH_MAX} levels deep");
            return Err(Box::new(self.fault(YAML_TOO_DEEP, place, message, "flatten the structure")));
        }
        match self.role() {
            Role::Value(pointer) => {
                self.record(pointer.clone(), place, None);
                Ok(pointer)
            }
            Role::Key(_) => {
                let hint = "write the key as text, and a value that starts with `{` or `[` in quotes";
                Err(Box::new(self.fault(YAML_SYNTAX, place, "a list or mapping can't be a key", hint)))
            }
        }
    }

    /// The role of the node that comes now; asking counts it.
    fn role(&mut self) -> Role {
        match self.frames.last_mut() {
            None => Role::Value(String::new()),
            Some(Frame::List { pointer, next }) => {
                *next += 1;
                Role::Value(format!("{pointer}/{}", *next - 1))
            }
            Some(Frame::Mapping { pointer, key }) => match key.take() {
                Some(key) => Role::Value(format!("{pointer}/{}", escape(&key))),
                None => Role::Key(pointer.clone()),
            },
        }
    }

    fn record(&mut self, pointer: String, place: granit_parser::Span, scalar: Option<Scalar>) {
        let value = self.span(place);
        let entry = self.map.entries.entry(pointer).or_default();
        if entry.value.is_none() {
            entry.value = value;
            entry.scalar = scalar;
        }
    }

    fn no_tag(&self, tagged: bool, place: granit_parser::Span) -> Result<(), Refusal> {
        if tagged {
            let place = place.tag_span().unwrap_or(place);
            return Err(Box::new(self.fault(
                YAML_FEATURE,
                place,
                "a tag is refused",
                slip::tag_hint(&self.source.text, &self.map.lines, self.span(place)),
            )));
        }
        Ok(())
    }

    fn span(&self, place: granit_parser::Span) -> Option<Span> {
        let length = place.end.index().saturating_sub(place.start.index());
        span(&self.map.lines, place.start.index(), length)
    }

    fn fault(
        &self,
        code: &'static str,
        place: granit_parser::Span,
        message: impl Into<String>,
        hint: &str,
    ) -> Diagnostic {
        Diagnostic::error(code, &self.source.name, message).at(self.span(place)).hint(hint)
    }

    fn scan_error(&self, error: &granit_parser::ScanError) -> Diagnostic {
        let info = error.info();
        let deep = info.contains("nesting") || info.contains("recursion");
        let code = if deep { YAML_TOO_DEEP } else { YAML_SYNTAX };
        let at = span(&self.map.lines, error.marker().index(), 1);
        let diagnostic = Diagnostic::error(code, &self.source.name, format!("this is not YAML: {info}")).at(at);
        match at.and_then(|at| self.tabbed(at)) {
            Some(tab) => diagnostic.at(Some(tab)).hint("indent with spaces: YAML takes no tab there"),
            None => match at.and_then(|at| slip::hint(&self.source.text, &self.map.lines, at)) {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            },
        }
    }

    /// The tab in the indentation of a line with a fault, or of a line beside it, where the parser had not stumbled yet.
    fn tabbed(&self, at: Span) -> Option<Span> {
        let indented_by_tab = |line: u32| {
            let text = self.map.lines.line(&self.source.text, line)?;
            let column = text.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
            Some(Span { line, column: u32::try_from(column).ok()?.checked_add(1)?, length: 1 })
        };
        [at.line, at.line.saturating_add(1), at.line.saturating_sub(1)].into_iter().find_map(indented_by_tab)
    }
}
