//! From the options of `map` to a mapping, or every fault in them.

use super::Mapping;
use super::agent::AgentRules;
use super::credential::{CredentialRules, PrincipalRules};
use super::facts::FieldRules;
use super::redact::Redaction;
use super::rule::Rule;
use super::severity::{SeverityRule, folded};
use super::status::StatusRule;
use crate::domain::{AlertStatus, Severity};
use crate::language::{Environment, Expression, Type};
use crate::source::codes;
use crate::source::fault::{Faults, segment};
use crate::source::options::{FieldsOptions, MapOptions, SeverityOptions, StatusOptions};
use std::collections::BTreeMap;

/// How many parts a key, how many own fields and how many pointers a mapping may have.
const ENTRIES_MAX: usize = 32;

/// The mapping of these options; nothing if there was a fault.
pub(in crate::source) fn compile(options: &MapOptions, faults: &mut Faults) -> Option<Mapping> {
    let environment =
        Environment::new().with("body", Type::Any).with("item", Type::Any).with("headers", Type::map_of(Type::String));
    let mut compiler = Compiler { environment, faults };
    let agent = options.agent.as_ref().map(|agent| AgentRules {
        id: compiler.rule(if agent.short { "/map/agent" } else { "/map/agent/id" }, agent.id.as_ref()),
        instance: compiler.rule("/map/agent/instance", agent.instance.as_ref()),
        name: compiler.rule("/map/agent/name", agent.name.as_ref()),
    });
    let principal = options.principal.as_ref().map(|principal| PrincipalRules {
        kind: compiler.rule("/map/principal/kind", principal.kind.as_ref()),
        id: compiler.rule("/map/principal/id", principal.id.as_ref()),
    });
    let credential = options.credential.as_ref().map(|credential| CredentialRules {
        kind: compiler.rule("/map/credential/kind", credential.kind.as_ref()),
        hash: compiler.rule("/map/credential/hash", credential.hash.as_ref()),
        value: compiler.rule("/map/credential/value", credential.value.as_ref()),
    });
    let title = compiler.title(options);
    let severity = compiler.severity(options.severity.as_ref());
    let mapping = Mapping {
        each: compiler.rule("/map/each", options.each.as_ref()),
        dedup: compiler.dedup(options),
        status: compiler.status(options.status.as_ref()),
        agent: agent.unwrap_or_default(),
        rule: compiler.rule("/map/rule", options.rule.as_ref()),
        event_id: compiler.rule("/map/event_id", options.event_id.as_ref()),
        delivery_id: compiler.rule("/map/delivery_id", options.delivery_id.as_ref()),
        group_key: compiler.rule("/map/group_key", options.group_key.as_ref()),
        occurred_at: compiler.rule("/map/occurred_at", options.occurred_at.as_ref()),
        ended_at: compiler.rule("/map/ended_at", options.ended_at.as_ref()),
        principal,
        credential,
        owner: compiler.rule("/map/owner", options.owner.as_ref()),
        resources: compiler.rule("/map/resources", options.resources.as_ref()),
        labels: compiler.rule("/map/labels", options.labels.as_ref()),
        fields: compiler.fields(options),
        is_test: compiler.rule("/map/is_test", options.is_test.as_ref()),
        truncated: compiler.rule("/map/truncated", options.truncated.as_ref()),
        redaction: compiler.redaction(options),
        title: title?,
        severity: severity?,
    };
    Some(mapping)
}

struct Compiler<'a> {
    environment: Environment,
    faults: &'a mut Faults,
}

impl Compiler<'_> {
    fn rule(&mut self, pointer: &str, text: Option<&String>) -> Option<Rule> {
        match Expression::compile(text?, &self.environment) {
            Ok(expression) => Some(Rule::new(pointer, expression)),
            Err(faults) => {
                self.faults.extend(pointer, faults);
                None
            }
        }
    }

    fn title(&mut self, options: &MapOptions) -> Option<Rule> {
        if options.title.is_none() {
            let hint = "give an expression for one line that people understand, such as `title: item.summary`";
            self.faults.add("/map", codes::MISSING_FIELD, "the mapping has no `title`", hint);
        }
        self.rule("/map/title", options.title.as_ref())
    }

    fn dedup(&mut self, options: &MapOptions) -> Vec<Rule> {
        let parts = options.dedup.as_deref().unwrap_or_default();
        if parts.is_empty() || parts.len() > ENTRIES_MAX {
            let pointer = if options.dedup.is_some() { "/map/dedup" } else { "/map" };
            let hint = "list 1 to 32 expressions that together say what an alert is about, such as `dedup: [item.id]`";
            self.faults.add(pointer, codes::MISSING_FIELD, "the mapping has no usable `dedup`", hint);
        }
        let rules = parts.iter().take(ENTRIES_MAX).enumerate();
        rules.filter_map(|(index, part)| self.rule(&format!("/map/dedup/{index}"), Some(part))).collect()
    }

    fn severity(&mut self, options: Option<&SeverityOptions>) -> Option<SeverityRule> {
        let missing = options.and_then(|options| options.missing);
        if missing.is_none() {
            let pointer = if options.is_some() { "/map/severity" } else { "/map" };
            let message = "the source does not say what its missing severity is";
            self.faults.add(pointer, codes::MISSING_SEVERITY, message, "add `severity: {from: ..., missing: HIGH}`");
        }
        let options = options?;
        let mut table: BTreeMap<String, Severity> = BTreeMap::new();
        for (word, severity) in &options.table {
            if table.insert(folded(word), *severity).is_some_and(|other| other != *severity) {
                self.ambiguous(&format!("/map/severity/table/{}", segment(word)), word);
            }
        }
        let from = self.rule("/map/severity/from", options.from.as_ref());
        Some(SeverityRule { from, table, missing: missing? })
    }

    fn status(&mut self, options: Option<&StatusOptions>) -> StatusRule {
        let ours = [AlertStatus::Firing, AlertStatus::Acknowledged, AlertStatus::Resolved, AlertStatus::Event];
        let mut table: BTreeMap<String, AlertStatus> = BTreeMap::new();
        let Some(options) = options else {
            return StatusRule { from: None, table, missing: AlertStatus::Event };
        };
        let lists = [&options.firing, &options.acknowledged, &options.resolved, &options.event];
        for (status, words) in ours.into_iter().zip(lists) {
            for (index, word) in words.iter().enumerate() {
                if table.insert(folded(word), status).is_some_and(|other| other != status) {
                    self.ambiguous(&format!("/map/status/{}/{index}", status.as_str()), word);
                }
            }
        }
        for status in ours {
            table.entry(status.as_str().to_owned()).or_insert(status);
        }
        let from = self.rule("/map/status/from", options.from.as_ref());
        StatusRule { from, table, missing: options.missing.unwrap_or(AlertStatus::Unknown) }
    }

    fn fields(&mut self, options: &MapOptions) -> FieldRules {
        let none = FieldRules::Each(BTreeMap::new());
        let fields = match &options.fields {
            None => return none,
            Some(FieldsOptions::All(text)) => {
                return self.rule("/map/fields", Some(text)).map_or(none, FieldRules::All);
            }
            Some(FieldsOptions::Each(fields)) => fields,
        };
        if fields.len() > ENTRIES_MAX {
            let message = format!("the mapping has {} fields of its own, more than {ENTRIES_MAX}", fields.len());
            self.faults.add("/map/fields", codes::BAD_VALUE, message, "keep those that playbooks use");
        }
        let mut rules = BTreeMap::new();
        for (name, text) in fields {
            let pointer = format!("/map/fields/{}", segment(name));
            let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            if !starts_well || !name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_') {
                let message = format!("`{name}` can't be the name of a field");
                self.faults.add(&pointer, codes::BAD_VALUE, message, "use letters, digits and underscores");
            }
            if let Some(rule) = self.rule(&pointer, Some(text)) {
                rules.insert(name.clone(), rule);
            }
        }
        FieldRules::Each(rules)
    }

    fn redaction(&mut self, options: &MapOptions) -> Redaction {
        let pointers = options.secrets.clone().unwrap_or_default();
        for (index, pointer) in pointers.iter().enumerate() {
            if !pointer.starts_with('/') || index >= ENTRIES_MAX {
                let message = format!("`{pointer}` is no JSON pointer, or one of more than {ENTRIES_MAX}");
                let hint = "write a pointer such as /token or /auth/key (RFC 6901)";
                self.faults.add(&format!("/map/secrets/{index}"), codes::BAD_VALUE, message, hint);
            }
        }
        Redaction(pointers)
    }

    fn ambiguous(&mut self, pointer: &str, word: &str) {
        let message = format!("the word `{word}` stands for two things");
        self.faults.add(pointer, codes::AMBIGUOUS_WORD, message, "letter case and spaces around a word do not matter");
    }
}
