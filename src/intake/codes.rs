//! The codes of intake's own refusals; those of a source stand in [`crate::source::codes`].

use crate::domain::Codes;

/// There is no such source.
pub const UNKNOWN_SOURCE: &str = "SD2001";
/// The body is too large.
pub const TOO_LARGE: &str = "SD2002";
/// The queue is full.
pub const OVERLOADED: &str = "SD2050";
/// Others were faster, again and again.
pub const CONFLICT: &str = "SD2051";
/// One alert is larger than the store takes.
pub const ROW_TOO_LARGE: &str = "SD2052";
/// The store did not take it.
pub const NOT_WRITTEN: &str = "SD2053";
/// The store did not answer.
pub const NOT_READ: &str = "SD2054";

const EXPLANATIONS: &[(&str, &str)] = &[
    (UNKNOWN_SOURCE, "The address names a source that the configuration does not have."),
    (TOO_LARGE, "The body is larger than the source takes: see its `body_bytes_max`."),
    (
        OVERLOADED,
        "More writes wait than `limits.queue` allows; nothing was recorded, and the sender should come again.",
    ),
    (CONFLICT, "The same incident changed under this delivery several times; nothing was recorded."),
    (ROW_TOO_LARGE, "One alert, or the run that it would start, is larger than is kept; it was not recorded."),
    (NOT_WRITTEN, "The database did not take the delivery; nothing was recorded, and the sender should come again."),
    (NOT_READ, "The database could not be asked; nothing was recorded, and the sender should come again."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
