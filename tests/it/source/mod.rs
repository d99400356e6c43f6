//! Alert sources, from configured options and real bytes to alerts: authentication, strict decoding, mappings.

mod alertmanager;
mod edge;
mod faults;
mod generic;
mod in_house;
mod signatures;
mod tokens;

use jiff::Timestamp;
use standdown::client::StaticSecrets;
use standdown::domain::SourceId;
use standdown::language;
use standdown::source::{Authenticated, Mapped, Refusal, Source, SourceOptions};
use std::path::PathBuf;

pub(crate) const TOKEN: &str = "s3cr3t-bearer-token";

type Headers = Vec<(String, String)>;

/// The bytes of a payload.
fn payload(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/payloads").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

/// The headers of a payload, with names in lower case.
fn headers(path: &str) -> Headers {
    parse_headers(&String::from_utf8(payload(path)).unwrap())
}

fn parse_headers(text: &str) -> Headers {
    let lines = text.lines().filter(|line| !line.starts_with(['#', 'P']));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect()
}

fn authorization(value: &str) -> Headers {
    vec![("authorization".to_owned(), value.to_owned())]
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When every delivery of these tests arrives.
fn received() -> Timestamp {
    at("2026-11-23T04:00:00Z")
}

fn secrets() -> StaticSecrets {
    StaticSecrets::parse([
        ("env:TOKEN", TOKEN),
        ("env:OLD_TOKEN", "an-older-token"),
        ("env:PASSWORD", "pä:ss"),
        ("env:FIRST", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ("env:SECOND", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("env:PUBLIC", "whpk_izBtTaVzztyb5r7+Ae8d1au4PRN+diN9Lv8EPq45V9w="),
    ])
    .unwrap()
}

fn options(yaml: &str) -> (SourceOptions, language::SpanMap) {
    let file = language::Source { name: "standdown.yaml".to_owned(), text: yaml.to_owned() };
    language::parse(&file).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The source of these options.
fn source(yaml: &str) -> Source {
    let id = SourceId::parse("in-house").unwrap();
    Source::compile(&id, &options(yaml).0, &secrets()).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn preset(name: &str) -> Source {
    source(&format!("{{preset: {name}, trust: contain, auth: {{bearer: env:TOKEN}}}}"))
}

/// Decodes and maps a body that was authenticated with the token.
fn map(source: &Source, body: &[u8]) -> Result<Vec<Mapped>, Refusal> {
    map_with(source, body, &authorization(&format!("Bearer {TOKEN}")))
}

fn map_with(source: &Source, body: &[u8], headers: &Headers) -> Result<Vec<Mapped>, Refusal> {
    let authenticated: Authenticated = source.authenticate(headers, body, received())?;
    source.map(&source.decode(body)?, headers, &authenticated, received())
}

/// What the mapping could not read of the first item.
fn notes(source: &Source, body: &[u8]) -> Vec<String> {
    map(source, body).unwrap().remove(0).notes
}
