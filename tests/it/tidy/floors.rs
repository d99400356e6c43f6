//! The floors: a module imports only from below, as `src/lib.rs` and `src/ARCHITECTURE.md` list them.

use super::demand_none;
use super::sources::{SourceFile, shipped};

/// From the ground up. A module that is not here has no floor and may not exist.
const FLOORS: [&[&str]; 7] = [
    &["clock", "domain"],
    &["client", "language", "playbook", "machine"],
    &["action", "channel", "source", "store"],
    &["engine", "guide"],
    &["approval", "intake"],
    &["rehearsal", "web"],
    &["app", "cli", "config"],
];

/// What a module may import of its own floor; the others may nothing.
const ASIDE: [(&str, &[&str]); 5] = [
    ("playbook", &["language"]),
    ("machine", &["language", "playbook"]),
    ("app", &["cli", "config"]),
    ("cli", &["app", "config"]),
    ("config", &["app", "cli"]),
];

/// Modules of floor 2 whose insides are adapters: `web` may name what they re-export and these submodules, no other.
const ADAPTERS: [&str; 4] = ["action", "channel", "source", "store"];
const PORTS: [&str; 2] = ["port", "registry"];
const BACKENDS: [&str; 2] = ["sqlite", "postgres"];

/// A path into another module of the crate: where it stands, and its parts after `crate`.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    at: usize,
    path: Vec<String>,
}

fn imports(file: &SourceFile) -> Vec<Import> {
    let mut found = Vec::new();
    for at in file.words("crate") {
        // `pub(crate)` and `$crate` are no paths; only what follows `crate::` is.
        if let Some(tree) = file.code[at + "crate".len()..].trim_start().strip_prefix("::") {
            expand(tree, &[], at, &mut found);
        }
    }
    // `super::super::x` may climb to the crate's root and down elsewhere.
    let depth = file.module().len();
    for at in file.words("super") {
        let mut rest = &file.code[at..];
        let mut climbed = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, climbed) = (after, climbed + 1);
        }
        if climbed >= depth && !file.code[..at].ends_with("super::") {
            expand(rest, &[], at, &mut found);
        }
    }
    found
}

/// Reads `a::b`, `a::{b, c::d}` and `{a, b}` from the beginning of `tree`; gives what follows.
fn expand<'a>(tree: &'a str, prefix: &[String], at: usize, found: &mut Vec<Import>) -> &'a str {
    let mut path = prefix.to_vec();
    let mut rest = tree.trim_start();
    loop {
        if let Some(mut inner) = rest.strip_prefix('{') {
            while !inner.trim_start().starts_with('}') && !inner.trim_start().is_empty() {
                inner = expand(inner, &path, at, found).trim_start();
                // What is between two paths: a comma, or ` as name`.
                inner = &inner[inner.find([',', '}']).unwrap_or(inner.len())..];
                inner = inner.strip_prefix(',').unwrap_or(inner);
            }
            return inner.trim_start().strip_prefix('}').unwrap_or("");
        }
        let name = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
        path.push(rest[..name].to_owned());
        rest = &rest[name..];
        match rest.trim_start().strip_prefix("::") {
            Some(after) if name > 0 => rest = after.trim_start(),
            _ => break,
        }
    }
    found.push(Import { at, path });
    // Never stand still, whatever the text is.
    if rest.len() == tree.trim_start().len() && !rest.starts_with(['}', ',']) {
        let step = rest.chars().next().map_or(0, char::len_utf8);
        return &rest[step..];
    }
    rest
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Whether a module that stands on `floor` may import `target`. What is no module of the crate is none of our concern.
fn may_import(own: &str, own_floor: usize, target: &str) -> bool {
    let aside = || ASIDE.iter().any(|(module, targets)| *module == own && targets.contains(&target));
    floor(target).is_none_or(|below| below < own_floor) || target == own || aside()
}

/// Every import of this file that goes up, or sideways.
fn misplaced(file: &SourceFile) -> Vec<String> {
    let module = file.module();
    let Some(own) = module.first() else { return Vec::new() };
    let Some(own_floor) = floor(own) else {
        return vec![format!("{}: the module `{own}` has no floor", file.path)];
    };
    let wrong = imports(file).into_iter().filter(|import| !may_import(own, own_floor, &import.path[0]));
    wrong
        .map(|import| format!("{}: `{own}` imports `crate::{}`", file.place(import.at), import.path.join("::")))
        .collect()
}

/// Every import of this file of `web` that reaches into an adapter.
fn reaches_into_an_adapter(file: &SourceFile) -> Vec<String> {
    if file.module().first() != Some(&"web") {
        return Vec::new();
    }
    let wrong = imports(file).into_iter().filter(|import| {
        let [module, inner, rest @ ..] = import.path.as_slice() else { return false };
        let submodule = !rest.is_empty() && inner.starts_with(|char: char| char.is_lowercase());
        match module.as_str() {
            "store" => BACKENDS.contains(&inner.as_str()),
            name if ADAPTERS.contains(&name) => submodule && !PORTS.contains(&inner.as_str()),
            _ => false,
        }
    });
    wrong.map(|import| format!("{}: `crate::{}`", file.place(import.at), import.path.join("::"))).collect()
}

#[test]
fn a_module_imports_only_from_lower_floors() {
    let offenders: Vec<_> = shipped().iter().flat_map(misplaced).collect();
    demand_none(
        &offenders,
        "A module imports only from lower floors, and modules of one floor not from each other (see src/lib.rs).",
        "move the shared type down to `domain`, take it as a parameter, or let a port of a lower floor be implemented above.",
    );
}

#[test]
fn web_names_ports_and_never_an_adapter() {
    let offenders: Vec<_> = shipped().iter().flat_map(reaches_into_an_adapter).collect();
    demand_none(
        &offenders,
        "web knows ports, not what implements them.",
        "use the trait or the registry that the module re-exports at its root; `app.rs` chooses the adapter.",
    );
}

#[test]
fn the_modules_of_the_crate_and_of_this_rule_are_the_same() {
    let library = SourceFile::new("src/lib.rs", include_str!("../../../src/lib.rs"));
    let mut declared: Vec<_> = library.code.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")).collect();
    let mut known: Vec<_> = FLOORS.iter().flat_map(|floor| floor.iter()).map(|name| format!("{name};")).collect();
    declared.sort_unstable();
    known.sort_unstable();
    assert_eq!(
        declared, known,
        "give a new module its floor in src/lib.rs, in ARCHITECTURE.md and in tests/it/tidy/floors.rs"
    );
}

#[test]
fn an_import_from_above_or_aside_is_seen_however_it_is_written() {
    for (path, text) in [
        ("src/machine/mod.rs", "use crate::store::Commit;"),
        ("src/machine/run.rs", "fn a() -> crate::engine::Engine { todo }"),
        ("src/action/http.rs", "use crate::{domain::Agent, channel::{Channel, smtp as s}};"),
        ("src/language/yaml.rs", "use super::super::machine::Run;"),
        ("src/clock.rs", "use super::domain::Agent;"),
        ("src/intake/mod.rs", "use crate::approval;"),
        ("src/store/sqlite/mod.rs", "use crate::{\n    domain::{a, b},\n    engine,\n};"),
        ("src/helpers/mod.rs", ""),
    ] {
        assert!(!misplaced(&SourceFile::new(path, text)).is_empty(), "{path}: {text}");
    }
}

#[test]
fn an_import_from_below_or_from_the_same_module_is_allowed() {
    for (path, text) in [
        (
            "src/machine/mod.rs",
            "use crate::{domain::{Agent, Run}, language::Expression, playbook::Playbook, machine::x};",
        ),
        ("src/engine/worker.rs", "use super::store::Thing; use crate::store::RunLog; pub(crate) fn a() {}"),
        ("src/web/hooks.rs", "use crate::intake::receive; // crate::cli::no"),
        ("src/domain/run.rs", "const A: &str = \"crate::store\";\n#[cfg(test)]\nmod tests { use crate::engine::X; }"),
        ("src/app.rs", "use crate::{cli, config, web};"),
        ("src/store/mod.rs", "macro_rules! a { () => { $crate::store::b() }; }"),
    ] {
        assert_eq!(misplaced(&SourceFile::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn web_may_use_a_port_but_not_a_backend() {
    let web = |text: &str| reaches_into_an_adapter(&SourceFile::new("src/web/api/runs.rs", text)).len();
    assert_eq!(web("use crate::store::sqlite::Store;"), 1);
    assert_eq!(web("use crate::store::{ReadModel, postgres};"), 1);
    assert_eq!(web("use crate::action::http_call::Call;"), 1);
    assert_eq!(web("use crate::{store::{ReadModel, read::Page}, action::{Action, registry::Registry}};"), 0);
}
