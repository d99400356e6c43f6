//! The shape of the tables: a section is one mapping of the file, a key is one line of it.

/// One mapping of the file.
#[derive(Debug)]
pub struct Section {
    /// Its name in the schema and the reference, such as `step`.
    pub name: &'static str,
    /// What it is, as one sentence.
    pub help: &'static str,
    /// Its keys, in the order in which people are shown them.
    pub keys: &'static [Key],
    /// Words that later versions will give a meaning.
    pub reserved: &'static [&'static str],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// The key as it is written.
    pub name: &'static str,
    /// What stands after it.
    pub takes: Takes,
    /// Whether it must be there.
    pub required: bool,
    /// One line for people.
    pub help: &'static str,
    /// What holds if it is left out, for people; empty if nothing does.
    pub default: &'static str,
    /// What kind of step it belongs to.
    pub part: Part,
}

/// What kind of step a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Any.
    Any,
    /// One with an action.
    Action,
}

/// What stands after a key.
#[derive(Debug)]
pub enum Takes {
    /// A name: letters, digits, `-` and `_`.
    Name,
    /// A step's name: letters, digits and `_`.
    StepName,
    /// Names of steps, or one of them.
    StepNames,
    /// Plain text.
    Text,
    /// Text in which `{{...}}` is replaced.
    Template,
    /// An expression of CEL that is true or false.
    Condition,
    /// An expression that gives a value.
    Value,
    /// An expression of CEL that gives a list or a mapping.
    List,
    /// A point in time with its offset, such as `2026-12-24T18:00:00+01:00`.
    Time,
    /// Names with values in which `{{...}}` is replaced.
    Variables,
    /// A duration, such as `10m`.
    Duration,
    /// Durations, or one of them.
    Durations,
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second.
    Count(u32, u32),
    /// One of these words, each with its meaning.
    Words(&'static [(&'static str, &'static str)]),
    /// Somebody: `owner`, `fallback`, `user:NAME` or `group:NAME`.
    Person,
    /// People, or one of them.
    People,
    /// The name of an action.
    Action,
    /// The parameters of the step's action.
    Parameters,
    /// A mapping.
    Section(&'static Section),
    /// A mapping, or the name of one that the configuration has.
    Named(&'static Section),
    /// A list of mappings.
    Sections(&'static Section),
    /// A list of mappings, or one of them.
    OneOrMore(&'static Section),
    /// Any value; the compiler alone says what it may be.
    Any,
}

impl Section {
    /// The names of its keys.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

impl Key {
    /// A key that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, takes: Takes, help: &'static str) -> Self {
        Self { name, takes, required: false, help, default: "", part: Part::Any }
    }

    /// The same key, which must be there.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same key, with what holds if it is left out.
    #[must_use]
    pub const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// The same key, only for steps with an action.
    #[must_use]
    pub const fn on_action(self) -> Self {
        Self { part: Part::Action, ..self }
    }
}
