//! Tests of reading a folder.

use super::*;
use crate::playbook::fixture::catalogue;

fn good(name: &str) -> String {
    format!(
        "playbook: {name}\nmatch: {{ when: \"true\" }}\nstages: [{{ stage: a, steps: [{{ step: b, wait: 1s }}] }}]\n"
    )
}

fn folder(files: &[(&str, &[u8])]) -> Folder {
    let place = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(place.path().join(name), bytes).unwrap();
    }
    compile_folder(place.path(), &catalogue())
}

fn found(folder: &Folder) -> Vec<(&str, &str)> {
    let name = |path: &'_ str| path.rfind('/').map_or(0, |index| index + 1);
    folder.diagnostics.iter().map(|one| (one.code, &one.file[name(&one.file)..])).collect()
}

#[test]
fn a_folder_gives_its_playbooks_in_order_and_leaves_tests_alone() {
    let files = [("b.yaml", good("b")), ("a.yaml", good("a")), ("a.test.yaml", "not: a playbook".to_owned())];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let folder = folder(&files);
    assert_eq!(found(&folder), []);
    let names: Vec<&str> = folder.playbooks.iter().map(|playbook| playbook.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(folder.sources.len(), 2);
}

#[test]
fn two_files_with_one_name_are_an_error_at_the_second_name() {
    let folder = folder(&[("a.yaml", good("same").as_bytes()), ("b.yaml", good("same").as_bytes())]);
    assert_eq!(found(&folder), [(codes::DUPLICATE_PLAYBOOK, "b.yaml")]);
    let span = folder.diagnostics[0].span.unwrap();
    assert_eq!((span.line, span.column, span.length), (1, 11, 4));
    assert!(folder.diagnostics[0].message.contains("a.yaml"));
    assert_eq!(folder.playbooks.len(), 1);
}

#[test]
fn what_can_not_be_read_is_said_and_the_rest_is_compiled() {
    let folder =
        folder(&[("a.yaml", b"\xff\xfe"), ("b.yaml", good("b").as_bytes()), ("c.yml", b"x"), ("d.yaml", b"x: [")]);
    let found = found(&folder);
    assert_eq!(found[0], (codes::FILE, "c.yml"));
    assert_eq!(found[1], (codes::FILE, "a.yaml"));
    assert_eq!(found[2], (crate::language::codes::YAML_SYNTAX, "d.yaml"));
    assert_eq!((found.len(), folder.playbooks.len()), (3, 1));
    let missing = compile_folder(Path::new("/nowhere/at-all.yaml"), &catalogue());
    assert_eq!(missing.diagnostics[0].code, codes::FILE);
}

#[test]
fn what_is_no_text_is_shown_where_it_is() {
    let mut bytes = good("a").into_bytes();
    bytes.extend_from_slice("title: caf\u{e9} ".as_bytes());
    bytes.extend_from_slice(b"\xe9\n");
    let found = folder(&[("a.yaml", bytes.as_slice())]).diagnostics.remove(0);
    let span = found.span.unwrap();
    assert_eq!((found.code, span.line, span.column), (codes::FILE, 4, 13), "{found:?}");
    let utf16: Vec<u8> = format!("\u{feff}{}", good("a")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = folder(&[("a.yaml", utf16.as_slice())]).diagnostics.remove(0);
    assert!(found.message.contains("UTF-16") && found.hint.unwrap().contains("UTF-8"), "{}", found.message);
}

#[test]
fn a_file_of_ten_megabytes_is_refused_by_its_size_and_not_by_what_it_was_cut_at() {
    let bytes = "\u{e9}".repeat(5 * 1024 * 1024);
    let found = folder(&[("a.yaml", bytes.as_bytes())]).diagnostics.remove(0);
    assert_eq!(found.code, crate::language::codes::YAML_TOO_LARGE);
    assert!(found.message.contains("10240 KiB"), "{}", found.message);
}
