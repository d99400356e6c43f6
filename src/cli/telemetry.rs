//! Logs of the daemon: to standard error, readable or JSON, filtered by level or by `RUST_LOG`.
//!
//! **Architecture invariant:** nothing here can show a secret, because no secret is ever given to it: secrets are
//! references until they are sent, and their types show nothing when they are printed.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogFormat, LogOptions};

use super::exit::Error;

/// Starts logging for the whole process; once.
pub fn start(options: LogOptions, filter: Option<&str>) -> Result<(), Error> {
    let filter = filtered(options, filter)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match options.format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(true).finish().try_init(),
    };
    started.map_err(|error| Error::Failed(format!("failed to start logging: {error}")))
}

/// What is logged: all of ours at the level, warnings of others; or what `RUST_LOG` says.
fn filtered(options: LogOptions, filter: Option<&str>) -> Result<EnvFilter, Error> {
    let default = format!("warn,standdown={}", options.level.as_str());
    let directives = filter.filter(|text| !text.trim().is_empty()).unwrap_or(&default);
    let wrong = |error| Error::Usage(format!("failed to read RUST_LOG: {error}; write e.g. `warn,standdown=debug`"));
    EnvFilter::builder().parse(directives).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogLevel;

    #[test]
    fn the_level_is_for_our_own_and_others_only_warn() {
        let options = LogOptions { format: LogFormat::Human, level: LogLevel::Debug };
        let mut directives: Vec<_> =
            filtered(options, None).unwrap().to_string().split(',').map(str::to_owned).collect();
        directives.sort();
        assert_eq!(directives, ["standdown=debug", "warn"]);
        assert_eq!(filtered(options, Some("error")).unwrap().to_string(), "error");
        assert!(filtered(options, Some("standdown=loud")).is_err());
    }
}
