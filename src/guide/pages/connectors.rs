//! The connectors: what each reaches, what a connection of it needs, and which actions it brings.

use crate::action::{ConnectorHelp, Registry};
use crate::guide::block::{Block, Entry};
use crate::guide::page::Page;

use super::keys::sentence;

/// The page.
pub fn page() -> Page {
    let mut blocks = vec![Block::paragraph(
        "A connector reaches a kind of system. A connection is one such system with its address and credentials, under \
         `connections` in the configuration; a step names it under `with`. It reaches public addresses alone, over \
         https, unless `networks` names the private ranges that are meant: `networks: [\"10.20.0.0/24\"]`.",
    )];
    for connector in Registry::connectors() {
        blocks.extend(one(&connector));
    }
    let line = "which systems are reached, and what a connection needs".to_owned();
    Page { topic: "connectors".into(), title: "Connectors".into(), line, blocks }
}

fn one(connector: &ConnectorHelp) -> Vec<Block> {
    let mut needs = Vec::new();
    needs.push(match &connector.base_url {
        Some(url) => format!("`base_url`: {url} unless you set another."),
        None => "`base_url`: where its API is.".to_owned(),
    });
    if connector.auth_required {
        needs.push("`auth`: credentials are required.".to_owned());
    }
    needs.extend(connector.settings.iter().map(|(name, default, help)| {
        let help = sentence(help);
        if default.is_empty() {
            format!("`{name}`: {help}")
        } else {
            format!("`{name}`: {help} Left out: `{default}`.")
        }
    }));
    let mut blocks = vec![
        Block::heading(&connector.name),
        Block::paragraph(&sentence(&connector.help)),
        Block::List { items: needs.iter().map(|need| crate::guide::inline::read(need)).collect() },
    ];
    let entries: Vec<Entry> = connector.actions.iter().map(|(name, help)| Entry::to(name, &sentence(help))).collect();
    blocks.push(Block::Entries { entries });
    blocks
}
