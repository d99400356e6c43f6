//! A disk without room: senders are told to come back, nothing acknowledged is lost, and it goes on when there is room.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::patience::poll;
use crate::harness::scene::{Scene, assert_problem};

/// The daemon's store stands on a small disk of its own, which only the daemon and what looks through it can see.
fn small_disk(setup: Setup) -> Setup {
    let script = "mount -t tmpfs -o size=3m tmpfs @FOLDER@/disk && exec \"$0\" \"$@\"";
    setup.set("/store", json!("sqlite:disk/standdown.db")).under(&[
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
    ])
}

/// The disk as the daemon sees it.
fn disk(daemon: &Daemon) -> PathBuf {
    let inside = daemon.folder().join("disk");
    PathBuf::from(format!("/proc/{}/root", daemon.id())).join(inside.strip_prefix("/").unwrap())
}

/// An alert of some kilobytes.
fn delivery(number: usize) -> Delivery {
    let id = format!("alert-{number}");
    let mut alert = Scene::harmless(&id, &format!("agent-{number}"));
    alert["fields"] = json!({ "noise": "x".repeat(3000) });
    Delivery::new(&id, &alert)
}

#[tokio::test]
async fn a_full_disk_is_answered_503_and_nothing_acknowledged_is_lost_and_room_is_enough_to_go_on() {
    let mut daemon = Daemon::prepare(&small_disk(Setup::new()));
    std::fs::create_dir(daemon.folder().join("disk")).unwrap();
    daemon.restart().await;
    let taken = daemon.deliver(Setup::DETECTOR, &delivery(0)).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    // Everything that is free but a little, so that some deliveries still fit.
    let ballast = disk(&daemon).join("ballast");
    let room = rustix::fs::statvfs(disk(&daemon)).unwrap();
    let free = usize::try_from(room.f_bavail * room.f_frsize).unwrap();
    std::fs::write(&ballast, vec![0_u8; free.saturating_sub(160 * 1024)]).unwrap();
    let (mut acknowledged, mut refused) = (vec![0], Vec::new());
    for number in 1..400 {
        let answer = daemon.deliver(Setup::DETECTOR, &delivery(number)).await;
        match answer.status {
            202 => acknowledged.push(number),
            503 => {
                assert_problem(&answer, 503, "SD2053");
                assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{answer:?}");
                refused.push(number);
            }
            _ => panic!("a full disk is no reason for {answer:?}\n{}", daemon.log()),
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert!(refused.len() == 20 && acknowledged.len() > 1, "{acknowledged:?} {refused:?}");
    let shown = daemon.read("/incidents?limit=1000").await["incidents"].as_array().unwrap().len();
    assert_eq!(shown, acknowledged.len(), "what was acknowledged is there and can be read, and only that");
    std::fs::remove_file(&ballast).unwrap();
    for number in refused.iter().take(5) {
        let answer = poll(Duration::from_secs(30), || async {
            Some(daemon.deliver(Setup::DETECTOR, &delivery(*number)).await).filter(|answer| answer.status != 503)
        });
        let answer =
            answer.await.unwrap_or_else(|| panic!("there is room again, and it is not used:\n{}", daemon.log()));
        assert_eq!(answer.status, 202, "{answer:?}");
        acknowledged.push(*number);
    }
    // The files as they are: SQLite itself would not find its way to that disk from here.
    for file in ["standdown.db", "standdown.db-wal"] {
        std::fs::copy(disk(&daemon).join(file), daemon.folder().join(file)).unwrap();
    }
    let copy = crate::harness::database::file(daemon.folder());
    let kept = crate::harness::database::number(&copy, "SELECT count(*) FROM deliveries").await;
    assert_eq!(usize::try_from(kept).unwrap(), acknowledged.len(), "every acknowledged delivery is on the disk");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    daemon.stop().await;
}
