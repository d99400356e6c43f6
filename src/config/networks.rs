//! Addresses that the client will refuse when it counts: a private one that stands in the configuration outside of the
//! `networks` beside it.
//!
//! An identity provider inside is the usual case, and the first call to it is made while an agent runs wild. So it is said
//! here, before. Only what is written as an address is judged, and `localhost`: names are resolved when a call is made.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use url::{Host, Url};

use crate::client::{Guard, refusal_under};
use crate::language::Diagnostic;

use super::codes;
use super::document::Document;
use super::pointer;
use super::shape::Shape;

/// A warning for every connection and webhook whose address would be refused.
pub(super) fn check(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) {
    let mut look = |section: &str, name: &str, key: &str, url: &Url, networks: &[IpNet]| {
        let Some(refusal) = refusal(url, networks) else { return };
        let setting = format!("{}.{name}", section.trim_start_matches('/').replace('/', "."));
        let at = pointer::child(&pointer::child(section, name), key);
        let fault = document.warning(&at, codes::NETWORKS, "every call to this address would be refused");
        faults.push(fault.hint(refusal_under(&refusal, &setting)));
    };
    for (name, connection) in &shape.connections {
        if let (Some(url), None) = (&connection.base_url, &connection.unix_socket) {
            look("/connections", name.as_str(), "base_url", url, &connection.networks);
        }
    }
    for (name, webhook) in &shape.channels.webhooks {
        look("/channels/webhooks", name, "url", &webhook.url, &webhook.networks);
    }
}

fn refusal(url: &Url, networks: &[IpNet]) -> Option<String> {
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Host::Domain(_) => return None,
    };
    Guard::new(networks).admit(address, url.scheme() == "http").err().map(|refusal| refusal.to_string())
}
