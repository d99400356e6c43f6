//! `standdown migrate`, and tables that a newer program made.

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::database;

fn said(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn tables_are_made_without_serving_and_a_check_says_what_would_be_done() {
    let daemon = Daemon::prepare(&Setup::new());
    let check = daemon.cli(&["migrate", "--check"]).await;
    assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    assert!(said(&check).contains("would be created") && said(&check).contains("0001_first"), "{}", said(&check));
    assert!(!database::file(daemon.folder()).exists(), "a check makes nothing");
    let made = daemon.cli_text(&["migrate"]).await;
    assert!(made.contains("it was created"), "{made}");
    let check = daemon.cli_text(&["migrate", "--check"]).await;
    assert!(check.contains("up to date"), "{check}");
    assert!(daemon.cli_text(&["migrate"]).await.contains("up to date"));
    assert!(daemon.cli_text(&["fsck"]).await.contains("no fault"));
}

#[tokio::test]
async fn a_store_that_a_daemon_has_is_not_migrated() {
    let daemon = Daemon::start(&Setup::new()).await;
    let refused = daemon.cli(&["migrate"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains(&format!("is locked by process {}", daemon.id())), "{}", said(&refused));
}

#[tokio::test]
async fn tables_that_a_newer_program_made_are_left_alone_by_everything() {
    let mut daemon = Daemon::start(&Setup::new()).await;
    daemon.stop().await;
    let file = database::file(daemon.folder());
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', 1, x'00', 1)";
    database::change(&file, newer).await;
    let before = database::dump(&file).await;
    for arguments in [&["migrate"][..], &["migrate", "--check"], &["fsck"], &["backup", "copy.db"]] {
        let refused = daemon.cli(arguments).await;
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {}", said(&refused));
        let text = said(&refused);
        assert!(text.contains("of version 9999") && text.contains("use the newer program"), "{arguments:?}: {text}");
    }
    let ended = daemon.fail_to_start().await;
    assert_eq!(ended.code(), Some(1));
    assert!(daemon.log().contains("of version 9999"), "{}", daemon.log());
    assert_eq!(database::dump(&file).await, before, "nothing was changed");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_named() {
    let daemon = Daemon::prepare(&Setup::new());
    for arguments in [&["fsck"][..], &["backup", "copy.db"]] {
        let refused = daemon.cli(arguments).await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains("there is no such file"), "{}", said(&refused));
    }
    assert!(!database::file(daemon.folder()).exists());
}
