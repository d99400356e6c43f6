//! `kill -9` again and again, under load: a few times by default, a thousand times with `SOAK=1`, and as often as
//! it says with another number.

use tokio::net::TcpStream;

use super::books::compare;
use super::{LIMIT, calling};
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::load::Load;
use crate::harness::patience::poll;
use crate::harness::servers::Postgres;
use crate::harness::target::Target;

/// After how many kills a long test says how far it is.
const TOLD_EVERY: usize = 50;
/// Alerts that are taken between two kills, at least.
const BETWEEN: usize = 60;

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_no_call_is_repeated_silently_over_kills_on_sqlite() {
    let target = Target::start().await;
    kill_again_and_again(calling(&target), &target, 6).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_no_call_is_repeated_silently_over_kills_on_postgresql() {
    let (target, server) = (Target::start().await, Postgres::start().await);
    kill_again_and_again(calling(&target).postgres(&[server.port()]), &target, 3).await;
}

/// How many kills are asked for.
fn cycles(usually: usize) -> usize {
    match std::env::var("SOAK").ok().as_deref() {
        None | Some("" | "0") => usually,
        Some("1") => 1_000,
        Some(number) => number.parse().expect("SOAK is a number of kills"),
    }
}

async fn kill_again_and_again(setup: Setup, target: &Target, usually: usize) {
    let mut daemon = Daemon::start(&setup).await;
    let mut load = Load::start(&daemon.url());
    for cycle in 0..cycles(usually) {
        if cycle > 0 && cycle % TOLD_EVERY == 0 {
            println!("{cycle} kills so far");
        }
        // Not always at the same point of whatever repeats itself.
        load.until_acknowledged(BETWEEN + cycle * 37 % 53).await;
        load.kill(&mut daemon);
        daemon.relaunch();
        if cycle % 3 == 2 {
            // Once more, while it starts.
            until_listening(&daemon).await;
            load.kill(&mut daemon);
            daemon.relaunch();
        }
    }
    load.until_acknowledged(BETWEEN).await;
    let book = load.finish().await;
    daemon.wait_ready().await;
    let findings = compare(&daemon, &book, target).await;
    let kills = cycles(usually);
    println!(
        "{} alerts over {kills} kills: {} calls repeated, {} judged by a person, {} runs let go on after a quarantine",
        book.acknowledged.len(),
        findings.repeated,
        findings.judged,
        findings.released
    );
    assert!(book.unanswered >= kills, "the senders must have noticed {kills} kills: {book:?}");
    assert!(book.readiness_checks >= kills, "somebody must have looked at every start: {book:?}");
    assert!(findings.repeated + findings.judged > 0, "no call was under way at any kill: {findings:?}");
    let log = daemon.log();
    assert!(!log.contains("panicked"), "{log}");
    daemon.stop().await;
}

/// Waits until the daemon's port is taken; it need not answer.
async fn until_listening(daemon: &Daemon) {
    let address = daemon.url().trim_start_matches("http://").to_owned();
    let listening = poll(LIMIT, || async { TcpStream::connect(&address).await.ok() }).await;
    listening.unwrap_or_else(|| panic!("the daemon never listened:\n{}", daemon.log()));
}
