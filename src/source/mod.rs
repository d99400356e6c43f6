//! Alert sources: who may deliver, what a delivery says, and how that becomes [`Alert`](crate::domain::Alert)s.
//!
//! A source authenticates the raw bytes first, decodes them strictly, and then maps what they say by expressions that an
//! engineer can read, copy and change. The presets are written in the same language and embedded. This module must not
//! know how deliveries arrive, what was delivered before, or what an alert causes: it answers the same for the same
//! bytes, headers and time. Everything in a body is evidence from outside; nothing in it chooses the source, the trust or
//! the code that reads it.

mod authentication;
pub mod codes;
mod compile;
mod decode;
mod fault;
mod mapping;
mod options;
mod preset;
mod refusal;

#[cfg(test)]
mod tests;

pub use authentication::Authenticated;
pub use compile::{BODY_BYTES_MAX_DEFAULT, Source};
pub use fault::PlacedFault;
pub use mapping::{Mapped, RefusedItem};
pub use options::{
    AgentOptions, AuthOptions, BasicOptions, CredentialOptions, FieldsOptions, HmacOptions, MapOptions,
    PrincipalOptions, SecretList, SeverityOptions, SourceOptions, StatusOptions,
};
pub use preset::{preset_text, presets};
pub use refusal::{Refusal, RefusalKind};
