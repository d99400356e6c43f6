//! Numbers as people read them.

use std::time::Duration;

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Milliseconds, with as many digits as mean something.
pub fn milliseconds(time: Duration) -> String {
    if time == Duration::MAX {
        return "never".to_owned();
    }
    let value = time.as_secs_f64() * 1000.0;
    if value < 10.0 { format!("{value:.2} ms") } else { format!("{value:.0} ms") }
}

/// A rate with thousands set apart.
pub fn rate(value: f64) -> String {
    let whole = value.round() as u64;
    if whole >= 1000 { format!("{},{:03}/s", whole / 1000, whole % 1000) } else { format!("{whole}/s") }
}

/// A share of one, in percent.
pub fn percent(value: f64) -> String {
    format!("{:.0} %", value * 100.0)
}
