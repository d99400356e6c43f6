//! The pages: those that are written, and those that are made from the tables of other rooms.

mod actions;
mod alerts;
mod codes;
mod connectors;
mod expressions;
pub(in crate::guide) mod keys;
mod shipped;
mod sources;
mod templates;

use crate::domain::Codes;

use super::block::Block;
use super::markdown;
use super::page::Page;

/// The topics that people choose from, in the order in which one would read them.
const MAIN: [&str; 16] = [
    "configuration",
    "alerts",
    "sources",
    "inventory",
    "gate",
    "playbooks",
    "shipped",
    "tests",
    "keys",
    "actions",
    "connectors",
    "expressions",
    "templates",
    "diagnostics",
    "api",
    "codes",
];

/// Whether people choose from it.
pub fn is_main(topic: &str) -> bool {
    MAIN.contains(&topic)
}

/// The topic that tells of what people call so.
pub fn alias(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "alert" | "generic" | "hooks" | "webhook" => Some("alerts"),
        "map" | "mapping" | "source" | "preset" | "presets" => Some("sources"),
        "http" | "routes" | "rest" => Some("api"),
        preset => sources::is_preset(preset).then_some("sources"),
    }
}

/// Every page.
pub fn all(tables: &[Codes]) -> Vec<Page> {
    let playbooks = written(
        "playbooks",
        "Playbooks",
        "what a playbook is, from the first line to the last",
        include_str!("playbooks.md"),
    );
    let diagnostics = written(
        "diagnostics",
        "What `check` says",
        "how faults and warnings are shown, to people and to programs",
        include_str!("diagnostics.md"),
    );
    let tests = written("tests", "Tests", "how a playbook is tried before it acts", include_str!("tests.md"));
    let shipped = shipped::each();
    let inventory = written(
        "inventory",
        "The inventory",
        "agents, their owners, and how each is reached",
        include_str!("inventory.md"),
    );
    let gate = written("gate", "The gate", "what makes a pause real, with nginx", include_str!("gate.md"));
    let mut pages =
        vec![alerts::page(), sources::page(), inventory, gate, playbooks, shipped::page(&shipped), tests, keys::page()];
    pages.extend([actions::page(), connectors::page(), expressions::page(), templates::page(), diagnostics]);
    pages.push(codes::page(tables));
    pages.extend(shipped);
    pages.extend(actions::each());
    pages.extend(codes::each(tables));
    pages
}

/// A page of Markdown that ends with a text as it is written in a file.
pub fn of_a_file(topic: &str, title: &str, line: &str, words: &str, text: &str) -> Page {
    let mut page = written(topic, title, line, words);
    let text = text.trim_end().to_owned();
    page.blocks.push(Block::Code { label: String::new(), info: "settings".to_owned(), text });
    page
}

/// A page of Markdown.
pub fn of_words(topic: &str, title: &str, line: &str, words: &str) -> Page {
    written(topic, title, line, words)
}

fn written(topic: &str, title: &str, line: &str, text: &str) -> Page {
    Page { topic: topic.to_owned(), title: title.to_owned(), line: line.to_owned(), blocks: markdown::read(text) }
}
