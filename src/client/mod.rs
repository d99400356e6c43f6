//! The guarded HTTP client, and secrets by reference.
//!
//! This module owns the one way in which Standdown speaks HTTP to the world: which addresses may be reached, how long a
//! call may last, how much of an answer is kept, and above all whether a failed call may have had an effect. It also
//! owns secrets: everything above it handles a [`SecretReference`], and a value appears only while a request is built.
//!
//! It must not know what is being called or why. Connectors, channels and playbooks are above it, and so are retries:
//! a client that repeats a request by itself would break the promise that nothing is sent twice silently.

mod address;
mod call;
pub mod duration;
mod error;
pub mod http;
mod kept;
mod options;
pub mod redact;
mod request;
mod resolver;
mod response;
mod reveal;
pub mod secret;
mod secret_error;
mod secret_store;
pub mod tls;

pub use address::{Guard, Reach, Refusal, is_refused, reach, refusal_under};
pub use duration::parse_duration;
pub use error::{BuildError, SendError};
pub use http::GuardedClient;
pub use options::ClientOptions;
pub use redact::{Redactor, SECRET_LENGTH_MIN};
pub use request::{Body, Request};
pub use response::Response;
pub use reveal::{Revealed, is_secret_value, reveal, secret_value};
pub use secret::{SecretReference, Secrets, fingerprint};
pub use secret_error::SecretError;
pub use secret_store::{StaticSecrets, SystemSecrets};
