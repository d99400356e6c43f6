//! Templates: where they stand, what they show, and their helpers.

use crate::guide::block::{Block, Entry};
use crate::guide::page::Page;
use crate::language::template_reference::HELPERS;

use super::keys::sentence;

/// The page.
pub fn page() -> Page {
    let entries = HELPERS
        .iter()
        .map(|help| Entry::new(help.name, "", &format!("{} `` {} ``", sentence(help.help), help.example)));
    let blocks = vec![
        Block::paragraph(
            "Texts under `with` and the question of an approval (`ask`) are templates: `` {{alert.title}} `` is \
             replaced by the value. The variables are those of expressions. A text that is exactly one `` {{...}} `` \
             keeps the type of its value: numbers, lists and references to secrets go through whole.",
        ),
        Block::example("text", "{{alert.title}} on {{agent.name}} ({{default alert.fields.country \"unknown country\"}})"),
        Block::List {
            items: [
                "A value that is missing is an error, never an empty text: use `default` where it may be.",
                "A secret can't stand inside a longer text, and never in words that people read.",
                "In YAML a value that begins with `` {{ `` needs quotes.",
                "What an alert or an agent supplied stays data: it can't become a tag, and it is escaped for where it goes.",
            ]
            .map(crate::guide::inline::read)
            .to_vec(),
        },
        Block::heading("Helpers and blocks"),
        Block::Entries { entries: entries.collect() },
    ];
    let line = "texts with values in them: helpers and blocks".to_owned();
    Page { topic: "templates".into(), title: "Templates".into(), line, blocks }
}
