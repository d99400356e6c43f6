//! What an alert looks like, how it is sent, and how the preset for senders of one's own reads it.

use crate::guide::block::Block;
use crate::guide::markdown;
use crate::guide::page::Page;
use crate::source::preset_text;

/// The page.
pub fn page() -> Page {
    let mut blocks = markdown::read(include_str!("alerts.md"));
    let text = preset_text("generic").unwrap_or_default().trim_end().to_owned();
    blocks.push(Block::Code { label: String::new(), info: "mapping".into(), text });
    let line = "what an alert looks like, a whole curl line, and the answers".to_owned();
    Page { topic: "alerts".into(), title: "Alerts".into(), line, blocks }
}
