//! The keys of a playbook, section by section.

use crate::guide::block::{Block, Entry};
use crate::guide::page::Page;
use crate::playbook::keys::{Key, Part, SECTIONS, Takes};

/// The page.
pub fn page() -> Page {
    let mut blocks = vec![Block::paragraph(
        "A playbook is one YAML file. A key that is not listed here is a fault, never ignored. For completion in an \
         editor write `standdown schema > playbook.schema.json` and begin the file with \
         `# yaml-language-server: $schema=playbook.schema.json`.",
    )];
    for section in SECTIONS {
        blocks.push(Block::heading(section.name));
        blocks.push(Block::paragraph(section.help));
        blocks.push(Block::Entries { entries: section.keys.iter().map(entry).collect() });
    }
    Page {
        topic: "keys".into(),
        title: "Keys".into(),
        line: "every key, what it takes and what it means".into(),
        blocks,
    }
}

/// Every key and section.
pub fn names<'a>() -> impl Iterator<Item = &'a str> + Clone {
    SECTIONS.iter().flat_map(|section| section.keys.iter().map(|key| key.name).chain([section.name]))
}

/// What is said of a key wherever it may stand, and of the section of its name.
pub fn of(name: &str) -> Option<Page> {
    let mut blocks = Vec::new();
    for section in SECTIONS {
        for key in section.keys.iter().filter(|key| key.name.eq_ignore_ascii_case(name)) {
            blocks.push(Block::heading(&format!("in {}", section.name)));
            blocks.push(Block::Entries { entries: vec![entry(key)] });
        }
    }
    for section in SECTIONS.iter().filter(|section| section.name.eq_ignore_ascii_case(name)) {
        blocks.push(Block::heading(section.name));
        blocks.push(Block::paragraph(section.help));
        blocks.push(Block::Entries { entries: section.keys.iter().map(entry).collect() });
    }
    if blocks.is_empty() {
        return None;
    }
    blocks.push(Block::paragraph("All keys: `standdown help keys`."));
    let line = "a key of the language".to_owned();
    Some(Page { topic: name.to_owned(), title: format!("The key `{name}`"), line, blocks })
}

fn entry(key: &Key) -> Entry {
    let mut note = vec![takes(&key.takes)];
    if key.required {
        note.push("required".to_owned());
    }
    if key.part == Part::Action {
        note.push("with an action".to_owned());
    }
    let mut help = sentence(key.help);
    if let Takes::Words(words) = &key.takes {
        for (word, meaning) in *words {
            help.push_str(&format_args!(" `{word}`: {meaning}.").to_string());
        }
    }
    if !key.default.is_empty() {
        help.push_str(&format_args!(" Left out: {}.", key.default).to_string());
    }
    Entry::new(key.name, &note.join(", "), &help)
}

/// A line of help as a sentence.
pub fn sentence(line: &str) -> String {
    let mut letters = line.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

fn takes(takes: &Takes) -> String {
    match takes {
        Takes::Name | Takes::StepName => "a name".to_owned(),
        Takes::StepNames => "names of steps".to_owned(),
        Takes::Text => "text".to_owned(),
        Takes::Template => "text with {{...}}".to_owned(),
        Takes::Condition => "a condition".to_owned(),
        Takes::Value => "an expression".to_owned(),
        Takes::List => "an expression that gives a list or a mapping".to_owned(),
        Takes::Time => "a time with its offset".to_owned(),
        Takes::Variables => "names with values".to_owned(),
        Takes::Duration => "a duration, such as 10m".to_owned(),
        Takes::Durations => "durations".to_owned(),
        Takes::Flag => "true or false".to_owned(),
        Takes::Count(least, most) => format!("a whole number from {least} to {most}"),
        Takes::Words(_) => "one word".to_owned(),
        Takes::Person => "somebody".to_owned(),
        Takes::People => "people".to_owned(),
        Takes::Action => "an action".to_owned(),
        Takes::Parameters => "parameters".to_owned(),
        Takes::Section(section) => format!("a mapping: {}", section.name),
        Takes::Named(section) => format!("a mapping: {}, or the name of one", section.name),
        Takes::Sections(section) => format!("a list: {}", section.name),
        Takes::OneOrMore(section) => format!("one or a list: {}", section.name),
        Takes::Any => "any value".to_owned(),
    }
}
