//! Every example of the reference compiles, and every wrong one gives the code that it is there for.

mod settings;

use std::collections::BTreeSet;

use super::*;
use crate::action::Registry;
use crate::guide::Block;
use crate::language::{Diagnostic, Level, Source};
use crate::playbook::{Approvals, Node, Report, compile, read_approvals};

/// Codes that no text of one file can have: what they are about is outside of it.
const WITHOUT_EXAMPLE: [&str; 10] =
    ["SD0002", "SD0301", "SD0302", "SD0368", "SD0370", "SD0371", "SD0372", "SD0373", "SD0374", "SD0375"];

/// A whole playbook around a part of one.
fn whole(part: &str, text: &str) -> String {
    let indent = |by: &str| text.lines().map(|line| format!("{by}{line}\n")).collect::<String>();
    let head = "playbook: example\nmatch: { when: alert.rule == 'x' }\n";
    let stages = "stages:\n  - stage: one\n    steps:\n";
    match part {
        "" => format!("{text}\n"),
        "head" => format!("{head}{text}\n{stages}      - {{ step: a, action: agent.pause }}\n"),
        "stages" => format!("{head}stages:\n{}", indent("  ")),
        "step" => format!("{head}{stages}{}", indent("      ")),
        "when" => {
            let condition = serde_json::to_string(text.trim()).unwrap();
            format!(
                "playbook: example\nmatch: {{ when: {condition} }}\n{stages}      - {{ step: a, action: agent.pause }}\n"
            )
        }
        "text" => {
            let words = serde_json::to_string(text.trim()).unwrap();
            format!("{head}{stages}      - {{ step: a, action: agent.pause, with: {{ reason: {words} }} }}\n")
        }
        other => panic!("nothing is known of the part `{other}`"),
    }
}

/// The approvals that the page about playbooks shows in a configuration, read as one.
fn named_in_the_reference() -> Approvals {
    let guide = guide();
    let shown = guide.page("playbooks").unwrap().blocks.iter().find_map(|block| match block {
        Block::Code { text, .. } if text.starts_with("approvals:") => Some(text.clone()),
        _ => None,
    });
    let source = Source { name: "standdown.yaml".to_owned(), text: shown.unwrap() };
    let (document, places) = crate::language::parse::<serde_json::Value>(&source).unwrap();
    let mut report = Report::new(places);
    let of = |name: &str| Node::of(&document[name], "", name);
    let approvals = read_approvals(&mut report, Some(&of("approvals")), Some(&of("default_approval")));
    assert_eq!(report.finish().0, []);
    approvals
}

fn found(part: &str, text: &str) -> Vec<Diagnostic> {
    found_with(Approvals::default(), part, text)
}

fn found_with(approvals: Approvals, part: &str, text: &str) -> Vec<Diagnostic> {
    let source = Source { name: "example.yaml".to_owned(), text: whole(part, text) };
    match compile(&source, &Registry::catalogue_without_connections().with_approvals(approvals)) {
        Ok((_, warnings)) => warnings,
        Err(found) => found,
    }
}

fn errors(part: &str, text: &str) -> Vec<Diagnostic> {
    found(part, text).into_iter().filter(|fault| fault.level == Level::Error).collect()
}

#[test]
fn no_two_rooms_share_a_code_and_every_table_is_in_order() {
    for table in CODES {
        let codes: Vec<&str> = table.all().map(|(code, _)| code).collect();
        assert!(codes.is_sorted_by(|left, right| left < right), "{codes:?}");
        assert!(codes.iter().all(|code| code.len() == 6 && code.starts_with("SD")), "{codes:?}");
        for (code, _) in table.sections() {
            assert!(table.explain(code).is_some(), "the help explains {code}, which is no code of the table");
        }
    }
    let all: Vec<&str> = CODES.iter().flat_map(Codes::all).map(|(code, _)| code).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.len() > 100, "{}", all.len());
}

#[test]
fn every_code_of_the_language_has_an_example_that_gives_it_and_one_that_is_taken() {
    let guide = guide();
    let mut problems = Vec::new();
    for (code, _) in CODES.iter().take(2).flat_map(Codes::all).filter(|(code, _)| !WITHOUT_EXAMPLE.contains(code)) {
        let mut seen = BTreeSet::new();
        for block in &guide.page(code).unwrap().blocks {
            let Block::Code { info, text, .. } = block else { continue };
            let words: Vec<&str> = info.split_whitespace().collect();
            let (kind, part) = (words.get(1).copied().unwrap_or_default(), words.get(2).copied().unwrap_or_default());
            seen.insert(kind);
            let gives = found(part, text).iter().any(|fault| fault.code == code);
            let sound = match kind {
                "wrong" => gives && errors(part, text).iter().all(|fault| fault.code == code),
                "right" => !gives && errors(part, text).is_empty(),
                _ => false,
            };
            if !sound {
                problems.push(format!("the example `{info}` of {code} gives {:#?}", found(part, text)));
            }
        }
        if seen.len() != 2 {
            problems.push(format!("{code} has examples of {seen:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_code_has_a_page_of_its_own_that_says_more_than_its_line() {
    let mut problems = Vec::new();
    for table in CODES {
        for (code, line) in table.all() {
            let text = table.help(code).unwrap().text;
            let prose = text.split("```").step_by(2).collect::<String>();
            if prose.len() < 60 || said_twice(&format!("{line} {prose}")).is_some() {
                problems.push(format!("{code}: {line}\n{prose}"));
            }
        }
        let sections: Vec<&str> = table.sections().map(|(code, _)| code).collect();
        assert!(sections.is_sorted_by(|left, right| left < right), "{sections:?}");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A phrase of six words that stands twice in a text.
fn said_twice(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && !"._{}$'`/".contains(c))
        .map(|word| word.trim_matches('.').to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    let mut seen = BTreeSet::new();
    words.windows(6).find(|phrase| !seen.insert(phrase.to_vec())).map(|phrase| phrase.join(" "))
}

#[test]
fn no_diagnostic_says_the_same_thing_twice() {
    let (guide, mut problems) = (guide(), Vec::new());
    for (code, _) in CODES.iter().take(2).flat_map(Codes::all) {
        for block in &guide.page(code).unwrap().blocks {
            let Block::Code { info, text, .. } = block else { continue };
            let mut words = info.split_whitespace().skip(1);
            if words.next() != Some("wrong") {
                continue;
            }
            for fault in found(words.next().unwrap_or_default(), text) {
                let hint = fault.hint.unwrap_or_default();
                println!("{code} {}: {}\n    {hint}", fault.code, fault.message);
                let same = !hint.is_empty() && (fault.message.contains(&hint) || hint.contains(&fault.message));
                if same || said_twice(&format!("{} {hint}", fault.message)).is_some() {
                    problems.push(format!("{}: {} / {hint}", fault.code, fault.message));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_other_example_of_the_reference_compiles() {
    let mut count = 0;
    for page in guide().pages().iter().filter(|page| !page.topic.starts_with("SD")) {
        for block in &page.blocks {
            let Block::Code { info, text, .. } = block else { continue };
            if let Some(part) = info.strip_prefix("yaml") {
                count += 1;
                let found = found_with(named_in_the_reference(), part.trim(), text);
                let errors: Vec<Diagnostic> = found.into_iter().filter(|fault| fault.level == Level::Error).collect();
                assert_eq!(errors, [], "{}:\n{text}", page.topic);
            }
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn every_example_of_a_function_or_a_helper_compiles() {
    use crate::language::{expression_reference as expressions, template_reference as templates};
    let tables = [&expressions::OPERATORS[..], &expressions::OWN, &expressions::STANDARD, &expressions::LOOPS];
    for help in tables.iter().copied().flatten() {
        assert_eq!(errors("when", help.example), [], "{}: {}", help.name, help.example);
    }
    for help in &templates::HELPERS {
        assert_eq!(errors("text", help.example), [], "{}: {}", help.name, help.example);
    }
}

#[test]
fn a_playbook_that_the_reference_shows_whole_is_taken_without_a_word() {
    let guide = guide();
    for block in &guide.page("playbooks").unwrap().blocks {
        if let Block::Code { info, text, .. } = block
            && info == "yaml"
        {
            assert_eq!(found("", text), []);
        }
    }
}

#[test]
fn every_topic_has_a_page_that_can_be_shown() {
    let guide = guide();
    let mut topics = BTreeSet::new();
    for page in guide.pages() {
        assert!(topics.insert(page.topic.to_ascii_lowercase()), "{} stands twice", page.topic);
        assert!(!page.title.is_empty() && !page.line.is_empty() && !page.blocks.is_empty(), "{}", page.topic);
        assert!(crate::guide::render(page).len() > 20, "{}", page.topic);
    }
    assert_eq!(guide.topics().count(), 16);
    assert!(guide.page("sd0301").is_some() && guide.page("AGENT.PAUSE").is_some());
    assert_eq!(guide.suggest("expresions"), Some("expressions"));
}

#[test]
fn the_example_of_a_test_passes() {
    let guide = guide();
    let page = guide.page("tests").unwrap();
    let example = page.blocks.iter().find_map(|block| match block {
        Block::Code { info, text, .. } if info == "test" => Some(text),
        _ => None,
    });
    let folder = tempfile::tempdir().unwrap();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/token-misuse.yaml");
    std::fs::copy(shipped, folder.path().join("token-misuse.yaml")).unwrap();
    std::fs::write(folder.path().join("example.test.yaml"), example.unwrap()).unwrap();
    let catalogue = Registry::catalogue_without_connections();
    let loaded = crate::rehearsal::cases::load(folder.path(), &catalogue, &std::collections::BTreeMap::new());
    assert_eq!(loaded.diagnostics, []);
    let result = loaded.suites[0].perform(None);
    assert_eq!(result.cases.len(), 1);
    assert!(result.cases[0].passed(), "{:#?}", result.cases[0].mismatches);
}

#[test]
fn the_example_of_a_test_that_goes_into_another_playbook_passes() {
    let guide = guide();
    let page = guide.page("tests").unwrap();
    let example = page.blocks.iter().find_map(|block| match block {
        Block::Code { info, text, .. } if info == "case" => Some(text),
        _ => None,
    });
    let first = "playbook: first\nmatch: { when: \"true\" }\nstages:\n  - stage: one\n    steps:\n      \
                 - { step: contain_other, action: run_playbook, with: { playbook: other, agent: mail-bot } }\n";
    let other = "playbook: other\nmatch: { when: \"false\" }\nstages:\n  - stage: one\n    steps:\n      \
                 - { step: pause, action: agent.pause, hold: 8h }\n      \
                 - { step: revoke, action: oauth.revoke_token, with: { connection: idp, token: \"{{agent.credentials.idp}}\" } }\n  \
                 - stage: two\n    steps:\n      \
                 - { step: release, approval: { ask: \"Go?\", approvers: [owner], timeout: 4h } }\n";
    let case: String = example.unwrap().lines().map(|line| format!("    {line}\n")).collect();
    let tests = format!(
        "inventory:\n  agents:\n    - {{ id: bot }}\n    \
         - {{ id: mail-bot, owner: \"user:sam\", credentials: {{ idp: {{ ref: \"env:MAIL_TOKEN\" }} }} }}\n\
         alert: {{ agent: bot }}\ncases:\n  - case: the example\n{case}"
    );
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("first.yaml", first), ("other.yaml", other), ("first.test.yaml", &tests)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let catalogue = Registry::catalogue_without_connections();
    let loaded = crate::rehearsal::cases::load(folder.path(), &catalogue, &std::collections::BTreeMap::new());
    assert_eq!(loaded.diagnostics, []);
    let result = loaded.suites[0].perform(None);
    assert!(result.cases[0].passed(), "{:#?}", result.cases[0].mismatches);
}
