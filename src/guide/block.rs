//! What a page is made of. Blocks are plain data and hold no markup.

use serde::Serialize;

use super::inline::{self, Inline};

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Block {
    /// A heading inside of a page.
    Heading {
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Paragraph {
        /// Its words.
        words: Vec<Inline>,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<Vec<Inline>>,
    },
    /// Text as it is written in a file or a terminal.
    Code {
        /// What is said above it; empty for nothing.
        label: String,
        /// What language it is in and what it is a part of, as after the fence.
        info: String,
        /// The text.
        text: String,
    },
    /// Names with what they mean.
    Entries {
        /// One for each name.
        entries: Vec<Entry>,
    },
}

/// A name and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The page that tells more; empty for none.
    pub topic: String,
    /// What it takes or gives, in a few words; may be empty.
    pub note: String,
    /// What it means.
    pub words: Vec<Inline>,
}

impl Entry {
    /// A name with what it means.
    #[must_use]
    pub fn new(name: &str, note: &str, help: &str) -> Self {
        Self { name: name.to_owned(), topic: String::new(), note: note.to_owned(), words: inline::read(help) }
    }

    /// A page with what it is about.
    #[must_use]
    pub fn to(topic: &str, help: &str) -> Self {
        Self { topic: topic.to_owned(), ..Self::new(topic, "", help) }
    }
}

impl Block {
    /// A heading.
    #[must_use]
    pub fn heading(text: &str) -> Self {
        Self::Heading { text: text.to_owned() }
    }

    /// A paragraph, in the marks of [`Inline`].
    #[must_use]
    pub fn paragraph(text: &str) -> Self {
        Self::Paragraph { words: inline::read(text) }
    }

    /// A playbook, or the part of one that `part` names; empty for a whole file.
    #[must_use]
    pub fn example(part: &str, text: &str) -> Self {
        let info = format!("yaml {part}").trim().to_owned();
        Self::Code { label: String::new(), info, text: text.trim_end().to_owned() }
    }
}
