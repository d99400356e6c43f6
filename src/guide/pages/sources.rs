//! Who may send alerts, and how the bodies of any sender are read: the presets as they are, to be copied and changed.

use crate::guide::block::Block;
use crate::guide::markdown;
use crate::guide::page::Page;
use crate::source::{preset_text, presets};

/// Whether a preset is called so.
pub fn is_preset(name: &str) -> bool {
    presets().any(|preset| preset == name)
}

/// The page.
pub fn page() -> Page {
    let mut blocks = markdown::read(include_str!("sources.md"));
    for name in presets() {
        blocks.push(Block::heading(&format!("The preset {name}")));
        let text = preset_text(name).unwrap_or_default().trim_end().to_owned();
        blocks.push(Block::Code { label: String::new(), info: "mapping".into(), text });
    }
    let line = "who may send alerts, and how to read the bodies of any sender".to_owned();
    Page { topic: "sources".into(), title: "Sources".into(), line, blocks }
}
