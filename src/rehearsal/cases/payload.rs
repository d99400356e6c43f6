//! Payload files that a test hands to the real source: the bytes that a sender would send, without their signature.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::alert::Authentication;
use crate::domain::{Alert, SourceId, Trust};
use crate::language::suggest;
use crate::playbook::Report;
use crate::rehearsal::codes;
use crate::source::{Authenticated, Source, SourceOptions, presets};

/// The sources that a test may name: those of the configuration, and every preset by its own name.
pub type SourceTable = BTreeMap<SourceId, SourceOptions>;

/// Reads payloads, and compiles each source once.
pub(super) struct Payloads<'a> {
    folder: PathBuf,
    table: &'a SourceTable,
    compiled: BTreeMap<(String, Trust), Option<Source>>,
}

impl<'a> Payloads<'a> {
    /// Paths are relative to the folder of the test file.
    pub const fn new(folder: PathBuf, table: &'a SourceTable) -> Self {
        Self { folder, table, compiled: BTreeMap::new() }
    }

    /// The one alert of a payload.
    pub fn alert(
        &mut self,
        report: &mut Report,
        path: &str,
        pointer: &str,
        source: Option<&str>,
        trust: Trust,
        at: Timestamp,
    ) -> Option<Arc<Alert>> {
        let wrong = |report: &mut Report, message: String, hint: String| {
            report.error(pointer, codes::PAYLOAD, message).hint(hint);
        };
        let Some(name) = source else {
            let hint = format!("add `source:` ({}, or a source of the configuration)", known(self.table).join(", "));
            wrong(report, "a payload needs the source that reads it".to_owned(), hint);
            return None;
        };
        let file = self.folder.join(path);
        let body = match std::fs::read(&file) {
            Ok(body) => body,
            Err(error) => {
                let hint = "the path is relative to the folder of the test file".to_owned();
                wrong(report, format!("failed to read {}: {error}", file.display()), hint);
                return None;
            }
        };
        let table = self.table;
        let source = self.compiled.entry((name.to_owned(), trust)).or_insert_with(|| compiled(table, name, trust));
        let Some(source) = source else {
            let names = known(table);
            let hint = match suggest(name, names.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", names.join(", ")),
            };
            wrong(report, format!("there is no source `{name}`, or it has faults"), hint);
            return None;
        };
        match mapped(source, &body, at) {
            Ok(alert) => Some(alert),
            Err((message, hint)) => {
                wrong(report, message, hint);
                None
            }
        }
    }
}

/// The names of the sources of a test.
fn known(table: &SourceTable) -> Vec<String> {
    presets().map(str::to_owned).chain(table.keys().map(ToString::to_string)).collect()
}

fn compiled(table: &SourceTable, name: &str, trust: Trust) -> Option<Source> {
    let id = SourceId::parse(name).ok()?;
    let preset = || SourceOptions { preset: Some(name.to_owned()), ..SourceOptions::default() };
    let options = SourceOptions { trust, ..table.get(&id).cloned().unwrap_or_else(preset) };
    Source::for_rehearsal(&id, &options).ok()
}

/// What authentication would have found out.
pub(in crate::rehearsal) fn unauthenticated() -> Authenticated {
    let authentication = Authentication { scheme: "rehearsal".to_owned(), key_id: None };
    Authenticated { authentication, delivery_id: None }
}

fn mapped(source: &Source, body: &[u8], at: Timestamp) -> Result<Arc<Alert>, (String, String)> {
    let refused = |refusal: crate::source::Refusal| {
        let hint = refusal.hint.clone().unwrap_or_else(|| "look at what the sender sends".to_owned());
        (format!("the source refuses the payload: {}", refusal.reason), hint)
    };
    let value = source.decode(body).map_err(refused)?;
    let mut alerts = source.map(&value, &[], &unauthenticated(), at).map_err(refused)?;
    match (alerts.pop(), alerts.len()) {
        (Some(mapped), 0) => Ok(mapped.alert),
        (_, more) => {
            let count = if more == 0 { 0 } else { more + 1 };
            Err((
                format!("the payload holds {count} alerts, and a case has one"),
                "keep one of them in the file".to_owned(),
            ))
        }
    }
}
