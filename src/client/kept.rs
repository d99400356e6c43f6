//! Connections that are kept for a moment after an answer, for requests that may be sent again.
//!
//! A server may close an idle connection at the very moment at which the next request is written to it; then nobody knows
//! whether it was read. For a request that may be sent twice that is a nuisance, for any other a doubt that only a person
//! can end. So only the former goes this way, and everything else over a connection of its own. (By a profile, opening and
//! closing connections took more of a busy minute than the requests themselves.)

use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long an idle connection is kept: shorter than servers keep theirs, which is seldom less than two seconds, so that it
/// is seldom they who close it.
const IDLE_MAX: Duration = Duration::from_secs(1);
/// How many idle connections to one target are kept at most.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// Makes the builder of a client that trusts whom the options say.
type MakeBuilder = dyn Fn() -> reqwest::ClientBuilder + Send + Sync;

/// The client that keeps connections; it is built when it is first needed, because most connections never need it.
#[derive(Clone)]
pub(super) struct Kept {
    make: Arc<MakeBuilder>,
    built: Arc<OnceLock<Option<reqwest::Client>>>,
}

impl Kept {
    /// A client that will be built by `make`, which makes no builder that keeps connections.
    pub(super) fn new(make: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), built: Arc::default() }
    }

    /// The client; `None` if it can't be built, although the one that keeps nothing could.
    pub(super) fn client(&self) -> Option<&reqwest::Client> {
        let build = || {
            let builder = (self.make)().pool_max_idle_per_host(IDLE_CONNECTIONS_MAX).pool_idle_timeout(IDLE_MAX);
            builder.build().map_err(|error| tracing::warn!(%error, "no connection can be kept")).ok()
        };
        self.built.get_or_init(build).as_ref()
    }
}
