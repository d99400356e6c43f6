//! Files that can't be had: read-only, in a folder that can't be written, of another daemon, or no database at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::database;
use crate::harness::scene::Scene;

/// Root may write everything, unless it has given that up.
fn ordinary(setup: Setup) -> Setup {
    if !rustix::process::getuid().is_root() {
        return setup;
    }
    let powers = "-dac_override,-dac_read_search";
    setup.under(&["setpriv", "--bounding-set", powers, "--inh-caps", powers, "--"])
}

/// The daemon ends with 1 and says this; nothing in it panicked.
async fn assert_refuses(daemon: &mut Daemon, words: &[&str]) {
    let ended = daemon.fail_to_start().await;
    let log = daemon.log();
    assert_eq!(ended.code(), Some(1), "{log}");
    for word in words {
        assert!(log.contains(word), "`{word}` is not said:\n{log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test]
async fn a_database_that_may_only_be_read_is_refused_at_the_start_with_what_to_do() {
    let mut daemon = Daemon::start(&ordinary(Setup::new())).await;
    daemon.stop().await;
    let file = database::file(daemon.folder());
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    assert_refuses(
        &mut daemon,
        &["failed to open the store at", "standdown.db", "Permission denied", "must be able to write"],
    )
    .await;
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    daemon.restart().await;
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_is_refused_at_the_start_with_what_to_do() {
    let mut daemon = Daemon::prepare(&ordinary(Setup::new().set("/store", json!("sqlite:kept/standdown.db"))));
    let kept = daemon.folder().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::set_permissions(&kept, Permissions::from_mode(0o500)).unwrap();
    assert_refuses(
        &mut daemon,
        &["failed to open the store at", "kept/standdown.db", "Permission denied", "must be able to write"],
    )
    .await;
    fs::set_permissions(&kept, Permissions::from_mode(0o700)).unwrap();
    daemon.restart().await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_file_is_refused_and_told_who_has_it() {
    let scene = Scene::start(|setup| setup).await;
    let file = database::file(scene.daemon.folder());
    let mut second = Daemon::prepare(&Setup::new().set("/store", json!(format!("sqlite:{}", file.display()))));
    let holder = format!("is locked by process {}; stop that one first", scene.daemon.id());
    assert_refuses(&mut second, &[&holder]).await;
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let mut daemon = Daemon::prepare(&Setup::new());
    let file = database::file(daemon.folder());
    let text = "these are my notes, and no database".repeat(300);
    fs::write(&file, &text).unwrap();
    assert_refuses(&mut daemon, &["failed to open the store at", "not a database"]).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
