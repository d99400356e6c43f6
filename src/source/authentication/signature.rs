//! Checking a signature over the raw body by the scheme's entry in the table.

use super::key::Key;
use super::scheme::{Part, Scheme, Time};
use super::{Authenticated, authenticated, headers, wrong};
use crate::source::codes;
use crate::source::refusal::{Refusal, RefusalKind};
use jiff::{SignedDuration, Timestamp};

/// How many signatures of one header are looked at.
const ENTRIES_MAX: usize = 16;
/// How far the signed time may be from the time of receipt, both ways.
pub(super) const TOLERANCE_DEFAULT: SignedDuration = SignedDuration::from_secs(300);

/// A scheme with its keys.
pub(in crate::source) struct Verifier {
    pub(super) scheme: &'static Scheme,
    pub(super) keys: Vec<Key>,
    pub(super) tolerance: SignedDuration,
}

impl Verifier {
    pub(super) fn header(&self) -> &'static str {
        self.scheme.header
    }

    pub(super) fn authenticate(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let scheme = self.scheme;
        let header = headers::required(headers, scheme.header)?;
        let entries: Vec<&str> = header.split(scheme.separator).map(str::trim).take(ENTRIES_MAX).collect();
        let id = scheme.id.map(|name| headers::required(headers, name)).transpose()?;
        if id == Some("") {
            return Err(headers::malformed(scheme.id.unwrap_or_default(), "an id"));
        }
        let time = self.time(headers, &entries)?;
        let content = self.content(id, time, body);
        let mut matched = None;
        for key in &self.keys {
            if key.signs(scheme, &entries, time.unwrap_or_default(), &content) {
                matched = Some(&key.id);
            }
        }
        let key_id = matched.ok_or_else(|| wrong(&format!("the signature in `{}`", scheme.header)))?;
        // Only now, so that nobody without a key learns anything of the clock.
        if let Some(time) = time {
            self.check_age(time, now)?;
        }
        Ok(authenticated(scheme.name, key_id, id))
    }

    fn time<'a>(&self, headers: &'a [(String, String)], entries: &[&'a str]) -> Result<Option<&'a str>, Refusal> {
        match self.scheme.time {
            Time::None => Ok(None),
            Time::Header(name) => headers::required(headers, name).map(Some),
            Time::Entry(prefix) => {
                let mut times = entries.iter().filter_map(|entry| entry.strip_prefix(prefix));
                match (times.next(), times.next()) {
                    (Some(time), None) => Ok(Some(time)),
                    _ => Err(headers::malformed(self.scheme.header, &format!("one entry `{prefix}<seconds>`"))),
                }
            }
        }
    }

    fn content(&self, id: Option<&str>, time: Option<&str>, body: &[u8]) -> Vec<u8> {
        let mut content = Vec::with_capacity(body.len() + 64);
        for part in self.scheme.content {
            content.extend_from_slice(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Id => id.unwrap_or_default().as_bytes(),
                Part::Time => time.unwrap_or_default().as_bytes(),
                Part::Body => body,
            });
        }
        content
    }

    fn check_age(&self, time: &str, now: Timestamp) -> Result<(), Refusal> {
        let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = time.parse::<i64>().ok().filter(|_| digits);
        let signed_at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let signed_at = signed_at.ok_or_else(|| headers::malformed(self.scheme.header, "a time in seconds"))?;
        let age = now.duration_since(signed_at);
        if age.abs() <= self.tolerance {
            return Ok(());
        }
        let (seconds, direction) =
            if age.is_negative() { (-age.as_secs(), "in the future") } else { (age.as_secs(), "old") };
        let reason = format!("the signed time is {seconds} s {direction}, more than {} s", self.tolerance.as_secs());
        let refusal = Refusal::new(RefusalKind::Stale, codes::STALE, reason);
        Err(refusal.hint("set the clocks of both sides, or have the sender sign each attempt anew"))
    }
}
