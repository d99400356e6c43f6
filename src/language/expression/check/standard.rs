//! The functions of the standard library of CEL that expressions may use, with their types.
//!
//! The list follows the definitions at <https://github.com/google/cel-spec/blob/master/doc/langdef.md>. What is not
//! listed is refused, so that a new version of the library can't widen the language unnoticed.

use crate::language::Type;

/// How a function is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `f(x)`
    Function,
    /// `x.f()`
    Method,
    /// Both.
    Either,
}

/// A function of the standard library. The value before the dot counts as the first argument.
pub(super) struct Standard {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// What the first argument may be; empty for anything.
    pub(super) first: &'static [Kind],
    /// The types of the other arguments.
    pub(super) rest: &'static [Type],
    pub(super) result: Type,
}

/// A type without what is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Number,
    Text,
    Time,
    Duration,
    List,
    Object,
}

impl Kind {
    pub(super) fn accepts(self, ty: &Type) -> bool {
        match ty {
            Type::Any => true,
            Type::Bool => self == Self::Bool,
            Type::Int | Type::Double => self == Self::Number,
            Type::String => self == Self::Text,
            Type::Timestamp => self == Self::Time,
            Type::Duration => self == Self::Duration,
            Type::List(_) => self == Self::List,
            Type::Map(_) | Type::Object(_) => self == Self::Object,
            Type::Severity | Type::Secret | Type::Null => false,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a time",
            Self::Duration => "a duration",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

const fn function(name: &'static str, first: &'static [Kind], result: Type) -> Standard {
    Standard { name, style: Style::Function, first, rest: &[], result }
}

const fn method(name: &'static str, first: &'static [Kind], rest: &'static [Type], result: Type) -> Standard {
    Standard { name, style: Style::Method, first, rest, result }
}

const TIME: &[Kind] = &[Kind::Time];
const TIME_OR_DURATION: &[Kind] = &[Kind::Time, Kind::Duration];
const TEXT: &[Kind] = &[Kind::Text];

/// The functions, apart from the loops and the ones of this module.
pub(super) const STANDARD: &[Standard] = &[
    Standard {
        name: "size",
        style: Style::Either,
        first: &[Kind::Text, Kind::List, Kind::Object],
        rest: &[],
        result: Type::Int,
    },
    method("contains", TEXT, &[Type::String], Type::Bool),
    method("startsWith", TEXT, &[Type::String], Type::Bool),
    method("endsWith", TEXT, &[Type::String], Type::Bool),
    method("getFullYear", TIME, &[], Type::Int),
    method("getMonth", TIME, &[], Type::Int),
    method("getDate", TIME, &[], Type::Int),
    method("getDayOfMonth", TIME, &[], Type::Int),
    method("getDayOfWeek", TIME, &[], Type::Int),
    method("getDayOfYear", TIME, &[], Type::Int),
    method("getHours", TIME_OR_DURATION, &[], Type::Int),
    method("getMinutes", TIME_OR_DURATION, &[], Type::Int),
    method("getSeconds", TIME_OR_DURATION, &[], Type::Int),
    method("getMilliseconds", TIME_OR_DURATION, &[], Type::Int),
    method("hasValue", &[], &[], Type::Bool),
    method("value", &[], &[], Type::Any),
    method("or", &[], &[Type::Any], Type::Any),
    method("orValue", &[], &[Type::Any], Type::Any),
    function("int", &[Kind::Number, Kind::Text, Kind::Time], Type::Int),
    function("uint", &[Kind::Number, Kind::Text], Type::Any),
    function("double", &[Kind::Number, Kind::Text], Type::Double),
    function("string", &[Kind::Bool, Kind::Number, Kind::Text, Kind::Time, Kind::Duration], Type::String),
    function("bool", &[Kind::Bool, Kind::Text], Type::Bool),
    function("duration", &[Kind::Text, Kind::Duration], Type::Duration),
    function("timestamp", &[Kind::Text, Kind::Time, Kind::Number], Type::Timestamp),
    function("dyn", &[], Type::Any),
    function("type", &[], Type::Any),
];

/// The loops and `has`, which the parser writes out where they are well formed, with an example each.
pub(super) const MACROS: [(&str, &str); 6] = [
    ("has", "has(x.y)"),
    ("all", "list.all(x, x > 1)"),
    ("exists", "list.exists(x, x > 1)"),
    ("exists_one", "list.exists_one(x, x > 1)"),
    ("map", "list.map(x, x.name)"),
    ("filter", "list.filter(x, x > 1)"),
];

/// What people from other languages write, and what it is here.
pub(super) const FOREIGN: [(&str, &str); 12] = [
    ("len", "size"),
    ("length", "size"),
    ("count", "size"),
    ("includes", "contains"),
    ("any", "exists"),
    ("some", "exists"),
    ("every", "all"),
    ("toLowerCase", "lower"),
    ("lowerAscii", "lower"),
    ("toUpperCase", "upper"),
    ("upperAscii", "upper"),
    ("match", "matches"),
];
