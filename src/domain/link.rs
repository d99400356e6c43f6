//! Link tokens and their codes: what a person must hold to decide without logging in.
//!
//! A token is `apr_`, 43 base62 characters (256 random bits) and 6 base62 characters of CRC-32, so that a mistyped or
//! guessed one is refused before the database is asked, and secret scanners can find a leaked one. Only digests are
//! ever stored. `Debug` shows nothing.

use std::fmt;
use std::str::FromStr;

use super::digest::Digest;

const PREFIX: &str = "apr_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY_CHARACTERS: usize = 43;
const CHECK_CHARACTERS: usize = 6;

/// A text that can't be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no link token, or not all of one")]
pub struct LinkTokenError;

/// A link token.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

impl LinkToken {
    /// A token of 256 random bits.
    #[must_use]
    pub fn from_random(random: &[u8; 32]) -> Self {
        let body = base62(random, BODY_CHARACTERS);
        let check = base62(&crc32(body.as_bytes()).to_be_bytes(), CHECK_CHARACTERS);
        Self(format!("{PREFIX}{body}{check}"))
    }

    /// The token, to be put into a link; never into a log.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the store knows of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// What the store knows of its code: the code alone could be guessed from a digest, with the token it can't.
    #[must_use]
    pub fn code_digest(&self, code: &str) -> Digest {
        Digest::of(format!("{}\n{code}", self.0).as_bytes())
    }
}

impl FromStr for LinkToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        let rest = text.strip_prefix(PREFIX).ok_or(LinkTokenError)?;
        if rest.len() != BODY_CHARACTERS + CHECK_CHARACTERS || !rest.bytes().all(|byte| ALPHABET.contains(&byte)) {
            return Err(LinkTokenError);
        }
        let (body, check) = rest.split_at_checked(BODY_CHARACTERS).ok_or(LinkTokenError)?;
        let right = base62(&crc32(body.as_bytes()).to_be_bytes(), CHECK_CHARACTERS);
        if check == right { Ok(Self(text.to_owned())) } else { Err(LinkTokenError) }
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

/// A code of four digits from random bits.
#[must_use]
pub fn code_from_random(random: u64) -> String {
    format!("{:04}", random % 10_000)
}

/// A big-endian number in base 62, padded on the left.
fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let mut remainder: u32 = 0;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        let digit = usize::try_from(remainder).ok().and_then(|index| ALPHABET.get(index)).copied();
        digits.push(digit.unwrap_or(b'0'));
    }
    digits.iter().rev().map(|byte| char::from(*byte)).collect()
}

/// CRC-32 (ISO 3309, the one of gzip and PNG), bit by bit: a few dozen bytes a link need no table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_token_is_read_back_and_any_slip_in_it_is_noticed() {
        for random in [[0_u8; 32], [255; 32], *b"0123456789abcdef0123456789abcdef"] {
            let token = LinkToken::from_random(&random);
            let text = token.reveal().to_owned();
            assert_eq!(text.len(), 53);
            assert_eq!(text.parse::<LinkToken>().as_ref(), Ok(&token));
            assert!(text[..52].parse::<LinkToken>().is_err(), "cut off");
            for at in 4..text.len() {
                let mut slip = text.clone().into_bytes();
                slip[at] = if slip[at] == b'x' { b'y' } else { b'x' };
                assert!(String::from_utf8(slip).unwrap().parse::<LinkToken>().is_err(), "slip at {at}");
            }
        }
    }

    #[test]
    fn nothing_shows_a_token_by_accident() {
        assert_eq!(format!("{:?}", LinkToken::from_random(&[7; 32])), "LinkToken(..)");
    }
}
