//! Reading the text of a file, and the excerpts that are shown with faults.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::codes;
use super::document::{DEFAULTS, DEFAULTS_NAME};
use crate::language::{Diagnostic, Lines, Source};

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<Source, Diagnostic> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Source { name, text }),
        Err(error) => {
            let message = format!("failed to read {name}: {}", error.kind());
            Err(Diagnostic::error(codes::UNREADABLE, &name, message).hint("check the path and its permissions"))
        }
    }
}

/// The texts that diagnostics point into, for showing the lines on a terminal. A line on which a secret was written out
/// is blotted out from the fault on.
#[must_use]
pub fn excerpts(diagnostics: &[Diagnostic]) -> Vec<Source> {
    let mut sources: BTreeMap<&str, Source> = BTreeMap::new();
    for diagnostic in diagnostics {
        let name = diagnostic.file.as_str();
        if sources.contains_key(name) {
            continue;
        }
        let source = if name == DEFAULTS_NAME {
            Some(Source { name: name.to_owned(), text: DEFAULTS.to_owned() })
        } else {
            read(Path::new(name)).ok()
        };
        sources.extend(source.map(|source| (name, source)));
    }
    let secrets = diagnostics.iter().filter(|diagnostic| diagnostic.code == codes::LITERAL_SECRET);
    for (diagnostic, span) in secrets.filter_map(|diagnostic| Some((diagnostic, diagnostic.span?))) {
        if let Some(source) = sources.get_mut(diagnostic.file.as_str()) {
            source.text = blotted(&source.text, span.line, span.column as usize);
        }
    }
    sources.into_values().collect()
}

/// The text with the characters of one line hidden from a column on, both counted from 1.
fn blotted(text: &str, line: u32, column: usize) -> String {
    let Some(bytes) = Lines::of(text).bytes(line) else { return text.to_owned() };
    let parts = (text.get(..bytes.start), text.get(bytes.clone()), text.get(bytes.end..));
    let (Some(before), Some(content), Some(after)) = parts else { return text.to_owned() };
    let hidden = content.chars().enumerate().map(|(at, c)| if at + 1 >= column { '*' } else { c });
    format!("{before}{}{after}", hidden.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Span;

    #[test]
    fn a_secret_in_a_file_is_blotted_out_where_its_line_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        fs::write(&path, "gate:\n  token: hunter2\nlisten: x\n").unwrap();
        let name = path.display().to_string();
        let at = |code, line| Diagnostic::error(code, &name, "wrong").at(Some(Span { line, column: 10, length: 7 }));
        let sources = excerpts(&[at(codes::LITERAL_SECRET, 2), at(codes::WRONG_VALUE, 3)]);
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].text, "gate:\n  token: *******\nlisten: x\n");
        assert_eq!(blotted("gate:\r  token: hunter2\rlisten: x", 2, 10), "gate:\r  token: *******\rlisten: x");
    }

    #[test]
    fn a_file_that_is_not_there_is_a_fault_with_its_name() {
        let fault = read(Path::new("/nowhere/standdown.yaml")).unwrap_err();
        assert_eq!((fault.code, fault.file.as_str()), (codes::UNREADABLE, "/nowhere/standdown.yaml"));
        assert!(excerpts(&[fault]).is_empty());
    }
}
