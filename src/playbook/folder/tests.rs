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
