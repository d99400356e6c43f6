//! Pages (not here yet).
use std::net::IpAddr;
use std::sync::Arc;
/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);
/// The pages.
pub fn router<S: Clone + Send + Sync + 'static>(_approvals: Arc<crate::approval::Approvals>) -> axum::Router<S> {
    axum::Router::new()
}
