//! The stable codes of what this module reports, and one line of explanation for each.
//!
//! The families are `SD21xx` for authentication, `SD22xx` for decoding, `SD23xx` for mapping and `SD24xx` for the
//! configuration of a source. A code never changes its meaning and is never given away again, because people search for it.

use crate::domain::Codes;

/// The delivery carries no credentials, or they are malformed.
pub const NO_CREDENTIALS: &str = "SD2101";
/// The credentials are none of the configured ones.
pub const WRONG_CREDENTIALS: &str = "SD2102";
/// The signature is right and its time is not.
pub const STALE: &str = "SD2103";

/// The body is empty.
pub const EMPTY_BODY: &str = "SD2201";
/// The body is not UTF-8.
pub const NOT_UTF8: &str = "SD2202";
/// The body is not JSON.
pub const NOT_JSON: &str = "SD2203";
/// A key stands twice in one object.
pub const DUPLICATE_KEY: &str = "SD2204";
/// The body is nested too deeply.
pub const TOO_DEEP: &str = "SD2205";
/// The body is larger than the source allows.
pub const TOO_LARGE: &str = "SD2206";
/// The body is neither an object nor a list.
pub const NOT_AN_OBJECT: &str = "SD2207";

/// `each` gives no list.
pub const NO_ITEMS: &str = "SD2301";
/// An item is no object.
pub const ITEM_NOT_AN_OBJECT: &str = "SD2302";
/// Nothing in the item says what it is about.
pub const NO_IDENTITY: &str = "SD2303";
/// More items than one delivery may have.
pub const TOO_MANY_ITEMS: &str = "SD2304";
/// The delivery has no id, and the source demands one.
pub const NO_DELIVERY_ID: &str = "SD2305";

/// Neither a preset nor a mapping.
pub const NO_MAPPING: &str = "SD2401";
/// A preset that does not exist.
pub const UNKNOWN_PRESET: &str = "SD2402";
/// A mapping lacks a field that every source needs.
pub const MISSING_FIELD: &str = "SD2403";
/// A source that does not say what its missing severity is.
pub const MISSING_SEVERITY: &str = "SD2404";
/// Not exactly one way to authenticate.
pub const AUTHENTICATION: &str = "SD2405";
/// A secret that can't be resolved.
pub const SECRET: &str = "SD2406";
/// A secret of the wrong form for its scheme.
pub const SECRET_FORM: &str = "SD2407";
/// A signature scheme that does not exist.
pub const UNKNOWN_SCHEME: &str = "SD2408";
/// A value that is out of range or can't be read.
pub const BAD_VALUE: &str = "SD2409";
/// A word that means two things in one table.
pub const AMBIGUOUS_WORD: &str = "SD2410";

const EXPLANATIONS: &[(&str, &str)] = &[
    (NO_CREDENTIALS, "The delivery carries no credentials of the kind that this source takes, or carries them twice."),
    (WRONG_CREDENTIALS, "The credentials are none of those configured, or the body was changed after it was signed."),
    (STALE, "The signature is right, but its time is too far from the time of receipt: a replay, or a wrong clock."),
    (EMPTY_BODY, "The body is empty."),
    (NOT_UTF8, "The body is not UTF-8 without a byte order mark, which is what JSON is sent in (RFC 8259)."),
    (NOT_JSON, "The body is not one value of JSON (RFC 8259)."),
    (DUPLICATE_KEY, "A key stands twice in one object, so that two readers could see two different alerts."),
    (TOO_DEEP, "The body is nested more than 128 levels deep."),
    (TOO_LARGE, "The body is larger than `body_bytes_max` of the source."),
    (NOT_AN_OBJECT, "The body is neither an object nor a list, so that a mapping finds nothing in it."),
    (NO_ITEMS, "`each` gives no list for this body."),
    (ITEM_NOT_AN_OBJECT, "Each item that becomes an alert is an object."),
    (NO_IDENTITY, "Every part of the `dedup` key is missing: all such alerts would be taken for one."),
    (TOO_MANY_ITEMS, "One delivery has at most 2000 items."),
    (NO_DELIVERY_ID, "The source demands a delivery id, and the delivery has none."),
    (NO_MAPPING, "A source names a `preset`, has a `map`, or both: then its `map` replaces fields of the preset."),
    (UNKNOWN_PRESET, "The presets are `alertmanager` and `generic`; any other sender takes a `map`."),
    (MISSING_FIELD, "A mapping says at least `dedup`, `title` and `severity`."),
    (MISSING_SEVERITY, "A source says what its missing severity is, because unknown is not low: `missing: HIGH`."),
    (AUTHENTICATION, "A source has exactly one of `bearer`, `basic` and `hmac` under `auth`."),
    (SECRET, "The secret behind the reference can't be read: set the variable, or mend the file."),
    (SECRET_FORM, "The secret does not have the form that the signature scheme needs."),
    (UNKNOWN_SCHEME, "No signature scheme has this name."),
    (BAD_VALUE, "The value is outside of what this option takes."),
    (AMBIGUOUS_WORD, "A word of the sender stands for two things; letter case does not tell words apart."),
];

/// The codes of this module, with their lines and their help.
pub const CODES: Codes = Codes::new(EXPLANATIONS, include_str!("codes.md"));
