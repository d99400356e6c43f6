//! The types of the values that expressions and templates may name, and the variables of a place.
//!
//! The environment is what makes an unknown name a fault at check time instead of an error during an incident. It
//! knows nothing about values: those arrive as JSON when something is evaluated.

use super::suggest;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of a value, as far as it is known when a file is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// One of INFO, LOW, MEDIUM, HIGH and CRITICAL, in that order; in JSON a string.
    Severity,
    /// A moment; in JSON a string of RFC 3339.
    Timestamp,
    /// A length of time; in JSON a string such as `10m`, or seconds as a number.
    Duration,
    /// A reference to a secret; only ever passed on whole.
    Secret,
    /// Nothing.
    Null,
    /// A list with items of one type.
    List(Box<Type>),
    /// A mapping from strings to values of one type, with keys that are not known when a file is checked.
    Map(Box<Type>),
    /// A mapping with known fields.
    Object(Arc<BTreeMap<String, Type>>),
    /// Anything: checked only while evaluating.
    Any,
}

impl Type {
    /// An object with these fields.
    pub fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self::Object(Arc::new(fields.into_iter().map(|(name, ty)| (name.into(), ty)).collect()))
    }

    /// A list of items of this type.
    #[must_use]
    pub fn list_of(item: Type) -> Self {
        Self::List(Box::new(item))
    }

    /// A mapping to values of this type.
    #[must_use]
    pub fn map_of(value: Type) -> Self {
        Self::Map(Box::new(value))
    }

    /// The type of a field, or what to suggest instead.
    pub(super) fn field(&self, name: &str) -> Result<Type, Option<String>> {
        match self {
            Self::Any => Ok(Self::Any),
            Self::Map(value) => Ok((**value).clone()),
            Self::Object(fields) => match fields.get(name) {
                Some(ty) => Ok(ty.clone()),
                None => Err(suggest(name, fields.keys().map(String::as_str)).map(str::to_owned)),
            },
            _ => Err(None),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a decimal number",
            Self::String => "text",
            Self::Severity => "a severity",
            Self::Timestamp => "a time",
            Self::Duration => "a duration",
            Self::Secret => "a secret",
            Self::Null => "null",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "an object",
            Self::Any => "any value",
        };
        f.write_str(name)
    }
}

/// A path that leads nowhere: which of its segments is wrong, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The index of the first wrong segment: 0 is the variable itself.
    pub index: usize,
    /// The nearest name that exists there.
    pub suggestion: Option<String>,
}

/// The variables that exist at a place, with their types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    variables: BTreeMap<String, Type>,
}

impl Environment {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same variables and one more; a variable of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &str, ty: Type) -> Self {
        self.variables.insert(name.to_owned(), ty);
        self
    }

    /// The type at the end of a path such as `["alert", "severity"]`.
    pub fn lookup(&self, path: &[&str]) -> Result<Type, Unknown> {
        let mut segments = path.iter().enumerate();
        let Some((_, name)) = segments.next() else {
            return Err(Unknown { index: 0, suggestion: None });
        };
        let Some(ty) = self.variables.get(*name) else {
            let suggestion = suggest(name, self.names()).map(str::to_owned);
            return Err(Unknown { index: 0, suggestion });
        };
        segments.try_fold(ty.clone(), |ty, (index, name)| {
            ty.field(name).map_err(|suggestion| Unknown { index, suggestion })
        })
    }

    /// The variables with their types, in order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.variables.iter().map(|(name, ty)| (name.as_str(), ty))
    }

    /// The type of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<&Type> {
        self.variables.get(name)
    }

    /// The names of the variables, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment::new()
            .with("alert", Type::object([("severity", Type::Severity), ("fields", Type::map_of(Type::String))]))
            .with("body", Type::Any)
    }

    #[test]
    fn a_path_leads_to_its_type() {
        let env = environment();
        assert_eq!(env.lookup(&["alert", "severity"]), Ok(Type::Severity));
        assert_eq!(env.lookup(&["alert", "fields", "anything"]), Ok(Type::String));
        assert_eq!(env.lookup(&["body", "a", "b"]), Ok(Type::Any));
    }

    #[test]
    fn a_wrong_path_names_the_segment_and_what_was_meant() {
        let env = environment();
        let wrong = |index, name: Option<&str>| Err(Unknown { index, suggestion: name.map(str::to_owned) });
        assert_eq!(env.lookup(&["alrt"]), wrong(0, Some("alert")));
        assert_eq!(env.lookup(&["alert", "severty"]), wrong(1, Some("severity")));
        assert_eq!(env.lookup(&["alert", "severity", "x"]), wrong(2, None));
        assert_eq!(env.lookup(&[]), wrong(0, None));
    }
}
