//! The playbooks that come with the program: a list, and a page for each.
//!
//! A page is made from the file itself and from the names of its tests, so that it can tell of nothing else than what is
//! shipped. The files stand in the program, because a daemon may run where the folder is not.

use std::time::Duration;

use jiff::SignedDuration;

use crate::action::Registry;
use crate::domain::approval::OnTimeout;
use crate::guide::block::{Block, Entry};
use crate::guide::inline::{self, Inline};
use crate::guide::markdown;
use crate::guide::page::Page;
use crate::language::Source;
use crate::playbook::{ApprovalSpec, Body, OnAlert, Order, Playbook, Stage, Step, compile};

macro_rules! shipped {
    ($($name:literal),+ $(,)?) => {
        [$(Shipped {
            name: $name,
            text: include_str!(concat!("../../../playbooks/", $name, ".yaml")),
            tests: include_str!(concat!("../../../playbooks/", $name, ".test.yaml")),
        }),+]
    };
}

/// A playbook as it is shipped.
struct Shipped {
    name: &'static str,
    text: &'static str,
    tests: &'static str,
}

const SHIPPED: [Shipped; 14] = shipped![
    "token-misuse",
    "unseen-system",
    "privilege-escalation",
    "data-volume",
    "prompt-injection",
    "runaway",
    "shared-credential",
    "orphaned-agent",
    "leaked-secret",
    "posture-drop",
    "sensitive-action",
    "quiet-agent",
    "contained-again",
    "unknown-agent",
];

/// The list of these pages.
pub fn page(each: &[Page]) -> Page {
    let entries = each.iter().map(|page| Entry::to(&page.topic, &page.line)).collect();
    let blocks = vec![
        Block::paragraph(
            "They lie in `playbooks/`, each with its tests beside it, and only observe until you write `mode: enforce`. Copy \
             one into the folder of your daemon, put your connections into it, and run `standdown check` and `standdown test`.",
        ),
        Block::Entries { entries },
    ];
    let line = "the playbooks that come with Standdown".to_owned();
    Page { topic: "shipped".into(), title: "Shipped playbooks".into(), line, blocks }
}

/// A page for each. (One that does not compile has none; a test sees that all do.)
pub fn each() -> Vec<Page> {
    let catalogue = Registry::catalogue_without_connections();
    let pages = SHIPPED.iter().filter_map(|shipped| {
        let source = Source { name: format!("{}.yaml", shipped.name), text: shipped.text.to_owned() };
        let (playbook, _) = compile(&source, &catalogue).ok()?;
        Some(one(shipped, &playbook))
    });
    pages.collect()
}

fn one(shipped: &Shipped, playbook: &Playbook) -> Page {
    let mut blocks = markdown::read(&about(shipped.text));
    blocks.push(Block::heading("When it starts"));
    blocks.extend(start(playbook));
    blocks.push(Block::heading("What it does"));
    blocks.extend(playbook.stages.iter().flat_map(stage));
    let requests: Vec<Vec<Inline>> = playbook.steps().filter_map(request).map(|text| inline::read(&text)).collect();
    if !requests.is_empty() {
        blocks.push(Block::heading("Whom it asks"));
        blocks.push(Block::List { items: requests });
    }
    blocks.push(Block::heading("What its tests show"));
    let cases = shipped.tests.lines().filter_map(|line| line.strip_prefix("  - case: "));
    blocks
        .push(Block::List { items: cases.map(|case| vec![Inline::Text(case.trim_matches('"').to_owned())]).collect() });
    blocks.push(Block::heading("The file"));
    blocks.push(Block::example("", shipped.text));
    Page { topic: shipped.name.into(), title: playbook.title.clone(), line: playbook.title.clone(), blocks }
}

/// The comment at the head of the file.
fn about(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.starts_with('#')).filter(|line| !line.contains("$schema="));
    let words: Vec<&str> = lines.map(|line| line.trim_start_matches('#').trim_start()).collect();
    words.join("\n")
}

fn start(playbook: &Playbook) -> Vec<Block> {
    let mut blocks = Vec::new();
    match &playbook.timetable {
        Some(timetable) => {
            let text = format!("At `{}`, about each agent for which this holds:", timetable.schedule.source());
            blocks.push(Block::paragraph(&text));
            blocks.push(Block::example("when", timetable.agents.source().trim()));
        }
        None => blocks.push(Block::example("when", playbook.when.source().trim())),
    }
    let further = match playbook.on_new_alert {
        OnAlert::Join => "A further alert of the same incident joins the run under way.",
        OnAlert::Restart => "A further alert of the same incident starts it anew, in the place of the run under way.",
        OnAlert::Ignore => "A further alert of the same incident changes nothing while it runs.",
    };
    let mut items = vec![further.to_owned()];
    items.extend(playbook.budget.map(|budget| {
        let per = length(budget.per);
        format!("It contains at most {} agents per {per} by itself; beyond that people decide.", budget.contain)
    }));
    blocks.push(Block::List { items: items.iter().map(|item| inline::read(item)).collect() });
    blocks
}

fn stage(stage: &Stage) -> Vec<Block> {
    let order = match stage.order {
        Order::Sequential => ", one step after another",
        Order::Parallel if stage.steps.len() > 1 => ", all steps at once",
        Order::Parallel => "",
    };
    let when = stage.when.as_ref().map(|when| format!(", if `{}`", when.source().trim())).unwrap_or_default();
    let entries = stage.steps.iter().map(step).collect();
    vec![Block::paragraph(&format!("Stage `{}`{order}{when}:", stage.name)), Block::Entries { entries }]
}

fn step(step: &Step) -> Entry {
    let (topic, note, mut help) = match &step.body {
        Body::Action(action) => {
            let help = action
                .guard
                .as_ref()
                .map_or_else(String::new, |guard| format!("Only after people said yes to: {} ", quoted(guard)));
            (
                action.spec.name.to_string(),
                action.spec.name.to_string(),
                format!("{help}{}", super::keys::sentence(&action.spec.help)),
            )
        }
        Body::Approval(asked) => (String::new(), "approval".to_owned(), format!("Asks: {}", quoted(asked))),
        Body::Wait(wait) => (
            String::new(),
            format!("wait {}", length(wait.span)),
            match &wait.until {
                Some(until) => format!("Until `{}`.", until.source().trim()),
                None => "Lets time pass.".to_owned(),
            },
        ),
    };
    if let Some(when) = &step.when {
        help = format!("{help} Only if `{}`.", when.source().trim());
    }
    Entry { topic, ..Entry::new(step.name.as_str(), &note, &help) }
}

/// A question as it stands in the file; a template is no mark of ours.
fn quoted(asked: &ApprovalSpec) -> String {
    format!("\"{}\"", asked.ask.source())
}

/// Who is asked by a step, for how long, and what silence does.
fn request(step: &Step) -> Option<String> {
    let asked = match &step.body {
        Body::Approval(asked) => asked,
        Body::Action(action) => action.guard.as_deref()?,
        Body::Wait(_) => return None,
    };
    let people: Vec<String> = asked.approvers.iter().map(|who| format!("`{who}`")).collect();
    let silence = match asked.on_timeout {
        OnTimeout::Reject => "silence is a no",
        OnTimeout::Escalate => "silence asks others once, and is then a no",
        OnTimeout::Act => "silence lets it be done",
    };
    let time = length(asked.timeout);
    Some(format!("`{}`: {}, for {time}; {silence}.", step.name, people.join(", ")))
}

/// A length of time as playbooks write it: `4h`.
fn length(time: Duration) -> String {
    SignedDuration::try_from(time).map(|time| format!("{time:#}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_playbook_of_the_folder_has_a_page_that_tells_of_every_step_and_every_case() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let names: BTreeSet<String> = files
            .filter(|file| !file.ends_with(".test.yaml"))
            .filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned()))
            .collect();
        let pages = each();
        assert_eq!(pages.iter().map(|page| page.topic.clone()).collect::<BTreeSet<_>>(), names);
        let catalogue = Registry::catalogue_without_connections();
        for (page, shipped) in pages.iter().zip(&SHIPPED) {
            let shown = crate::guide::render(page);
            let source = Source { name: shipped.name.into(), text: shipped.text.into() };
            let (playbook, _) = compile(&source, &catalogue).unwrap();
            for step in playbook.steps() {
                let said = page.blocks.iter().any(|block| {
                    matches!(block, Block::Entries { entries } if entries.iter().any(|entry| entry.name == step.name.as_str()))
                });
                assert!(said, "{}: {}", shipped.name, step.name);
            }
            let cases = shipped.tests.matches("- case: ").count();
            let mut listed = page.blocks.iter().filter_map(|block| match block {
                Block::List { items } => Some(items.len()),
                _ => None,
            });
            assert!(cases > 0 && listed.next_back() == Some(cases), "{}: {cases} cases", shipped.name);
            assert!(shown.len() > 1000 && !about(shipped.text).trim().is_empty(), "{shown}");
        }
    }
}
