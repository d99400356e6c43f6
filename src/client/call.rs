//! The state of one call, shared with the parts of the HTTP stack that run inside it.
//!
//! The resolver and the connector sit below reqwest and cannot be handed anything, so they read it from the task. Where no
//! connection is kept, each call connects by itself, inside its own future; that is what makes "no byte was sent" provable:
//! before the connector has succeeded, there was nothing to send a byte on. Over kept connections this says nothing, and is
//! not asked.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tower::{Layer, Service};

tokio::task_local! {
    static CALL: Call;
}

/// What is known about the call that runs in this task.
#[derive(Debug, Clone)]
pub(super) struct Call {
    plain: bool,
    connected: Arc<AtomicBool>,
}

impl Call {
    /// A call that has not begun; `plain` says that it is not encrypted.
    pub(super) fn new(plain: bool) -> Self {
        Self { plain, connected: Arc::default() }
    }

    /// Runs `future` as this call.
    pub(super) async fn scope<Outcome>(&self, future: impl Future<Output = Outcome>) -> Outcome {
        CALL.scope(self.clone(), future).await
    }

    /// Whether a connection stood (TLS included), so that bytes of the request may have left.
    pub(super) fn connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }
}

/// Whether the call of this task is unencrypted. Outside any call the stricter answer is given.
pub(super) fn is_plain() -> bool {
    CALL.try_with(|call| call.plain).unwrap_or(true)
}

/// Notes in the task's [`Call`] that a connection stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoteConnected;

impl<Inner> Layer<Inner> for NoteConnected {
    type Service = NotesConnected<Inner>;

    fn layer(&self, inner: Inner) -> Self::Service {
        NotesConnected { inner }
    }
}

/// A connector that notes its success; see [`NoteConnected`].
#[derive(Debug, Clone)]
pub(super) struct NotesConnected<Inner> {
    inner: Inner,
}

impl<Destination, Inner> Service<Destination> for NotesConnected<Inner>
where
    Inner: Service<Destination>,
    Inner::Future: Send + 'static,
{
    type Response = Inner::Response;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let connecting = self.inner.call(destination);
        Box::pin(async move {
            let connection = connecting.await?;
            CALL.try_with(|call| call.connected.store(true, Ordering::Release)).ok();
            Ok(connection)
        })
    }
}
