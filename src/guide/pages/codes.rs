//! A page for every code, and one that lists them.

use crate::domain::{CodeHelp, Codes};
use crate::guide::block::{Block, Entry};
use crate::guide::markdown;
use crate::guide::page::Page;

/// The families, by how their codes begin.
const FAMILIES: [(&str, &str); 11] = [
    ("SD00", "YAML"),
    ("SD01", "Expressions"),
    ("SD02", "Templates"),
    ("SD03", "Playbooks"),
    ("SD04", "Connectors"),
    ("SD05", "Tests of playbooks"),
    ("SD1", "Configuration"),
    ("SD2", "Alerts and their sources"),
    ("SD3", "Runs, incidents and agents"),
    ("SD4", "Approvals"),
    ("SD5", "HTTP"),
];

/// The list.
pub fn page(tables: &[Codes]) -> Page {
    let mut blocks = vec![Block::paragraph(
        "Every fault has a code that never changes its meaning. `standdown help CODE` shows what it means, with an \
         example that is wrong and the same put right.",
    )];
    for (start, family) in FAMILIES {
        let of_family = sorted(tables).into_iter().filter(|help| help.code.starts_with(start));
        let entries: Vec<Entry> = of_family.map(|help| Entry::to(help.code, help.line)).collect();
        if !entries.is_empty() {
            blocks.push(Block::heading(family));
            blocks.push(Block::Entries { entries });
        }
    }
    Page { topic: "codes".into(), title: "Codes".into(), line: "every code with one line".into(), blocks }
}

/// A page for each.
pub fn each(tables: &[Codes]) -> Vec<Page> {
    sorted(tables).into_iter().map(one).collect()
}

fn one(help: CodeHelp) -> Page {
    let mut blocks = vec![Block::paragraph(help.line)];
    blocks.extend(markdown::read(help.text));
    Page { topic: help.code.to_owned(), title: help.code.to_owned(), line: help.line.to_owned(), blocks }
}

fn sorted(tables: &[Codes]) -> Vec<CodeHelp> {
    let mut all: Vec<CodeHelp> =
        tables.iter().flat_map(|table| table.all().filter_map(|(code, _)| table.help(code))).collect();
    all.sort_by_key(|help| help.code);
    all
}
