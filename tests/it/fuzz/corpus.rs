//! What damage begins with: the shipped playbooks, the fixtures, and every example of the reference.

use std::path::Path;

use standdown::app::guide;
use standdown::guide::Block;

/// Every text once, in a fixed order.
pub fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["playbooks", "tests/it/fixtures/playbooks"] {
        let mut files: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
        texts.extend(files.iter().map(|file| std::fs::read_to_string(file).unwrap()));
    }
    assert!(texts.len() > 2, "the playbooks were not found");
    for page in guide().pages() {
        for block in &page.blocks {
            if let Block::Code { info, text, .. } = block
                && let Some(kind) = info.strip_prefix("yaml")
            {
                texts.push(whole(kind.split_whitespace().last().unwrap_or_default(), text, texts.len()));
            }
        }
    }
    texts
}

/// A whole playbook around a part of one.
fn whole(part: &str, text: &str, number: usize) -> String {
    let indent = |by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    let quoted = || serde_json::to_string(text).unwrap();
    let head = format!("playbook: example-{number}\nmatch: {{ when: alert.rule == 'x' }}\n");
    let steps = "stages:\n  - stage: one\n    steps:\n";
    let pause = "      - { step: a, action: agent.pause }\n";
    match part {
        "head" => format!("{head}{text}\n{steps}{pause}"),
        "stages" => format!("{head}stages:\n{}", indent("  ")),
        "step" => format!("{head}{steps}{}", indent("      ")),
        "when" => format!("playbook: example-{number}\nmatch: {{ when: {} }}\n{steps}{pause}", quoted()),
        "text" => {
            format!("{head}{steps}      - {{ step: a, action: agent.pause, with: {{ reason: {} }} }}\n", quoted())
        }
        _ => text.to_owned(),
    }
}
