//! What lies in the repository: the top level, the names of migrations, and no trace of the machine it was written on.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use regex::Regex;
use standdown::domain::Digest;

use super::demand_none;
use super::sources::{files_under, root};

/// Dot-files may lie there too.
const TOP_LEVEL: [&str; 9] =
    ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "examples", "migrations", "playbooks", "src", "tests"];
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

fn foreign_at_the_top(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str())).cloned().collect()
}

/// What git knows or would take up: neither ignored nor outside. Without git, what lies there except build output.
fn repository_files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success());
    let files: Vec<String> = match listed {
        Some(output) => String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect(),
        None => without_git(),
    };
    assert!(files.len() > 10, "only {} files were found; the rules would look at nothing", files.len());
    files
}

fn without_git() -> Vec<String> {
    let ignored = ["target/", ".git/", "tests/.servers/"];
    let files = files_under(root()).into_iter().map(|path| super::sources::relative(&path));
    files.filter(|path| !ignored.iter().any(|ignored| path.starts_with(ignored))).collect()
}

/// Folders of one machine, and the hosts that packages come from. They stand in pieces here, or this file would offend.
fn traces() -> Regex {
    let folders = ["tmp\\b", "work/", "root/", "home/"].map(|folder| format!(r#"(?:^|[\s"'`=(])/{folder}"#));
    let hosts = [
        [r"registry\.np", r"mjs\.org"],
        [r"py", r"pi\.org"],
        [r"python", r"hosted\.org"],
        [r"crates", r"\.io\b"],
        [r"deb", r"\.debian\.org"],
    ];
    let patterns: Vec<_> = folders.into_iter().chain(hosts.map(|pieces| pieces.concat())).collect();
    Regex::new(&patterns.join("|")).unwrap()
}

fn lines_with_traces(path: &str, text: &str) -> Vec<String> {
    let traces = traces();
    let lines = text.lines().enumerate().filter(|(_, line)| traces.is_match(line));
    lines.map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim())).collect()
}

/// Migrations are `0001_what_it_does.sql`, counted from 1 without gaps, and named alike for every backend.
fn badly_named(migrations: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let shape = Regex::new(r"^[0-9]{4}_[a-z0-9]+(_[a-z0-9]+)*\.sql$").unwrap();
    let mut offenders = Vec::new();
    for (backend, names) in migrations {
        for (index, name) in names.iter().enumerate() {
            if !shape.is_match(name) {
                offenders.push(format!("migrations/{backend}/{name}: not of the form 0001_what_it_does.sql"));
            } else if !name.starts_with(&format!("{:04}_", index + 1)) {
                offenders.push(format!("migrations/{backend}/{name}: number {:04} was expected", index + 1));
            }
        }
    }
    let mut backends = migrations.iter();
    if let Some((first, names)) = backends.next() {
        let other = backends.filter(|(_, others)| *others != names);
        offenders
            .extend(other.map(|(backend, _)| format!("migrations/{backend}: other names than migrations/{first}")));
    }
    offenders
}

#[test]
fn nothing_foreign_lies_at_the_top_level() {
    let mut names: Vec<_> =
        repository_files().iter().filter_map(|path| path.split('/').next().map(str::to_owned)).collect();
    names.dedup();
    demand_none(
        &foreign_at_the_top(&names),
        "The top level holds the package, its folders and dot-files, nothing else.",
        "move it under src, playbooks, migrations, tests or examples.",
    );
}

#[test]
fn no_file_tells_of_the_machine_it_was_written_on() {
    let mut offenders = Vec::new();
    for path in repository_files() {
        let lock = LOCK_FILES.iter().any(|lock| path.rsplit('/').next() == Some(lock));
        // A picture or another binary is no text; a file that was deleted but not yet committed is gone.
        if !lock && let Ok(text) = fs::read_to_string(root().join(&path)) {
            offenders.extend(lines_with_traces(&path, &text));
        }
    }
    demand_none(
        &offenders,
        "No file names a folder of one machine or a host that packages come from (lock files may).",
        "use a temporary folder made by the test, a path relative to the repository, or the tool's default.",
    );
}

#[test]
fn migrations_are_numbered_and_named_alike_for_every_backend() {
    let mut migrations = BTreeMap::<String, Vec<String>>::new();
    for path in repository_files() {
        if let Some((backend, name)) = path.strip_prefix("migrations/").and_then(|path| path.split_once('/')) {
            migrations.entry(backend.to_owned()).or_default().push(name.to_owned());
        }
    }
    for names in migrations.values_mut() {
        names.sort_unstable();
    }
    demand_none(
        &badly_named(&migrations),
        "Migrations are migrations/<backend>/0001_what_it_does.sql, the same numbers and names for every backend.",
        "rename the file, unless it was released: then add a new one.",
    );
}

/// What stands in databases already. A file more is a line more, once it is on the main branch.
const STANDING_MIGRATIONS: [(&str, &str); 6] = [
    ("postgres/0001_first.sql", "66b007ebf437fa8071fb33887e54dfcea62e071528f1bfe6e2e2d601fdaa5b6a"),
    ("postgres/0002_approvals_of_playbooks.sql", "2c711d1137f0c7758b6d262b0f791f4df46fd4d2c7c3799b434b8317221c3314"),
    ("postgres/0003_bundles_of_approvals.sql", "e1f83a47275c45bb5a2d9d7116c1401de2d109c1e8b73502dd2201ae00bb21d3"),
    ("sqlite/0001_first.sql", "c44684b82935573c3dc32300ea499ff10eda28cf202ce50268a4cae71bbfd072"),
    ("sqlite/0002_approvals_of_playbooks.sql", "2c711d1137f0c7758b6d262b0f791f4df46fd4d2c7c3799b434b8317221c3314"),
    ("sqlite/0003_bundles_of_approvals.sql", "7dffea57fb07d77318a3ea505f80c49d50857c8c2b098cbb9ff3a67ef4f451c2"),
];

#[test]
fn a_migration_that_stands_is_never_changed() {
    for (name, digest) in STANDING_MIGRATIONS {
        let text = std::fs::read(root().join("migrations").join(name)).unwrap();
        let now = Digest::of(&text).to_string();
        assert_eq!(now, digest, "{name} was changed: databases that have it refuse to open; add a new file instead");
    }
}

#[test]
fn a_foreign_name_at_the_top_is_seen() {
    let names = ["src", ".ci", ".gitignore", "notes.md", "scripts", "LICENSE"].map(str::to_owned);
    assert_eq!(foreign_at_the_top(&names), ["notes.md", "scripts"]);
}

#[test]
fn a_trace_of_a_machine_is_seen_and_a_path_of_a_url_is_not() {
    let slash = '/';
    for trace in [
        format!("see {slash}tmp{slash}x"),
        format!("\"{slash}work{slash}x\""),
        format!("home={slash}home{slash}me"),
        format!("https:{slash}{slash}registry.np{}", "mjs.org"),
        format!("https:{slash}{slash}py{}{slash}simple", "pi.org"),
    ] {
        assert_eq!(lines_with_traces("a.md", &format!("fine\n{trace}\n")).len(), 1, "{trace}");
    }
    for fine in [
        "POST /workload-principals/api",
        "{{@root.agent}}",
        concat!("https://a.test/", "work/1"),
        "/var/lib/standdown",
        "tests/tmp/",
    ] {
        assert_eq!(lines_with_traces("a.md", fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_gap_a_bad_name_or_a_difference_between_backends_is_seen() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let one = |sqlite: &[&str]| BTreeMap::from([("sqlite".to_owned(), names(sqlite))]);
    assert_eq!(badly_named(&one(&["0001_first.sql", "0002_next_one.sql"])), Vec::<String>::new());
    assert_eq!(badly_named(&one(&["0001_first.sql", "0003_third.sql"])).len(), 1);
    assert_eq!(badly_named(&one(&["0001_First.sql"])).len(), 1);
    assert_eq!(badly_named(&one(&["1_first.sql"])).len(), 1);
    assert_eq!(badly_named(&one(&["0001_a.sql", "0001_b.sql"])).len(), 1);
    let mut both = one(&["0001_first.sql"]);
    both.insert("postgres".to_owned(), names(&["0001_other.sql"]));
    assert_eq!(badly_named(&both).len(), 1);
}
