//! Sizes: files and functions stay small enough to be read in one go. Tests are apart.

use super::code::end_of_item;
use super::demand_none;
use super::sources::{SourceFile, shipped};

const FILE_LINES_MAX: usize = 400;
const FILE_LINES_MEDIAN_MAX: usize = 120;
const FUNCTION_LINES_MAX: usize = 70;

fn lines(file: &SourceFile) -> usize {
    file.text.lines().count()
}

/// The middle length; of an even number, the upper of the two in the middle.
fn median(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

/// Where each function begins, its name and its lines.
fn functions(file: &SourceFile) -> Vec<(usize, String, usize)> {
    let found = file.words("fn").filter_map(|at| {
        let item = &file.code[at..];
        let name: String =
            item["fn".len()..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // `fn(u8) -> u8` is a type.
        (!name.is_empty()).then(|| (at, name, item[..end_of_function(item)].lines().count()))
    });
    found.collect()
}

/// The semicolon of an array in the parameters, as in `[u8; 16]`, does not end a function.
fn end_of_function(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, char) in item.char_indices() {
        match char {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' | ';' if depth == 0 => return at + end_of_item(&item[at..]),
            _ => {}
        }
    }
    item.len()
}

fn long_functions(file: &SourceFile) -> Vec<String> {
    let long = functions(file).into_iter().filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX);
    long.map(|(at, name, lines)| format!("{}: `{name}` has {lines} lines", file.place(at))).collect()
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let files = shipped();
    let long = files.iter().filter(|file| lines(file) > FILE_LINES_MAX);
    let offenders: Vec<_> = long.map(|file| format!("{} has {} lines", file.path, lines(file))).collect();
    demand_none(
        &offenders,
        "A file has at most 400 lines.",
        "split it by noun; large tests move to a `tests.rs` beside it.",
    );
}

#[test]
fn half_of_the_files_have_at_most_120_lines() {
    let files = shipped();
    let median = median(files.iter().map(lines).collect());
    let mut longest: Vec<_> = files.iter().map(|file| (lines(file), &file.path)).collect();
    longest.sort_unstable();
    let longest: Vec<_> =
        longest.iter().rev().take(10).map(|(lines, path)| format!("{path} has {lines} lines")).collect();
    let offenders = if median > FILE_LINES_MEDIAN_MAX { longest } else { Vec::new() };
    demand_none(
        &offenders,
        &format!("The median length of a file is at most 120 lines; it is {median}. The longest ten:"),
        "split files by noun.",
    );
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let offenders: Vec<_> = shipped().iter().flat_map(long_functions).collect();
    demand_none(&offenders, "A function has at most 70 lines.", "give its steps names of their own.");
}

#[test]
fn a_long_function_is_seen_and_its_lines_are_counted() {
    let body = "    a(\"}\"); // }\n".repeat(69);
    let long = format!("struct A;\n\nfn long(b: [u8; 2]) {{\n{body}}}\nfn short() {{}}\ntype C = fn(u8) -> u8;\n");
    let file = SourceFile::new("src/a.rs", &long);
    let counted: Vec<_> = functions(&file).into_iter().map(|(_, name, lines)| (name, lines)).collect();
    assert_eq!(counted, [("long".to_owned(), 71), ("short".to_owned(), 1)]);
    assert_eq!(long_functions(&file), ["src/a.rs:3: `long` has 71 lines"]);
}

#[test]
fn a_test_may_be_long_and_a_trait_function_without_body_ends_at_once() {
    let body = "    a();\n".repeat(80);
    let text = format!(
        "trait B {{\n    fn c(&self);\n    fn d(&self);\n}}\n#[cfg(test)]\nmod tests {{\nfn e() {{\n{body}}}\n}}\n"
    );
    let counted: Vec<_> =
        functions(&SourceFile::new("src/a.rs", &text)).into_iter().map(|(_, _, lines)| lines).collect();
    assert_eq!(counted, [1, 1]);
}

#[test]
fn the_median_is_the_middle_one() {
    assert_eq!(median(vec![500, 1, 2]), 2);
    assert_eq!(median(vec![500, 1, 2, 130]), 130);
    assert_eq!(median(Vec::new()), 0);
}
