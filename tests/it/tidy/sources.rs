//! The files that the rules look at.

use std::fs;
use std::path::{Path, PathBuf};

use super::code::{only_code, without_tests};

/// One Rust file of `src/`.
pub struct SourceFile {
    /// From the repository's root, with slashes: `src/store/mod.rs`.
    pub path: String,
    pub text: String,
    /// The code that ships: no comments, no strings, nothing under `#[cfg(test)]`; lines stay in place.
    pub code: String,
}

impl SourceFile {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: without_tests(&only_code(text)) }
    }

    /// The modules on the way to this file: `src/store/sqlite/mod.rs` is `["store", "sqlite"]`, the crate's root is empty.
    pub fn module(&self) -> Vec<&str> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let mut module: Vec<&str> = inner.split('/').collect();
        if matches!(module.as_slice(), [.., "mod"] | ["lib" | "main"]) {
            module.pop();
        }
        module
    }

    /// `path:line` of a byte in the code.
    pub fn place(&self, at: usize) -> String {
        let line = self.code[..at].matches('\n').count() + 1;
        format!("{}:{line}", self.path)
    }

    /// Where `word` stands in the code as a whole word (not within a longer name).
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let part_of_name = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        self.code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
            !part_of_name(self.code[..at].chars().next_back())
                && !part_of_name(self.code[at + word.len()..].chars().next())
        })
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of `src/` that ships; `tests.rs` and what lies in a folder `tests` do not.
pub fn shipped() -> Vec<SourceFile> {
    let files =
        files_under(&root().join("src")).into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let files: Vec<_> = files
        .map(|path| SourceFile::new(&relative(&path), &fs::read_to_string(&path).unwrap()))
        .filter(|file| !is_only_tests(&file.path))
        .collect();
    assert!(files.len() > 10, "only {} source files were found; the rules would look at nothing", files.len());
    files
}

pub fn is_only_tests(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// All files below a folder, sorted; links are not followed.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// From the repository's root, with slashes.
pub fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

#[test]
fn a_file_knows_its_module() {
    for (path, module) in [
        ("src/lib.rs", vec![]),
        ("src/clock.rs", vec!["clock"]),
        ("src/store/mod.rs", vec!["store"]),
        ("src/store/sqlite/writer.rs", vec!["store", "sqlite", "writer"]),
    ] {
        assert_eq!(SourceFile::new(path, "").module(), module);
    }
}

#[test]
fn a_word_is_not_found_within_a_longer_one() {
    let file = SourceFile::new("src/a.rs", "sqlx_like();\n// sqlx\nuse sqlx::query;\nlet mysqlx = 1;");
    assert_eq!(file.words("sqlx").map(|at| file.place(at)).collect::<Vec<_>>(), ["src/a.rs:3"]);
}
