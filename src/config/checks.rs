//! What settings must be beyond their types: addresses, limits, and a gate that does not answer strangers.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

use super::codes;
use super::decode::{Fault, Kind};
use super::document::Document;
use super::settings::{GateIdentify, GateOptions, LimitOptions, RetentionOptions};
use super::shape::Shape;
use crate::language::Diagnostic;
use crate::store::Store;

/// The longest path of the local socket, in bytes: Linux takes 107 (`sun_path` less its final zero), and the socket is made
/// under a name beside its own that is at most 9 longer.
const SOCKET_PATH_BYTES_MAX: usize = 98;
/// The longest time that a stopping daemon waits.
const DRAIN_MAX: Duration = Duration::from_mins(10);
/// How long a daemon may be silent. Heartbeats come five times as often, and a busy machine delays them by a second.
const LEASES: RangeInclusive<Duration> = Duration::from_secs(3)..=Duration::from_mins(5);
/// The shortest and the longest time that something is kept.
const AGE_MIN: Duration = Duration::from_hours(1);
const AGE_MAX: Duration = Duration::from_hours(24 * 36_500);

/// The address to listen at.
pub(super) fn listen(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) -> Option<SocketAddr> {
    let text = shape.listen.as_deref()?;
    let address = text.parse().ok();
    if address.is_none() {
        let hint = "write an IP address and a port: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080";
        let fault = document.error("/listen", codes::WRONG_VALUE, "this is no address to listen at");
        faults.push(fault.hint(hint));
    }
    address
}

/// The address that people use. Required where the daemon listens at every address, because that is no address to use.
pub(super) fn public_url(
    document: &Document,
    shape: &Shape,
    listen: Option<SocketAddr>,
    faults: &mut Vec<Diagnostic>,
) -> Option<Url> {
    let Some(text) = shape.public_url.as_deref() else {
        if listen.is_some_and(|address| address.ip().is_unspecified()) {
            let message = "people can't use this address, and public_url does not say which one they use";
            let fault = document.error("/listen", codes::PUBLIC_URL, message);
            faults.push(fault.hint("add public_url: https://standdown.example.com"));
        }
        return None;
    };
    let Ok(mut url) = Url::parse(text) else {
        let message = "this is no address";
        let hint = "write it as https://standdown.example.com";
        faults.push(document.error("/public_url", codes::PUBLIC_URL, message).hint(hint));
        return None;
    };
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !plain {
        let message = "links can't be built from this address";
        let hint = "write http or https, a host and at most a path: https://standdown.example.com";
        faults.push(document.error("/public_url", codes::PUBLIC_URL, message).hint(hint));
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let message = "links over http can be read and changed on the way, and they let people decide";
        let fault = document.warning("/public_url", codes::PUBLIC_URL, message);
        faults.push(fault.hint("put TLS in front of the daemon and write https"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

const STORE_HINT: &str = "write sqlite: and a path, as in sqlite:/var/lib/standdown/standdown.db, or \
    postgres://USER@HOST:5432/DATABASE, with the password by reference in store_password";

/// The store's address and the paths.
pub(super) fn paths(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) {
    if let Some(store) = shape.store.as_deref() {
        let sqlite = store.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty() && !path.starts_with("//"));
        match Store::check_address(store) {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let message = format!("this is no address of a PostgreSQL database: {error}");
                faults.push(document.error("/store", codes::WRONG_VALUE, message).hint(STORE_HINT));
            }
            None if sqlite => {}
            None => faults.push(document.error("/store", codes::WRONG_VALUE, "this is no store").hint(STORE_HINT)),
        }
    }
    if let Some(socket) = shape.socket.as_deref()
        && socket.len() > SOCKET_PATH_BYTES_MAX
    {
        let message =
            format!("the local socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes; {socket} has {}", socket.len());
        faults.push(
            document.error("/socket", codes::PATH, message).hint("name a shorter path, such as /run/standdown.sock"),
        );
    }
    if let Some(playbooks) = shape.playbooks.as_deref()
        && document.is_set("/playbooks")
        && !Path::new(playbooks).is_dir()
    {
        let message = format!("there is no folder {playbooks}");
        let hint = "make it, or name the folder that the playbooks are in";
        faults.push(document.error("/playbooks", codes::PATH, message).hint(hint));
    }
}

/// The gate: closed to strangers, and asked in one way.
pub(super) fn gate(
    document: &Document,
    gate: &mut GateOptions,
    listen: Option<SocketAddr>,
    faults: &mut Vec<Diagnostic>,
) {
    if gate.token.is_none() && listen.is_some_and(|address| !address.ip().is_loopback()) {
        let message = "the gate would answer whoever reaches this address: gate.token is missing";
        let hint = "add gate.token: ${NAME}, or listen at 127.0.0.1";
        faults.push(document.error("/listen", codes::OPEN_GATE, message).hint(hint));
    }
    gate.header = gate.header.as_deref().map(str::to_ascii_lowercase);
    match (gate.identify, gate.header.as_deref()) {
        (GateIdentify::Path, None) => {}
        (GateIdentify::Header, Some(header)) => {
            let word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let taken = ["authorization", "host", "cookie", "content-length"].contains(&header);
            if header.is_empty() || !header.chars().all(word) || taken {
                let message = "this header can't name an agent";
                let fault = document.error("/gate/header", codes::WRONG_VALUE, message);
                faults.push(fault.hint("name one of your own, such as X-Agent-Id"));
            }
        }
        (GateIdentify::Header, None) => {
            let message = "the gate finds the agent in a header, but gate.header does not say which";
            let fault = document.error("/gate/identify", codes::MISSING_SETTING, message);
            faults.push(fault.hint("add header: X-Agent-Id"));
        }
        (GateIdentify::Path, Some(_)) => {
            let message = "the header would be ignored: the gate finds the agent in the path";
            let fault = document.error("/gate/header", codes::WRONG_VALUE, message);
            faults.push(fault.hint("add identify: header, or remove the header"));
        }
    }
}

/// The limits, each within its range.
pub(super) fn limits(document: &Document, limits: &LimitOptions, faults: &mut Vec<Diagnostic>) {
    let mut check = |name: &str, value: usize, range: RangeInclusive<usize>| {
        if !range.contains(&value) {
            let message = format!("{name} is {value}; it must be from {} to {}", range.start(), range.end());
            faults.push(document.error(&format!("/limits/{name}"), codes::LIMIT, message));
        }
    };
    check("workers", limits.workers, 1..=1024);
    check("queue", limits.queue, 16..=1_000_000);
    check("body_bytes_max", limits.body_bytes_max, 1024..=64 * 1024 * 1024);
    if !LEASES.contains(&limits.lease) {
        let message = "lease is not between 3s and 5m: a shorter one takes a slow daemon for a dead one";
        faults.push(document.error("/limits/lease", codes::LIMIT, message).hint("write 15s unless you have a reason"));
    }
    if limits.drain > DRAIN_MAX {
        let message = "drain is longer than 10m: a stop would seem to hang";
        faults.push(document.error("/limits/drain", codes::LIMIT, message).hint("write at most 10m"));
    }
}

/// The names of the sources: none is that of Standdown's own alerts, whose word counts for nobody's.
pub(super) fn sources(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) {
    for id in shape.sources.keys().filter(|id| id.is_own()) {
        faults.push(document.diagnostic(&Fault {
            pointer: format!("/sources/{id}"),
            kind: Kind::Key,
            code: codes::WRONG_VALUE,
            message: format!("`{id}` is the name of alerts of Standdown's own, and corroborates nothing"),
            hint: Some("give the source another name, such as that of the system that sends".to_owned()),
        }));
    }
}

/// The ages: none so short that what is needed is gone.
pub(super) fn retention(document: &Document, retention: &RetentionOptions, faults: &mut Vec<Diagnostic>) {
    let ages = [
        ("finished_runs", retention.finished_runs),
        ("closed_incidents", retention.closed_incidents),
        ("lifted_holds", retention.lifted_holds),
        ("messages", retention.messages),
        ("deliveries", retention.deliveries),
        ("dead_letters", retention.dead_letters),
    ];
    for (name, age) in ages {
        if age.is_some_and(|age| !(AGE_MIN..=AGE_MAX).contains(&age)) {
            let message = format!("{name} must be from 1h to 36500d");
            let fault = document.error(&format!("/retention/{name}"), codes::LIMIT, message);
            faults.push(fault.hint("write null to keep it for ever"));
        }
    }
}
