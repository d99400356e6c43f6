//! The examples with real servers, run as their reader would; where a person decides, the example does it by itself.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

#[tokio::test]
async fn the_example_with_real_servers_runs_to_its_good_end_and_leaves_nothing_behind() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    // When this test is killed, the script is told to end, and ends what it started.
    let mut command = tokio::process::Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(root.join("examples/real-alertmanager/run")).arg("--yes");
    command.env("STANDDOWN", env!("CARGO_BIN_EXE_standdown")).env("TMPDIR", folder.path());
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().await.unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{text}\n{errors}", output.status);
    for words in ["X-Standdown-Reason: paused", "is active: False", "ana approved", "the agent works again"] {
        assert!(text.contains(words), "{words:?} is missing:\n{text}\n{errors}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the example leaves nothing behind");
}

#[tokio::test]
async fn the_example_with_two_daemons_shows_one_finishing_what_the_other_began() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    // The database's user has to find its way to its files.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let mut command = tokio::process::Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(root.join("examples/replicas/run"));
    command.env("STANDDOWN", env!("CARGO_BIN_EXE_standdown")).env("TMPDIR", folder.path());
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().await.unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{text}\n{errors}", output.status);
    for words in ["the process died during this attempt", "the call was sent twice with one key"] {
        assert!(text.contains(words), "{words:?} is missing:\n{text}\n{errors}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the example leaves nothing behind");
}
