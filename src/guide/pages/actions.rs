//! The actions: a list, and a page for each with its parameters and a step that uses it.

use crate::action::Registry;
use crate::domain::{Impact, Protection};
use crate::guide::block::{Block, Entry};
use crate::guide::page::Page;
use crate::playbook::{ActionKind, ActionSpec, ParameterSpec, ParameterType};

use super::keys::sentence;

/// The list.
pub fn page() -> Page {
    let catalogue = Registry::catalogue_without_connections();
    let entries = catalogue.all().map(|spec| {
        let note = spec.impact.map_or("the step says how strong", impact);
        Entry { note: note.to_owned(), ..Entry::to(spec.name.as_str(), &sentence(&spec.help)) }
    });
    let blocks = vec![
        Block::paragraph(
            "What a step can do. How strong an action is decides who must be asked: what destroys or releases stands \
             behind an approval. `standdown help ACTION` shows the parameters.",
        ),
        Block::Entries { entries: entries.collect() },
    ];
    Page { topic: "actions".into(), title: "Actions".into(), line: "what a step can do".into(), blocks }
}

/// A page for each.
pub fn each() -> Vec<Page> {
    Registry::catalogue_without_connections().all().map(|spec| one(spec)).collect()
}

fn one(spec: &ActionSpec) -> Page {
    let mut blocks = vec![Block::paragraph(&sentence(&spec.help))];
    blocks.push(Block::List { items: facts(spec).iter().map(|fact| crate::guide::inline::read(fact)).collect() });
    let mut entries: Vec<Entry> = Vec::new();
    if let Some(connector) = &spec.connector {
        let help = format!("The name of a connection of `{connector}` in the configuration.");
        entries.push(Entry::new("connection", "text, required", &help));
    }
    entries.extend(spec.parameters.iter().map(|(name, parameter)| entry(name, parameter)));
    blocks.push(Block::heading("Parameters"));
    if entries.is_empty() {
        blocks.push(Block::paragraph("None."));
    } else {
        blocks.push(Block::Entries { entries });
    }
    blocks.push(Block::heading("Example"));
    let (part, text) = example(spec);
    blocks.push(Block::example(part, &text));
    Page { topic: spec.name.to_string(), title: spec.name.to_string(), line: sentence(&spec.help), blocks }
}

const fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Notify => "notifies or reads",
        Impact::Contain => "contains",
        Impact::Destroy => "destroys",
        Impact::Release => "releases",
    }
}

fn facts(spec: &ActionSpec) -> Vec<String> {
    let strength = match spec.impact {
        Some(strength) => format!("How strong: it {}.", impact(strength)),
        None => "How strong: the step says it with `impact`; GET and HEAD only read.".to_owned(),
    };
    let doubt = match spec.protection {
        Protection::Read => "it only reads, so it is sent again",
        Protection::Idempotent => "it is sent again: twice has the effect of once",
        Protection::Keyed => "it is sent again with the same key",
        Protection::Verifiable => "the target is asked",
        Protection::None => "a person must look, unless the step says `protection`",
    };
    let mut facts = vec![strength];
    if spec.kind == ActionKind::External {
        facts.push(format!("When it is unknown whether a call was applied: {doubt}."));
    }
    if spec.proves {
        let within = spec.prove_within.as_secs();
        facts.push(format!("Its effect is looked for, for {within} s unless `verify` says otherwise."));
    } else if spec.kind == ActionKind::External {
        facts.push("It brings no probe: its effect is not looked for.".to_owned());
    }
    let undo = if spec.undoable { "yes, with the action `undo`" } else { "no" };
    facts.push(format!("Can be undone: {undo}."));
    if spec.kind == ActionKind::External {
        facts.push(format!("A call may take {} s unless `timeout` says otherwise.", spec.timeout.as_secs()));
    }
    facts
}

fn entry(name: &str, parameter: &ParameterSpec) -> Entry {
    let kind = match parameter.kind {
        ParameterType::String => "text",
        ParameterType::Integer => "a whole number",
        ParameterType::Boolean => "true or false",
        ParameterType::Secret => "a secret",
        ParameterType::List => "a list of text",
        ParameterType::Map => "names and values",
        ParameterType::Any => "any value",
    };
    let note = if parameter.required { format!("{kind}, required") } else { kind.to_owned() };
    let mut help = sentence(&parameter.help);
    if !parameter.values.is_empty() {
        help.push_str(&format_args!(" One of: {}.", parameter.values.join(", ")).to_string());
    }
    Entry::new(name, &note, &help)
}

/// A step that uses the action, and what part of a playbook it is.
fn example(spec: &ActionSpec) -> (&'static str, String) {
    match spec.kind {
        ActionKind::Undo => ("stages", UNDO.to_owned()),
        ActionKind::Notify => ("step", NOTIFY.to_owned()),
        ActionKind::RunPlaybook => ("step", RUN_PLAYBOOK.to_owned()),
        ActionKind::Hold(_) => {
            ("step", format!("- step: hold\n  action: {}\n  with: {{ reason: \"{{{{alert.title}}}}\" }}\n", spec.name))
        }
        ActionKind::External => ("step", external(spec)),
    }
}

const UNDO: &str = r#"- stage: contain
  steps:
    - { step: pause, action: agent.pause, hold: 8h }
- stage: decide
  steps:
    - { step: override, approval: { ask: "Let {{agent.name}} resume?", releases: [resume], timeout: 4h } }
- stage: restore
  steps:
    - { step: resume, action: undo, with: { steps: [pause] } }
"#;

const RUN_PLAYBOOK: &str = r#"- step: watch_children
  for_each: { in: agent.children, as: child }
  action: run_playbook
  with: { playbook: watch-closely, agent: "{{child}}" }
"#;

const NOTIFY: &str = r#"- step: tell_owner
  action: notify
  with:
    to: [owner, "group:security"]
    subject: "{{agent.name}} was stopped"
    text: "{{default alert.title 'No title'}}: please look at it."
"#;

fn external(spec: &ActionSpec) -> String {
    use std::fmt::Write as _;
    let mut with: Vec<String> = spec.connector.iter().map(|_| "connection: my-connection".to_owned()).collect();
    let chosen = |name: &str| matches!(name, "method" | "url" | "pid");
    for (name, parameter) in spec.parameters.iter().filter(|(name, it)| it.required || chosen(name)) {
        with.push(format!("{name}: {}", value(name, parameter)));
    }
    let mut step = format!("- step: do_it\n  action: {}\n", spec.name);
    if !with.is_empty() {
        // Writing to a text can't fail.
        writeln!(step, "  with: {{ {} }}", with.join(", ")).unwrap_or_default();
    }
    if matches!(spec.impact, Some(Impact::Destroy | Impact::Release)) {
        step.push_str("  approval: { ask: \"Sure?\", timeout: 1h }\n");
    }
    step
}

fn value(name: &str, parameter: &ParameterSpec) -> String {
    match (parameter.kind, parameter.values.first()) {
        (ParameterType::Secret, _) => format!("\"{{{{agent.credentials.{name}}}}}\""),
        (_, Some(first)) => first.clone(),
        (ParameterType::String, None) if name == "url" => "\"https://api.example/agents\"".to_owned(),
        (ParameterType::String, None) => format!("\"{{{{agent.handles.system.{name}}}}}\""),
        (ParameterType::Integer, None) => "4711".to_owned(),
        (ParameterType::Boolean, None) => "true".to_owned(),
        (ParameterType::List, None) => "[one]".to_owned(),
        (ParameterType::Map | ParameterType::Any, None) => "{ name: value }".to_owned(),
    }
}
