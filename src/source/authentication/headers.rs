//! Reading one header of a delivery. A header that stands twice is refused: two readers could choose differently.

use crate::source::codes;
use crate::source::refusal::Refusal;

/// The value of a header that must be there once.
pub(super) fn required<'a>(headers: &'a [(String, String)], name: &str) -> Result<&'a str, Refusal> {
    let mut values =
        headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        (None, _) => {
            let reason = format!("the delivery has no header `{name}`");
            Err(Refusal::unauthenticated(codes::NO_CREDENTIALS, reason)
                .hint("configure the sender to authenticate itself"))
        }
        (Some(_), Some(_)) => {
            let reason = format!("the delivery has the header `{name}` more than once");
            Err(Refusal::unauthenticated(codes::NO_CREDENTIALS, reason).hint("send it once"))
        }
    }
}

/// A refusal for a header whose value can't be read.
pub(super) fn malformed(name: &str, expected: &str) -> Refusal {
    let reason = format!("the header `{name}` can't be read: {expected} is expected");
    Refusal::unauthenticated(codes::NO_CREDENTIALS, reason)
}
