//! What the kernel was asked to do between an alert and its 202, as strace saw it: the daemon's own counters are not asked.
//!
//! An alert carries a mark. Its bytes are written to SQLite's log (`-wal`), the log is synced, and only then 202 is written
//! to the sender's socket. Alerts are sent one after the other, so each has to have a sync of its own.

use std::path::Path;

use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::patience::poll;
use crate::harness::scene::Scene;

use super::LIMIT;

/// How many alerts are sent one after the other.
const ALERTS: usize = 25;
/// Long enough for a whole page of the log to be shown.
const SHOWN_BYTES: &str = "8192";

/// One thing that the kernel was asked to do.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    /// The first bytes of a delivery were read from a socket.
    Asked,
    /// Something with these marks was written to the log.
    Written(Vec<usize>),
    /// A sync of the log was begun.
    SyncBegan { thread: String },
    /// A sync of the log was done.
    SyncEnded { thread: String },
    /// 202 was written to a socket, or at least begun to be.
    Answered,
}

fn mark(number: usize) -> String {
    format!("marked-{number:04}-alert")
}

/// The marks in what strace shows of a buffer.
fn marks(line: &str) -> Vec<usize> {
    let numbers = line.split("marked-").skip(1);
    numbers.filter_map(|rest| rest.split_once("-alert")?.0.parse().ok()).collect()
}

/// A line of strace as an act, if it is one that matters. `THREAD CALL(...) = RESULT`, or in two pieces: `<unfinished ...>`
/// and later `<... CALL resumed>`.
fn act(line: &str) -> Vec<Act> {
    let Some((thread, call)) = line.trim_start().split_once(' ') else { return Vec::new() };
    let (thread, call) = (thread.to_owned(), call.trim_start());
    let name = call.trim_start_matches("<... ").split(['(', ' ']).next().unwrap_or_default();
    let (syncs, resumed, unfinished) =
        (name == "fdatasync" || name == "fsync", call.starts_with("<... "), call.contains("<unfinished ...>"));
    let of_log = call.contains("standdown.db-wal>");
    match name {
        _ if syncs && resumed => vec![Act::SyncEnded { thread }],
        _ if syncs && of_log && unfinished => vec![Act::SyncBegan { thread }],
        _ if syncs && of_log => {
            assert!(call.trim_end().ends_with("= 0"), "a sync failed: {line}");
            vec![Act::SyncBegan { thread: thread.clone() }, Act::SyncEnded { thread }]
        }
        "pwrite64" | "write" | "writev" | "pwritev" if of_log => vec![Act::Written(marks(call))],
        "read" | "recvfrom" | "readv" | "recvmsg" if call.contains("\"POST /hooks/") => vec![Act::Asked],
        "write" | "writev" | "sendto" | "sendmsg" if call.contains("HTTP/1.1 202") => vec![Act::Answered],
        _ => Vec::new(),
    }
}

/// Whether a sync of the log was begun and done in these acts.
fn is_synced(acts: &[Act]) -> bool {
    acts.iter().enumerate().any(|(at, act)| match act {
        Act::SyncBegan { thread } => {
            acts[at..].iter().any(|later| matches!(later, Act::SyncEnded { thread: ended } if ended == thread))
        }
        _ => false,
    })
}

/// How many syncs of the log were done in these acts.
fn syncs(acts: &[Act]) -> usize {
    acts.iter().filter(|act| matches!(act, Act::SyncBegan { .. })).count()
}

async fn traced(trace: &Path, daemon: &Daemon) -> String {
    // strace writes at its own pace; the last answer is the last thing that matters.
    let whole = poll(LIMIT, || async {
        let text = String::from_utf8_lossy(&std::fs::read(trace).ok()?).into_owned();
        (text.matches("HTTP/1.1 202").count() >= ALERTS).then_some(text)
    });
    whole.await.unwrap_or_else(|| panic!("strace did not see every answer. The daemon's log:\n{}", daemon.log()))
}

#[tokio::test]
async fn every_202_is_written_after_a_sync_of_the_log_that_covers_its_alert() {
    let calls = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg,read,readv,recvfrom,recvmsg";
    let strace = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-y",
        "-s",
        SHOWN_BYTES,
        "-e",
        calls,
        "-e",
        "signal=none",
        "-o",
        "@FOLDER@/trace",
    ];
    let mut daemon = Daemon::start(&Setup::new().under(&strace)).await;
    for number in 0..ALERTS {
        let mark = mark(number);
        let delivery = Delivery::new(&mark, &Scene::harmless(&mark, "agent-7"));
        let answer = daemon.deliver(Setup::DETECTOR, &delivery).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let text = traced(&daemon.folder().join("trace"), &daemon).await;
    daemon.stop().await;
    let acts: Vec<Act> = text.lines().flat_map(act).collect();
    let mut rest = &acts[..];
    let mut total = 0;
    for number in 0..ALERTS {
        let asked =
            rest.iter().position(|act| *act == Act::Asked).unwrap_or_else(|| panic!("alert {number} was not read"));
        let answered = rest.iter().position(|act| *act == Act::Answered).unwrap();
        assert!(asked < answered, "alert {number} was answered before it was read: {rest:?}");
        let between = &rest[asked..answered];
        let written = |act: &Act| matches!(act, Act::Written(marks) if marks.contains(&number));
        let last = between.iter().rposition(written);
        let last = last.unwrap_or_else(|| panic!("alert {number} is not in the log before its 202: {between:?}"));
        assert!(is_synced(&between[last..]), "alert {number} was answered before a sync that covers it: {between:?}");
        total += syncs(between);
        rest = &rest[answered + 1..];
    }
    assert!(total >= ALERTS, "{total} syncs for {ALERTS} alerts");
}

#[test]
fn a_202_before_the_end_of_its_sync_is_seen_in_a_trace() {
    let line = "7 pwrite64(9</f/standdown.db-wal>, \"{\\\"id\\\":\\\"marked-0003-alert\\\"}\", 24, 32) = 24";
    assert_eq!(act(line), [Act::Written(vec![3])]);
    let began = act("7 fdatasync(9</f/standdown.db-wal> <unfinished ...>");
    let answered = act("8 writev(12<socket:[1]>, [{iov_base=\"HTTP/1.1 202 Accepted\\r\\n\", iov_len=23}], 1) = 23");
    let ended = act("7 <... fdatasync resumed>) = 0");
    assert_eq!((answered.as_slice(), act("8 fdatasync(4</f/other>) = 0").len()), ([Act::Answered].as_slice(), 0));
    let acts: Vec<Act> = began.into_iter().chain(answered).chain(ended).collect();
    assert!(!is_synced(&acts[..2]) && is_synced(&acts));
    assert_eq!(syncs(&act("7 fsync(9</f/standdown.db-wal>) = 0")), 1);
}
