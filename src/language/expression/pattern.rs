//! Patterns of `matches`: compiled once a thread, within a limit of memory.
//!
//! The engine never backtracks, so a hostile text costs time in proportion to its length; what can grow is the
//! compiled pattern, and that is what the limit is for.

use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;

/// How large a compiled pattern may be, in bytes.
const SIZE_BYTES_MAX: usize = 256 * 1024;
/// How long a pattern may be, in bytes.
const LENGTH_BYTES_MAX: usize = 1024;
/// How many patterns a thread keeps.
const KEPT_MAX: usize = 64;

thread_local! {
    static KEPT: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

/// Compiles a pattern, or says why it is refused.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LENGTH_BYTES_MAX {
        return Err("the pattern is longer than 1024 bytes".to_owned());
    }
    let built =
        RegexBuilder::new(pattern).size_limit(SIZE_BYTES_MAX).dfa_size_limit(SIZE_BYTES_MAX).nest_limit(32).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large; use smaller repetitions".to_owned(),
        regex::Error::Syntax(text) => {
            let reason = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
            format!("the pattern can't be read: {}", reason.unwrap_or("it is no regular expression"))
        }
        _ => "the pattern can't be read".to_owned(),
    })
}

/// Whether a pattern is found in a text.
pub(super) fn is_match(pattern: &str, text: &str) -> Result<bool, String> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(known) = kept.get(pattern) {
            return Ok(known.is_match(text));
        }
        let compiled = compile(pattern)?;
        let found = compiled.is_match(text);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), compiled);
        Ok(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_would_grow_without_end_is_refused() {
        for bomb in ["(((a{100}){100}){100}){100}", "\\w{1000}{1000}", &"(".repeat(500), &"a".repeat(5000)] {
            assert!(compile(bomb).is_err(), "{bomb}");
        }
    }

    #[test]
    fn a_text_made_for_backtracking_is_matched_in_no_time() {
        let text = "a".repeat(100_000) + "!";
        assert_eq!(is_match("^(a+)+$", &text), Ok(false));
    }

    #[test]
    fn many_patterns_are_forgotten_again() {
        for index in 0..KEPT_MAX * 3 {
            assert_eq!(is_match(&format!("x{index}$"), &format!("x{index}")), Ok(true));
        }
        assert!(KEPT.with_borrow(HashMap::len) <= KEPT_MAX);
    }
}
