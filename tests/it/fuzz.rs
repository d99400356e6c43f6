//! Damaged playbooks by the thousand: whatever the file holds, the compiler answers, and its answer has a place.
//!
//! The same seed gives the same files in the same order. `FUZZ_SECONDS` says for how long (20 s otherwise), `FUZZ_SEED`
//! which seed: `FUZZ_SECONDS=600 tests/run fuzz::`.

mod corpus;
mod mutation;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::Value;
use standdown::action::Registry;
use standdown::domain::Digest;
use standdown::language::{Diagnostic, Lines, Source, parse};
use standdown::playbook::{Catalogue, Playbook, compile};

use corpus::corpus;
use mutation::Mutator;

/// How long one file may take on a busy machine.
const FILE_MAX: Duration = Duration::from_secs(20);

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn source(text: &str) -> Source {
    Source { name: "fuzz.yaml".to_owned(), text: text.to_owned() }
}

/// What a playbook means: everything but the text that said it.
fn meaning(playbook: Playbook) -> String {
    format!("{:#?}", Playbook { text: "".into(), digest: Digest::of(b""), file: String::new(), ..playbook })
}

/// The values of a file, written out again by a printer that knows nothing of how it was laid out.
fn print(text: &str) -> String {
    let (value, _) = parse::<Value>(&source(text)).unwrap();
    serde_yaml::to_string(&value).unwrap()
}

/// A playbook means what its values say, not how they are laid out: what was compiled, printed and compiled again is the
/// same, and prints the same.
fn assert_stable(text: &str, playbook: Playbook, catalogue: &Catalogue) {
    let printed = print(text);
    let again = compile(&source(&printed), catalogue);
    // Aliases are written out, and a file may be too large without them.
    if again.as_ref().is_err_and(|found| found.iter().all(|fault| fault.code == "SD0002")) {
        assert!(text.contains('*') && printed.len() > text.len(), "what is no larger is refused as too large:\n{text}");
        return;
    }
    let (again, _) =
        again.unwrap_or_else(|found| panic!("what was printed is refused: {found:#?}\n{printed}\nfrom\n{text}"));
    assert_eq!(meaning(playbook), meaning(again), "{printed}\nfrom\n{text}");
    assert_eq!(print(&printed), printed, "printing is not stable");
}

/// A fault says what is wrong, and its place is in the file.
fn assert_sound(text: &str, fault: &Diagnostic) {
    assert!(!fault.message.is_empty() && fault.code.starts_with("SD0"), "{fault:?}");
    let Some(span) = fault.span else { return };
    let lines = Lines::of(text);
    assert!(
        (1..=lines.count()).contains(&(span.line as usize)) && span.column >= 1 && span.length >= 1,
        "{fault:?}\n{text}"
    );
    // The end of a line is a place, too: there something is missing. A fault may cover several lines.
    let rest = lines.iter(text).skip(span.line as usize - 1);
    let line = rest.clone().next().unwrap_or_default().chars().count();
    let to_the_end: usize = rest.map(|line| line.chars().count() + 1).sum();
    let (before, length) = (span.column as usize - 1, span.length as usize);
    assert!(before <= line && before + length <= to_the_end + 1, "outside of the file: {fault:?}\n{text}");
}

#[test]
fn no_damage_to_a_playbook_makes_the_compiler_panic_hang_or_lose_its_place() {
    let (seconds, seed) = (variable("FUZZ_SECONDS", 20), variable("FUZZ_SEED", 1));
    println!("FUZZ_SEED={seed} FUZZ_SECONDS={seconds}");
    let catalogue = Registry::catalogue_without_connections();
    let corpus = corpus();
    let mut mutator = Mutator::new(seed, &corpus);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut files, mut taken) = (0_u64, 0_u64);
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    while Instant::now() < until {
        let text = mutator.next();
        files += 1;
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| match compile(&source(&text), &catalogue) {
            Ok((playbook, warnings)) => {
                assert_stable(&text, playbook, &catalogue);
                (true, warnings)
            }
            Err(found) => {
                assert!(!found.is_empty(), "refused without a word");
                (false, found)
            }
        }));
        let Ok((good, found)) = outcome else { panic!("file {files} of FUZZ_SEED={seed} (above is why):\n{text}") };
        assert!(began.elapsed() < FILE_MAX, "file {files} of FUZZ_SEED={seed} took {:?}:\n{text}", began.elapsed());
        taken += u64::from(good);
        for fault in &found {
            assert_sound(&text, fault);
            *codes.entry(fault.code).or_default() += 1;
        }
    }
    println!("{files} files, {taken} of them taken; codes: {codes:?}");
    assert!(taken > 0 && taken < files, "{taken} of {files} were taken: the damage is too much or too little");
    assert!(seconds < 10 || codes.len() > 30, "the damage reaches too little of the compiler: {codes:?}");
}

#[test]
fn every_playbook_that_comes_with_standdown_means_the_same_when_it_is_printed_and_compiled_again() {
    let catalogue = Registry::catalogue_without_connections();
    let mut names = BTreeSet::new();
    for text in corpus() {
        if let Ok((playbook, _)) = compile(&source(&text), &catalogue) {
            names.insert(playbook.name.to_string());
            assert_stable(&text, playbook, &catalogue);
        }
    }
    assert!(names.contains("token-misuse") && names.len() > 20, "{names:?}");
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let corpus = corpus();
    let files = |seed| {
        let mut mutator = Mutator::new(seed, &corpus);
        (0..50).map(|_| mutator.next()).collect::<Vec<_>>()
    };
    assert_eq!(files(7), files(7));
    assert_ne!(files(7), files(8));
}
