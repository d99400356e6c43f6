//! A page of the reference as its template sees it. Nothing in it is from outside but a topic that does not exist.

use serde::Serialize;

use crate::guide::{Block, Entry, Guide, Inline, Page};
use crate::web::ui::text::line;

/// A page of the reference.
#[derive(Serialize)]
pub(in crate::web::ui) struct DocsView {
    title: String,
    headline: String,
    /// Whether it is the list of topics: links of the others lead one level up.
    index: bool,
    /// What stands before the topic in a link.
    below: &'static str,
    blocks: Vec<BlockView>,
}

/// Exactly one of them is there.
#[derive(Default, Serialize)]
struct BlockView {
    heading: Option<String>,
    words: Option<Vec<Piece>>,
    items: Option<Vec<Vec<Piece>>>,
    code: Option<Code>,
    entries: Option<Vec<EntryView>>,
}

#[derive(Serialize)]
struct Code {
    label: String,
    text: String,
}

#[derive(Serialize)]
struct EntryView {
    name: String,
    /// Where it leads; empty for nowhere.
    link: String,
    note: String,
    words: Vec<Piece>,
}

/// Exactly one of them is there.
#[derive(Default, Serialize)]
struct Piece {
    text: Option<String>,
    code: Option<String>,
    link: Option<String>,
}

impl DocsView {
    /// The list of topics.
    pub fn index(guide: &Guide) -> Self {
        let entries =
            guide.topics().map(|page| Entry { name: page.title.clone(), ..Entry::to(&page.topic, &page.line) });
        let blocks = [
            Block::paragraph(
                "How playbooks are written, and what every message means. The same pages are in the program: `standdown help`.",
            ),
            Block::Entries { entries: entries.collect() },
        ];
        Self::new("Reference", &blocks, true)
    }

    /// A page.
    pub fn page(page: &Page) -> Self {
        Self::new(&page.title, &page.blocks, false)
    }

    /// There is no page of this topic.
    pub fn missing(guide: &Guide, topic: &str) -> Self {
        let mut blocks = vec![Block::paragraph("The reference has no page of this name.")];
        if let Some(meant) = guide.suggest(&line(topic, 60)).and_then(|meant| guide.page(meant)) {
            blocks.push(Block::paragraph("Did you mean this one?"));
            blocks.push(Block::Entries { entries: vec![Entry::to(&meant.topic, &meant.line)] });
        }
        Self::new("No such page", &blocks, false)
    }

    fn new(headline: &str, blocks: &[Block], index: bool) -> Self {
        let below = if index { "docs/" } else { "" };
        Self {
            title: format!("{headline} - Standdown"),
            headline: headline.to_owned(),
            index,
            below,
            blocks: blocks.iter().map(|block| view(block, below)).collect(),
        }
    }
}

fn view(block: &Block, below: &str) -> BlockView {
    let empty = BlockView::default();
    match block {
        Block::Heading { text } => BlockView { heading: Some(text.clone()), ..empty },
        Block::Paragraph { words } => BlockView { words: Some(pieces(words)), ..empty },
        Block::List { items } => BlockView { items: Some(items.iter().map(|item| pieces(item)).collect()), ..empty },
        Block::Code { label, text, .. } => {
            BlockView { code: Some(Code { label: label.clone(), text: text.clone() }), ..empty }
        }
        Block::Entries { entries } => {
            let entries = entries.iter().map(|entry| EntryView {
                name: entry.name.clone(),
                link: if entry.topic.is_empty() { String::new() } else { format!("{below}{}", entry.topic) },
                note: entry.note.clone(),
                words: pieces(&entry.words),
            });
            BlockView { entries: Some(entries.collect()), ..empty }
        }
    }
}

fn pieces(words: &[Inline]) -> Vec<Piece> {
    let piece = |word: &Inline| match word {
        Inline::Text(text) => Piece { text: Some(text.clone()), ..Piece::default() },
        Inline::Code(text) => Piece { code: Some(text.clone()), ..Piece::default() },
        Inline::Link(text) => Piece { link: Some(text.clone()), ..Piece::default() },
    };
    words.iter().map(piece).collect()
}
