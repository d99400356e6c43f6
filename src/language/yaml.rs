//! Reading YAML: typed values, and the place of every value in the file.
//!
//! The text is walked twice: once event by event for the places (and for the limits on depth and aliases, before
//! anything recurses), once by serde for the values. Both walks use the same parser. Everything in YAML that makes a
//! file mean something else than it seems to say is switched off: `no` as a boolean, `0755` and `1_000` as numbers,
//! tags, merge keys, several documents. This module knows no field of any file.

mod error;
mod place;
mod slip;
mod span_map;
mod walk;

pub use span_map::SpanMap;
pub(super) use span_map::escape as escape_pointer;

use super::codes::YAML_TOO_LARGE;
use super::{Diagnostic, Source};
use serde::de::DeserializeOwned;

/// The longest file that is read, in bytes.
pub const SIZE_BYTES_MAX: usize = 256 * 1024;
/// How deeply lists and mappings may be nested.
pub const DEPTH_MAX: usize = 32;
/// How many aliases (`*name`) a file may use.
pub const ALIASES_MAX: usize = 100;
/// How many parser events all aliases together may repeat.
const REPLAYED_EVENTS_MAX: usize = 20_000;

/// Reads a file as `T`, with the place of every value.
///
/// Plain structs with `deny_unknown_fields` give exact places; `untagged`, internally tagged and flattened shapes lose
/// them. Serde stops at its first fault, so the list has one entry for each kind of check that failed.
pub fn parse<T: DeserializeOwned>(source: &Source) -> Result<(T, SpanMap), Vec<Diagnostic>> {
    if source.text.len() > SIZE_BYTES_MAX {
        let message = format!("the file has {} KiB; at most 256 KiB are read", source.text.len() / 1024);
        let diagnostic = Diagnostic::error(YAML_TOO_LARGE, &source.name, message).hint("split it into several files");
        return Err(vec![diagnostic]);
    }
    // A byte order mark is no character of the text: places are counted without it.
    let unmarked = source.text.strip_prefix('\u{feff}');
    let unmarked = unmarked.map(|text| Source { name: source.name.clone(), text: text.to_owned() });
    let source = unmarked.as_ref().unwrap_or(source);
    let places = walk::walk(source)?;
    let result = serde_yaml::from_str_with_options::<T>(&source.text, options());
    match result {
        Ok(value) => Ok((value, places)),
        Err(failure) => Err(vec![error::diagnostic(&failure, &places)]),
    }
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: DEPTH_MAX,
            max_aliases: ALIASES_MAX,
            max_documents: 1,
            max_total_scalar_bytes: SIZE_BYTES_MAX * 4,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: REPLAYED_EVENTS_MAX,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::Error,
        merge_keys: serde_yaml::MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        legacy_octal_numbers: false,
        reject_unsupported_tags: true,
        non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::Reject,
        with_snippet: false,
    }
}

#[cfg(test)]
mod tests;
