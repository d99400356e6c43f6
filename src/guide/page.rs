//! All pages by topic, and which was meant by a topic that does not exist.

use crate::domain::Codes;
use crate::language::suggest;

use super::block::{Block, Entry};
use super::pages;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What it is called by: `keys`, `agent.pause`, `SD0301`.
    pub topic: String,
    /// Its headline.
    pub title: String,
    /// One line on what it is about.
    pub line: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// The whole reference.
#[derive(Clone, Debug)]
pub struct Guide {
    pages: Vec<Page>,
}

impl Guide {
    /// The reference with the codes of these rooms.
    #[must_use]
    pub fn new(codes: &[Codes]) -> Self {
        Self { pages: pages::all(codes) }
    }

    /// The reference with a page about the configuration, made from the file of defaults, which a room above owns.
    #[must_use]
    pub fn with_settings(mut self, words: &str, defaults: &str) -> Self {
        let line = "every setting with its default and what it means";
        self.pages.insert(0, pages::of_a_file("configuration", "The configuration", line, words, defaults));
        self
    }

    /// The reference with a page that ends with a table, which a room above owns. `[topic, title, line]` is what it is called.
    #[must_use]
    pub fn with_entries(mut self, [topic, title, line]: [&str; 3], words: &str, entries: Vec<Entry>) -> Self {
        let mut page = pages::of_words(topic, title, line, words);
        page.blocks.push(Block::Entries { entries });
        self.pages.insert(0, page);
        self
    }

    /// The page of a topic, or the one that tells of what people call so; letter case does not matter.
    #[must_use]
    pub fn page(&self, topic: &str) -> Option<&Page> {
        let named = |topic: &str| self.pages.iter().find(|page| page.topic.eq_ignore_ascii_case(topic));
        named(topic).or_else(|| named(pages::alias(topic)?))
    }

    /// Every page: first those that people choose from, then those of single actions and codes.
    #[must_use]
    pub fn pages(&self) -> &[Page] {
        &self.pages
    }

    /// The pages that people choose from.
    pub fn topics(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(|page| pages::is_main(&page.topic))
    }

    /// What is said of a key of the language: in each section that has it, and of the section of its name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<Page> {
        pages::keys::of(name)
    }

    /// The topic or key that is nearest to a wrong one.
    #[must_use]
    pub fn suggest(&self, topic: &str) -> Option<&str> {
        suggest(topic, self.pages.iter().map(|page| page.topic.as_str()).chain(pages::keys::names()))
    }
}
