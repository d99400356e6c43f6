//! `standdown backup` and `restore`: what is copied is all that there is, and what is restored behaves.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use super::fsck::{eventful, fsck};
use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::database;
use crate::harness::lab::Revocation;
use crate::harness::scene::{PATIENCE, Scene};

fn copy_of(daemon: &Daemon) -> (PathBuf, String) {
    let path = daemon.folder().join("monday.backup");
    let text = path.display().to_string();
    (path, text)
}

/// What a command that must fail says.
async fn refused(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.cli(arguments).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    text
}

#[tokio::test]
async fn a_backup_has_every_row_of_every_table_and_is_its_owners_alone() {
    let (mut scene, _) = eventful().await;
    scene.daemon.stop().await;
    let (path, copy) = copy_of(&scene.daemon);
    let said = scene.daemon.cli_text(&["backup", &copy]).await;
    assert!(said.contains(&copy), "{said}");
    let (original, copied) =
        (database::dump(&database::file(scene.daemon.folder())).await, database::dump(&path).await);
    assert!(original.len() > 15 && original["events"].len() > 5, "{original:#?}");
    assert_eq!(copied, original);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = refused(&scene.daemon, &["backup", &copy]).await;
    assert!(again.contains("it is there already") && again.contains("--force"), "{again}");
    scene.daemon.cli_text(&["backup", &copy, "--force"]).await;
    assert_eq!(database::dump(&path).await, original);
    let nowhere = refused(&scene.daemon, &["backup", "/nowhere/at/all/copy.db"]).await;
    assert!(nowhere.contains("/nowhere/at/all"), "{nowhere}");
    let left = std::fs::read_dir(scene.daemon.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("standdown-backup")).collect();
    assert!(left.is_empty(), "something was left behind: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_sound_and_has_everything_that_was_acknowledged_before_it() {
    let mut scene = Scene::start(|setup| setup).await;
    let deliver = async |from: usize, to: usize| {
        for number in from..to {
            let alert = Scene::harmless(&format!("alert-{number}"), &format!("agent-{number}"));
            let answer = scene.daemon.deliver(Setup::DETECTOR, &Delivery::new(&format!("load-{number}"), &alert)).await;
            assert_eq!(answer.status, 202, "{answer:?}");
        }
    };
    deliver(0, 40).await;
    let (path, copy) = copy_of(&scene.daemon);
    let arguments = ["backup", &copy];
    let backup = scene.daemon.cli_text(&arguments);
    tokio::join!(backup, deliver(40, 120), deliver(120, 200));
    let before = "SELECT count(*) FROM deliveries WHERE CAST(substr(delivery, 6) AS INTEGER) < 40";
    assert_eq!(database::number(&path, before).await, 40);
    scene.daemon.stop().await;
    std::fs::copy(&path, database::file(scene.daemon.folder())).unwrap();
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(sound, "the copy is of one moment: {report:#}");
}

#[tokio::test]
async fn a_restored_store_serves_frozen_until_a_person_thaws_and_the_old_one_is_kept() {
    let (mut scene, run) = eventful().await;
    let (path, copy) = copy_of(&scene.daemon);
    scene.daemon.cli_text(&["backup", &copy]).await;
    let held = refused(&scene.daemon, &["restore", &copy]).await;
    assert!(held.contains(&format!("is locked by process {}", scene.daemon.id())), "{held}");
    let request = scene.request(1).await;
    let cancelled = ["runs", "cancel", &run, "--reason", "after the backup"];
    scene.daemon.cli_text(&cancelled).await;
    scene.until_finished(&run).await;
    scene.daemon.cli_text(&["agents", "pause", Scene::AGENT, "--reason", "once more"]).await;
    scene.daemon.stop().await;
    let file = database::file(scene.daemon.folder());
    let last = database::dump(&file).await;
    let said = scene.daemon.cli_text(&["restore", &copy]).await;
    assert!(said.contains("starts frozen") && said.contains("before-restore"), "{said}");
    assert!(said.contains("billing-bot was held when you restored"), "{said}");
    let kept = scene.daemon.folder().join("standdown.db.before-restore");
    assert_eq!(database::dump(&kept).await, last, "the store before the restore is kept as it was");
    let (restored, copied) = (database::dump(&file).await, database::dump(&path).await);
    for (table, rows) in &copied {
        // A restore says so in the daemon's history, and freezes.
        if !["events", "settings", "replicas"].contains(&table.as_str()) {
            assert_eq!(&restored[table], rows, "{table}");
        }
    }
    assert!(copied["events"].iter().all(|event| restored["events"].contains(event)));
    scene.daemon.restart().await;
    assert_eq!(scene.daemon.read("/status").await["frozen"], true);
    assert_eq!(scene.run(&run).await["ended_at"], json!(null), "the run is open again");
    assert!(!scene.gate_allows(Scene::AGENT).await, "its hold stands again");
    scene.daemon.cli_text(&["thaw", "--reason", "looked at the open runs"]).await;
    let page = scene.page(&request.token).await;
    assert_eq!(page.status, 200, "the link of the old mail works: {page:?}");
    scene.daemon.cli_text(&cancelled).await;
    scene.until_finished(&run).await;
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(sound, "{report:#}");
    scene.daemon.stop().await;
    let again = refused(&scene.daemon, &["restore", &copy]).await;
    assert!(again.contains("before-restore") && again.contains("move it away first"), "{again}");
}

#[tokio::test]
async fn a_call_that_was_still_to_be_made_in_the_backup_is_not_made_before_a_person_thaws() {
    let mut scene = Scene::start(|setup| setup).await;
    // While the provider is down the step is tried again and again: that is how the backup has it.
    scene.provider.revocations(Revocation::Down);
    let run = scene.misuse_run().await;
    let tried =
        crate::harness::patience::poll(PATIENCE, || async { (scene.provider.revocations_asked() > 0).then_some(()) });
    tried.await.expect("the revocation was never tried");
    let (_, copy) = copy_of(&scene.daemon);
    scene.daemon.cli_text(&["backup", &copy]).await;
    scene.daemon.kill9();
    scene.provider.revocations(Revocation::Works);
    let before = scene.provider.revocations_asked();
    scene.daemon.cli_text(&["restore", &copy]).await;
    scene.daemon.restart().await;
    // The next look at the run, after its pause: whoever were not frozen would call now.
    let looked = |view: &serde_json::Value| view["frozen"].as_bool().filter(|frozen| *frozen).map(|_| ());
    scene.daemon.read_until("/status", PATIENCE, looked).await;
    let view = scene.run(&run).await;
    assert_eq!(view["ended_at"], json!(null), "{view:#}");
    assert_eq!(scene.provider.revocations_asked(), before, "nothing is called before a person has looked");
    scene.daemon.cli_text(&["thaw", "--reason", "it was never revoked"]).await;
    scene.until_asked(&run).await;
    assert!(scene.provider.revocations_asked() > before, "the revocation is made after the thaw");
    assert!(!scene.provider.is_active(Scene::AGENT_TOKEN));
    let keys: std::collections::BTreeSet<_> = scene.provider.keys().into_iter().collect();
    assert_eq!(keys.len(), 1, "under the same key as before: {keys:?}");
    assert!(fsck(&scene.daemon).await.0);
}

#[tokio::test]
async fn what_is_no_sound_backup_is_refused_and_the_store_is_left_alone() {
    let (mut scene, _) = eventful().await;
    let (path, copy) = copy_of(&scene.daemon);
    scene.daemon.cli_text(&["backup", &copy]).await;
    scene.daemon.stop().await;
    let good = std::fs::read(&path).unwrap();
    let file = database::file(scene.daemon.folder());
    let before = std::fs::read(&file).unwrap();
    let noise = {
        let mut noise = good.clone();
        for page in noise.chunks_mut(4096).skip(3).step_by(2) {
            page.fill(0x5a);
        }
        noise
    };
    for (bytes, what) in [
        (b"this is a text and no database, however long it may become".repeat(200), "not a database"),
        (good[..good.len() / 2].to_vec(), "failed to use"),
        (noise, "failed to use"),
        (Vec::new(), "none of Standdown's tables"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let said = refused(&scene.daemon, &["restore", &copy]).await;
        assert!(said.contains(what) && said.contains("monday.backup"), "{said}");
    }
    std::fs::write(&path, &good).unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', 1, x'00', 1)";
    database::change(&path, newer).await;
    let said = refused(&scene.daemon, &["restore", &copy]).await;
    assert!(said.contains("of version 9999"), "{said}");
    let said = refused(&scene.daemon, &["restore", "nowhere.backup"]).await;
    assert!(said.contains("there is no such file"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let left = std::fs::read_dir(scene.daemon.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("restor")).collect();
    assert!(left.is_empty(), "something was left behind: {left:?}");
    scene.daemon.restart().await;
    scene.assert_serves().await;
}
