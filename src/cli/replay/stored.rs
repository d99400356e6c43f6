//! The alerts that a daemon has kept, asked for page by page over its API.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::cli::context::Context;
use crate::cli::exit::Error;
use crate::domain::Alert;
use crate::web::api::view::AlertPage;

/// How many alerts are asked for at once.
const PAGE: u32 = 1_000;

/// The alerts from a time on, oldest first.
pub(super) async fn alerts(since: Timestamp, context: &Context) -> Result<Vec<Arc<Alert>>, Error> {
    let client = context.client()?;
    let mut alerts: Vec<Arc<Alert>> = Vec::new();
    loop {
        let mut query = vec![("since", since.to_string()), ("limit", PAGE.to_string())];
        query.extend(alerts.last().map(|last| ("after", last.id.to_string())));
        let page: AlertPage = client.get("/alerts", &query).await?;
        let full = page.alerts.len() >= PAGE as usize;
        alerts.extend(page.alerts.into_iter().map(Arc::new));
        if !full {
            return Ok(alerts);
        }
    }
}

/// The time so long ago.
pub(super) fn since(span: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let wrong = || Error::Usage(format!("`{span}` is no span of time; write it as in 30d or 12h"));
    let digits = span.find(|character: char| !character.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = span.split_at(digits);
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let hours = match unit {
        "h" => Some(number),
        "d" => number.checked_mul(24),
        "w" => number.checked_mul(24 * 7),
        _ => None,
    };
    let hours = hours.filter(|hours| *hours <= 24 * 3_660).ok_or_else(wrong)?;
    now.checked_sub(SignedDuration::from_hours(hours)).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_with_a_unit_and_nothing_else() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        assert_eq!(since("30d", now).unwrap().to_string(), "2026-10-24T03:00:00Z");
        assert_eq!(since("36h", now).unwrap().to_string(), "2026-11-21T15:00:00Z");
        for wrong in ["", "30", "d", "30 d", "-1d", "1.5d", "99999999999999999999d", "9999999d", "3m"] {
            assert!(since(wrong, now).is_err(), "{wrong}");
        }
    }
}
