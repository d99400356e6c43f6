//! `standdown demo --yes`, as somebody runs it who has just built the program.

use std::process::Stdio;

#[tokio::test]
async fn the_demo_tells_the_whole_story_on_its_own_and_exits_with_zero() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_standdown"));
    let folder = tempfile::tempdir().unwrap();
    command.args(["demo", "--yes"]).current_dir(folder.path()).env("TMPDIR", folder.path());
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{text}\n{errors}", output.status);
    let mut rest = text.as_str();
    for words in
        ["serves at", "works:", "alert", "contained", "STOPPED", "approved through the API", "works again", "replays"]
    {
        assert!(text.contains(words), "{words:?} is missing:\n{text}");
    }
    for words in ["works:", "STOPPED", "approved through the API", "works again"] {
        let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("{words:?} comes too early:\n{text}"));
        rest = after;
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe:\n{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the demo leaves nothing behind");
}
