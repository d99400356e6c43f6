//! The alert and three lines of evidence: quoted, cut, never believed.

use serde::Serialize;
use serde_json::Value;

use crate::approval::Case;
use crate::domain::{Alert, Severity};
use crate::engine::delivery::moment::{distance, full_time};

use super::super::text::line;

/// Lines of evidence on a page.
const EVIDENCE_MAX: usize = 3;

#[derive(Serialize)]
pub(super) struct AlertView {
    title: String,
    source: String,
    severity: &'static str,
    icon: &'static str,
    tone: &'static str,
    test: bool,
    at: String,
    joined: u32,
    evidence: Vec<Evidence>,
}

#[derive(Serialize)]
struct Evidence {
    name: String,
    value: String,
}

impl AlertView {
    pub fn new(case: &Case) -> Self {
        let alert = &case.run.alert;
        let (icon, tone) = match alert.severity {
            Severity::Critical => ("!!", "bad"),
            Severity::High => ("!", "bad"),
            Severity::Medium => ("△", "warn"),
            Severity::Low | Severity::Info => ("·", ""),
        };
        let assumed = if alert.occurred_at_assumed { " (when it arrived)" } else { "" };
        Self {
            title: line(&alert.title, 200),
            source: alert.source.to_string(),
            severity: alert.severity.as_str(),
            icon,
            tone,
            test: alert.is_test,
            at: format!("{}, {}{assumed}", full_time(alert.occurred_at), distance(alert.occurred_at, case.now)),
            joined: case.run.joined,
            evidence: evidence(alert),
        }
    }
}

fn evidence(alert: &Alert) -> Vec<Evidence> {
    let rule = alert.rule.iter().map(|rule| ("Rule".to_owned(), rule.clone()));
    let touched = (!alert.resources.is_empty()).then(|| ("Touched".to_owned(), alert.resources.join(", ")));
    let fields = alert.fields.iter().map(|(name, value)| (name.clone(), plain(value)));
    let labels = alert.labels.iter().map(|(name, value)| (name.clone(), value.clone()));
    let all = rule.chain(touched).chain(fields).chain(labels).filter(|(_, value)| !value.trim().is_empty());
    let lines = all.map(|(name, value)| Evidence { name: line(&name, 40), value: line(&value, 140) });
    lines.take(EVIDENCE_MAX).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
