//! The little Markdown that our own texts are written in: paragraphs, `-` lists, `###` headings and fenced code.
//!
//! It reads texts of the program alone, never those of people; there is no HTML and no link with words of its own.

use super::block::Block;
use super::inline;

/// The blocks of a text.
pub fn read(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            flush(&mut blocks, &mut words);
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            let info = info.trim().to_owned();
            blocks.push(Block::Code { label: label(&info), info, text: code.join("\n") });
        } else if let Some(heading) = line.strip_prefix("### ") {
            flush(&mut blocks, &mut words);
            blocks.push(Block::heading(heading.trim()));
        } else if line.trim().is_empty() {
            flush(&mut blocks, &mut words);
        } else {
            if line.starts_with("- ") && words.first().is_some_and(|first| !first.starts_with("- ")) {
                flush(&mut blocks, &mut words);
            }
            words.push(line);
        }
    }
    flush(&mut blocks, &mut words);
    blocks
}

/// What is said above an example: whether it is wrong, and what it is a part of.
fn label(info: &str) -> String {
    let mut words = info.split_whitespace().skip(1);
    let (kind, part) = match words.next() {
        Some(kind @ ("wrong" | "right")) => (kind, words.next()),
        other => ("", other),
    };
    let part = match part {
        Some("step") => "steps of a stage",
        Some("stages") => "stages",
        Some("head") => "the head of a playbook",
        Some("when") => "a condition",
        Some("text") => "a template",
        _ => "",
    };
    match (kind, part) {
        ("", part) => part.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, part) => format!("{kind} ({part})"),
    }
}

fn flush(blocks: &mut Vec<Block>, words: &mut Vec<&str>) {
    if words.first().is_some_and(|first| first.starts_with("- ")) {
        let mut items: Vec<String> = Vec::new();
        for line in words.iter() {
            match (line.strip_prefix("- "), items.last_mut()) {
                (None, Some(last)) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                (item, _) => items.push(item.unwrap_or(line).to_owned()),
            }
        }
        blocks.push(Block::List { items: items.iter().map(|item| inline::read(item)).collect() });
    } else if !words.is_empty() {
        blocks.push(Block::paragraph(&words.join(" ")));
    }
    words.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_block_is_read() {
        let text = "One\nline.\n- a\n  b\n- c\n\n### More\n```yaml wrong step\n- x\n\n  y\n```\nEnd.\n";
        let item = |text: &str| inline::read(text);
        let code = Block::Code {
            label: "wrong (steps of a stage)".to_owned(),
            info: "yaml wrong step".to_owned(),
            text: "- x\n\n  y".to_owned(),
        };
        assert_eq!(
            read(text),
            [
                Block::paragraph("One line."),
                Block::List { items: vec![item("a b"), item("c")] },
                Block::heading("More"),
                code,
                Block::paragraph("End."),
            ]
        );
    }
}
