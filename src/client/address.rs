//! Which addresses the client may reach.
//!
//! Connections and webhooks are written by operators, but parts of a URL can come from an alert, and a name can be made to
//! resolve to anything. So every address is judged after resolution: cloud metadata, link-local and reserved ranges
//! are always refused, private ones only reached where the connection names them, and plain HTTP only there too,
//! since it shows credentials to everyone on the way. This module judges addresses; it must not resolve names.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where `networks` is to be written, as long as nobody says whose client it is.
const UNDER: &str = "under the connection";
/// Ends every refusal of an address.
const REFUSED: &str = "(the address was refused, nothing was sent)";

/// Whether a failure is the refusal of an address: it stays refused, and trying again is of no use.
#[must_use]
pub fn is_refused(reason: &str) -> bool {
    reason.contains(REFUSED)
}

/// The same refusal with the setting that it is about, such as `connections.idp`.
#[must_use]
pub fn refusal_under(reason: &str, setting: &str) -> String {
    if is_refused(reason) { reason.replacen(UNDER, &format!("under {setting}"), 1) } else { reason.to_owned() }
}

/// A range that an operator may write to let an address through: that of this machine, or the nearest neighbours'.
fn range_of(address: IpAddr) -> IpNet {
    let length = match address {
        IpAddr::V4(_) if address.is_loopback() => 8,
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) if address.is_loopback() => 128,
        IpAddr::V6(_) => 64,
    };
    IpNet::new(address, length).map_or_else(|_| address.into(), |range| range.trunc())
}

/// Who can be at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anyone: the public internet.
    Public,
    /// This machine or a private network (RFC 1918, RFC 4193, RFC 6598, RFC 6890).
    Private,
    /// A metadata service, a link-local or a reserved address: nothing that a call should ever reach.
    Forbidden,
}

/// Why an address was refused. The message stands after the name of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// See [`Reach::Forbidden`].
    #[error("{0} is a link-local, metadata or reserved address, which is always refused {REFUSED}")]
    Forbidden(IpAddr),
    /// A private address that the connection does not name.
    #[error(
        "{0} is a private address; if it is meant, write `networks: [\"{range}\"]` {UNDER}, then restart the daemon {REFUSED}",
        range = range_of(*.0)
    )]
    Private(IpAddr),
    /// Plain HTTP to an address that the connection does not name.
    #[error(
        "plain HTTP to {0} would show credentials on the way; use https, or write `networks: [\"{range}\"]` {UNDER}, then \
         restart the daemon {REFUSED}",
        range = range_of(*.0)
    )]
    Plain(IpAddr),
}

const fn v4(first: u8, second: u8, third: u8, fourth: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(first, second, third, fourth), prefix)
}

const fn v6(first: u16, second: u16, third: u16, last: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, last), prefix)
}

const V4_FORBIDDEN: [Ipv4Net; 7] = [
    v4(0, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    // Metadata services outside the link-local range: Alibaba Cloud, Oracle Cloud, Azure's host.
    v4(100, 100, 100, 200, 32),
    v4(192, 0, 0, 192, 32),
    v4(168, 63, 129, 16, 32),
    // Multicast, reserved and broadcast.
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

const V4_PRIVATE: [Ipv4Net; 11] = [
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
];

const V6_FORBIDDEN: [Ipv6Net; 4] = [
    // Metadata services of AWS and Google Cloud, inside the private range.
    v6(0xfd00, 0xec2, 0, 0, 32),
    v6(0xfd20, 0xce, 0, 0, 32),
    // Teredo: the real peer is hidden in the address.
    v6(0x2001, 0, 0, 0, 32),
    v6(0xfe80, 0, 0, 0, 10),
];

const V6_PRIVATE: [Ipv6Net; 5] = [
    v6(0, 0, 0, 1, 128),
    v6(0x64, 0xff9b, 1, 0, 48),
    v6(0x2001, 0xdb8, 0, 0, 32),
    v6(0xfc00, 0, 0, 0, 7),
    v6(0xfec0, 0, 0, 0, 10),
];

const V6_MAPPED: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
const V6_TRANSLATED: Ipv6Net = v6(0x64, 0xff9b, 0, 0, 96);
const V6_SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 0, 16);
const V6_PUBLIC: Ipv6Net = v6(0x2000, 0, 0, 0, 3);

/// Who can be at `address`. An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is judged by what it carries.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if V4_FORBIDDEN.iter().any(|range| range.contains(&address)) {
        Reach::Forbidden
    } else if V4_PRIVATE.iter().any(|range| range.contains(&address)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(carried) = carried_v4(address) {
        reach_v4(carried)
    } else if V6_FORBIDDEN.iter().any(|range| range.contains(&address)) {
        Reach::Forbidden
    } else if V6_PRIVATE.iter().any(|range| range.contains(&address)) {
        Reach::Private
    } else if V6_PUBLIC.contains(&address) {
        Reach::Public
    } else {
        // Nothing else is assigned to hosts: unspecified, IPv4-compatible, multicast, reserved.
        Reach::Forbidden
    }
}

/// The IPv4 address inside a mapped (RFC 4291), NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    #[expect(clippy::cast_possible_truncation, reason = "the four bytes wanted are the lowest ones")]
    if V6_MAPPED.contains(&address) || V6_TRANSLATED.contains(&address) {
        Some(Ipv4Addr::from_bits(bits as u32))
    } else if V6_SIX_TO_FOUR.contains(&address) {
        Some(Ipv4Addr::from_bits((bits >> 80) as u32))
    } else {
        None
    }
}

/// Judges addresses for one connection.
#[derive(Debug, Clone)]
pub struct Guard {
    networks: Vec<IpNet>,
}

impl Guard {
    /// A guard that lets through what is public and what is in `networks`.
    #[must_use]
    pub fn new(networks: &[IpNet]) -> Self {
        Self { networks: networks.to_vec() }
    }

    /// Whether `address` may be reached; `plain` says that the call is not encrypted.
    ///
    /// # Errors
    /// The reason for which it is refused.
    pub fn admit(&self, address: IpAddr, plain: bool) -> Result<(), Refusal> {
        let canonical = address.to_canonical();
        let named = self.networks.iter().any(|range| range.contains(&address) || range.contains(&canonical));
        match reach(address) {
            Reach::Forbidden => Err(Refusal::Forbidden(address)),
            Reach::Private if !named => Err(Refusal::Private(address)),
            Reach::Public if plain && !named => Err(Refusal::Plain(address)),
            Reach::Private | Reach::Public => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
