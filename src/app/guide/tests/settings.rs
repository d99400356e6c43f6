//! The examples in the help of configurations and sources: the wrong one gives its code, the right one is taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::client::{Secrets, StaticSecrets};
use crate::config::{self, Configuration};
use crate::source;

/// The least that a configuration must say.
const LEAST: &str = "people: { ana: { name: Ana, webhook: chat } }\nfallback_owner: [user:ana]\n\
                     channels: { webhooks: { chat: { url: https://chat.example.com/x, secret: \"env:CHAT\" } } }\n";

/// Reads an example in a folder of its own; the codes of what is wrong with it.
fn codes_of(part: &str, text: &str) -> (Vec<&'static str>, Option<Configuration>) {
    let folder = tempfile::tempdir().unwrap();
    let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let whole = match part {
        "" => format!("{LEAST}{text}\n"),
        "whole" => text.to_owned(),
        "agents" => {
            std::fs::write(folder.path().join("agents.yaml"), text).unwrap();
            let idp = "connections: { idp: { connector: oauth, base_url: https://idp.example.com } }";
            format!("{LEAST}agents: agents.yaml\n{idp}\n")
        }
        "source" => format!("{LEAST}sources:\n  example:\n{}", indented(text)),
        other => panic!("nothing is known of the part `{other}`"),
    };
    let file = folder.path().join("standdown.yaml");
    std::fs::write(&file, whole).unwrap();
    std::fs::create_dir(folder.path().join("playbooks")).unwrap();
    match config::load(Some(&file), &BTreeMap::new()) {
        Ok(read) => (read.warnings.iter().map(|fault| fault.code).collect(), Some(read)),
        Err(faults) => (faults.iter().map(|fault| fault.code).collect(), None),
    }
}

fn found_in(part: &str, text: &str) -> Vec<&'static str> {
    let (mut codes, read) = codes_of(part, text);
    let secrets: Arc<dyn Secrets> =
        Arc::new(StaticSecrets::parse([("env:TOKEN", "a-token-that-is-long-enough")]).unwrap());
    for (id, options) in read.iter().flat_map(|read| &read.sources) {
        if let Err(faults) = source::Source::compile(id, options, secrets.as_ref()) {
            codes.extend(faults.into_iter().map(|placed| placed.fault.code));
        }
    }
    codes
}

#[test]
fn a_wrong_setting_gives_its_code_and_the_right_one_is_taken() {
    let guide = guide();
    let mut tried = 0;
    for (code, _) in [config::codes::CODES, source::codes::CODES].iter().flat_map(Codes::all) {
        for block in &guide.page(code).unwrap().blocks {
            let Block::Code { info, text, .. } = block else { continue };
            let words: Vec<&str> = info.split_whitespace().collect();
            let (Some(kind), part) = (words.get(1), words.get(2).copied().unwrap_or_default()) else { continue };
            let found = found_in(part, text);
            match *kind {
                "wrong" => assert!(found.contains(&code), "{code} is not given by\n{text}\nbut {found:?}"),
                "right" => assert!(found.is_empty(), "{code}: this is taken:\n{text}\nbut gives {found:?}"),
                other => panic!("{code}: `{other}` is neither wrong nor right"),
            }
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn every_setting_inventory_and_source_that_the_reference_shows_is_taken() {
    let guide = guide();
    let mut tried = 0;
    for topic in ["configuration", "alerts", "sources", "inventory", "gate"] {
        for block in &guide.page(topic).unwrap().blocks {
            let Block::Code { info, text, .. } = block else { continue };
            let part = match info.as_str() {
                "config" => "",
                "agents" => "agents",
                "source" => "source",
                _ => continue,
            };
            assert_eq!(found_in(part, text), [""; 0], "{topic}:\n{text}");
            tried += 1;
        }
    }
    assert_eq!(tried, 5);
}

#[test]
fn the_alert_that_the_reference_shows_is_read_without_a_note_and_so_are_those_of_its_curl_lines() {
    let guide = guide();
    let page = guide.page("alerts").unwrap();
    let secrets = StaticSecrets::parse([("env:TOKEN", "a-token-that-is-long-enough")]).unwrap();
    let options: source::SourceOptions =
        serde_yaml::from_str("preset: generic\nauth: { bearer: env:TOKEN }\ntrust: contain").unwrap();
    let source = source::Source::compile(&"detector".parse().unwrap(), &options, &secrets).unwrap();
    let headers = [("authorization".to_owned(), "Bearer a-token-that-is-long-enough".to_owned())];
    let now = "2026-11-23T04:00:00Z".parse().unwrap();
    let authenticated = source.authenticate(&headers, b"", now).unwrap();
    let mut read = 0;
    for block in &page.blocks {
        let Block::Code { info, text, .. } = block else { continue };
        let quoted = || text.split('\'').filter(|part| part.starts_with("{\"")).map(str::to_owned).collect();
        let bodies: Vec<String> = match info.as_str() {
            "json" => vec![text.clone()],
            "sh" => quoted(),
            _ => continue,
        };
        for body in bodies {
            let body = source.decode(body.as_bytes()).unwrap();
            let mapped = source.map(&body, &headers, &authenticated, now).unwrap();
            assert_eq!(mapped[0].alert.notes, [""; 0]);
            assert_eq!(mapped[0].alert.agent.id.as_deref(), Some("billing-bot"));
            read += 1;
        }
    }
    assert_eq!(read, 3);
}
