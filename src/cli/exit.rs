//! How a command ends when it does not succeed, and what the person at the terminal is told.

use std::io;
use std::process::ExitCode;

use crate::web::problem::Body;

use super::output;
use super::render::add;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It failed, and this says why.
    #[error("{0}")]
    Failed(String),
    /// It was asked for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The daemon can't be reached.
    #[error("failed to reach the daemon at {place}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        place: String,
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The daemon said no.
    #[error("{}", .0.detail)]
    Problem(Box<Body>),
    /// The daemon answered something else than it should.
    #[error("failed to understand the daemon's answer ({status}): {reason}; are the versions the same?")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// Why.
        reason: String,
    },
    /// Nothing more can be shown.
    #[error("failed to write: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    fn code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Failed(_) | Self::Problem(_) | Self::Answer { .. } | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable { .. } => 3,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { hint, .. } => Some(hint),
            Self::Problem(body) => body.hint.as_deref(),
            Self::Failed(_) | Self::Usage(_) | Self::Answer { .. } | Self::Output(_) => None,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("error: {self}\n");
        if let Some(hint) = self.hint() {
            add(&mut text, format_args!("hint: {hint}\n"));
        }
        if let Self::Problem(body) = self {
            let request = body.request_id.as_deref().map(|id| format!(", request {id}")).unwrap_or_default();
            add(&mut text, format_args!("      ({}{request})\n", body.code));
        }
        text
    }
}

/// Tells the person why, and gives the exit code.
pub fn report(error: &Error) -> ExitCode {
    let code = error.code();
    if code != 0 {
        // Nobody is left to tell if even that fails.
        output::complain(&error.text()).unwrap_or_default();
    }
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_its_code() {
        let pipe = Error::Output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(pipe.code(), 0);
        assert_eq!(Error::Output(io::Error::from(io::ErrorKind::StorageFull)).code(), 1);
        assert_eq!(Error::Usage(String::new()).code(), 2);
        let far = Error::Unreachable { place: "s".into(), reason: "r".into(), hint: "start it".into() };
        assert_eq!(far.code(), 3);
        assert_eq!(far.text(), "error: failed to reach the daemon at s: r\nhint: start it\n");
    }

    #[test]
    fn a_problem_is_shown_with_hint_code_and_request() {
        let body = Body {
            title: "t".into(),
            status: 404,
            code: "SD3001".into(),
            detail: "failed to change run_x: there is no such run".into(),
            hint: Some("look it up".into()),
            request_id: Some("0190".into()),
        };
        let text = Error::Problem(Box::new(body)).text();
        assert_eq!(
            text,
            "error: failed to change run_x: there is no such run\nhint: look it up\n      (SD3001, request 0190)\n"
        );
    }
}
