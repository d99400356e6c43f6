//! Name resolution under guard: an address that the connection may not reach is never handed to the connector.
//!
//! Judging the very addresses that are then connected to closes the gap in which a name could resolve to something
//! harmless for the check and to something else for the connection.

use super::address::Guard;
use super::call;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::sync::Arc;

/// Resolves by the system's resolver and keeps what the guard admits.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver {
    guard: Arc<Guard>,
}

/// A name could not be resolved to an address that may be reached.
#[derive(Debug, thiserror::Error)]
enum ResolveError {
    #[error("the name {0} has no address")]
    Nothing(String),
    #[error("the name {name} was refused: {reason}")]
    Refused { name: String, reason: super::address::Refusal },
}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<Guard>) -> Self {
        Self { guard }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted = admitted(&guard, &name, found, call::is_plain())?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn admitted(
    guard: &Guard,
    name: &str,
    found: impl Iterator<Item = SocketAddr>,
    plain: bool,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let mut admitted = Vec::new();
    let mut refusal = None;
    for address in found {
        match guard.admit(address.ip(), plain) {
            Ok(()) => admitted.push(address),
            Err(reason) => refusal = Some(reason),
        }
    }
    match refusal {
        _ if !admitted.is_empty() => Ok(admitted),
        Some(reason) => Err(ResolveError::Refused { name: name.to_owned(), reason }),
        None => Err(ResolveError::Nothing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> impl Iterator<Item = SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn a_name_with_a_private_and_a_public_address_is_reached_at_the_public_one_only() {
        let guard = Guard::new(&[]);
        let found = addresses(&["169.254.169.254", "10.0.0.1", "8.8.8.8"]);
        let admitted = admitted(&guard, "two.example", found, false).unwrap();
        assert_eq!(admitted, addresses(&["8.8.8.8"]).collect::<Vec<_>>());
    }

    #[test]
    fn a_name_with_refused_addresses_only_is_refused_with_the_reason() {
        let error = admitted(&Guard::new(&[]), "inside.example", addresses(&["10.0.0.1"]), false).unwrap_err();
        assert!(error.to_string().contains("inside.example was refused: 10.0.0.1 is a private address"), "{error}");
    }
}
