//! Secrets of a configuration: that each is there, and that none is written out.
//!
//! It finds references by their form, wherever they stand, because the settings that take one belong to many modules.
//! It resolves them only to say whether that works; a value is dropped at once.

use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::decode::{Fault, Kind, LITERAL_SECRET_HINT};
use super::{codes, pointer};
use crate::client::{SECRET_LENGTH_MIN, SecretReference, Secrets};
use crate::store::Store;

/// How well-known secrets begin.
const TOKEN_PREFIXES: [&str; 12] =
    ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk-", "whsec_", "AKIA", "hvs.", "-----BEGIN"];

/// A secret that can't be resolved: where it is named, and why.
pub(super) fn unresolved(document: &Value, secrets: &dyn Secrets) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, value) in pointer::leaves(document) {
        let Some(reference) = value.as_str().and_then(|text| SecretReference::parse(text).ok()) else { continue };
        if at == "/store" {
            continue;
        }
        if let Err(error) = secrets.resolve(&reference) {
            faults.push(Fault {
                pointer: at,
                kind: Kind::Value,
                code: codes::UNRESOLVED_SECRET,
                message: error.to_string(),
                hint: None,
            });
        }
    }
    faults
}

/// A secret that redaction leaves alone, because it is too short to be told from other words.
pub(super) fn short(document: &Value, secrets: &dyn Secrets) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, value) in pointer::leaves(document) {
        let Some(reference) = value.as_str().and_then(|text| SecretReference::parse(text).ok()) else { continue };
        // What opens the database goes to the database alone, and nothing that it answers is shown.
        if at == "/store" || at == "/store_password" {
            continue;
        }
        let Ok(secret) = secrets.resolve(&reference) else { continue };
        if secret.expose_secret().chars().count() < SECRET_LENGTH_MIN {
            faults.push(Fault {
                pointer: at,
                kind: Kind::Value,
                code: codes::SHORT_SECRET,
                message: format!(
                    "this secret has fewer than {SECRET_LENGTH_MIN} characters, so redaction leaves it alone"
                ),
                hint: Some("give it at least 8 characters, better 32 that nobody chose".to_owned()),
            });
        }
    }
    faults
}

/// Secrets that are written out where no reference is demanded: in an address, a header, or by their well-known form.
pub(super) fn literals(document: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (at, value) in pointer::leaves(document) {
        let Some(text) = value.as_str() else { continue };
        if SecretReference::parse(text).is_ok() {
            continue;
        }
        let what = if TOKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            "this looks like a secret"
        } else if has_password(text) {
            "the address has a password in it"
        } else if at.ends_with("/$secret") {
            "`$secret` names a secret"
        } else if is_secret_header(&at) {
            "this header carries a secret"
        } else {
            continue;
        };
        faults.push(Fault {
            pointer: at,
            kind: Kind::Value,
            code: codes::LITERAL_SECRET,
            message: format!("{what}; secrets are named by reference (the text is withheld)"),
            hint: Some(LITERAL_SECRET_HINT.to_owned()),
        });
    }
    faults
}

fn has_password(text: &str) -> bool {
    // The address of a store may name several hosts, which is no URL.
    text.contains("://") && (Store::has_password(text) || Url::parse(text).is_ok_and(|url| url.password().is_some()))
}

/// Whether this is a header of a connection whose name says that its value is a secret.
fn is_secret_header(at: &str) -> bool {
    let segments: Vec<String> = pointer::segments(at).collect();
    match segments.as_slice() {
        [section, _, headers, name] => {
            section == "connections"
                && headers == "headers"
                && (pointer::is_sensitive_name(name) || name.eq_ignore_ascii_case("cookie"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::StaticSecrets;
    use serde_json::json;

    fn pointers(faults: &[Fault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.pointer.as_str()).collect()
    }

    #[test]
    fn every_secret_that_is_not_there_is_reported_where_it_is_named() {
        let document = json!({
            "a": "env:SET", "b": ["${UNSET}"], "c": {"d": "file:/nowhere/to/be/found"}, "e": "text", "store": "file:/x",
        });
        let secrets = StaticSecrets::parse([("env:SET", "s3cret")]).unwrap();
        let faults = unresolved(&document, &secrets);
        assert_eq!(pointers(&faults), ["/b/0", "/c/d"]);
        assert!(faults[0].message.contains("env:UNSET"), "{}", faults[0].message);
    }

    #[test]
    fn a_secret_that_redaction_would_leave_alone_is_named_and_not_repeated() {
        let document = json!({ "a": "env:LONG", "b": ["env:SHORT"], "c": "env:UNSET", "store": "env:SHORT" });
        let secrets = StaticSecrets::parse([("env:LONG", "12345678"), ("env:SHORT", "hunter2")]).unwrap();
        let faults = short(&document, &secrets);
        assert_eq!(pointers(&faults), ["/b/0"]);
        assert!(!format!("{faults:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_that_is_written_out_is_found_and_not_repeated() {
        let document = json!({
            "public_url": "https://example.com/a@b",
            "store": "postgres://u:hunter2@db/s",
            "connections": {"x": {
                "base_url": "https://u:hunter2@example.com",
                "headers": {"X-Api-Key": "hunter2", "X-Team": "red", "Authorization": "env:TOKEN", "Cookie": "hunter2",
                    "X": {"$secret": "hunter2"}, "Y": {"$secret": "env:Y"}},
            }},
            "note": "xoxb-hunter2",
            "other": "postgres://u:hunter2@db1:5432,db2:5432/s",
        });
        let faults = literals(&document);
        let expected = [
            "/connections/x/base_url",
            "/connections/x/headers/Cookie",
            "/connections/x/headers/X-Api-Key",
            "/connections/x/headers/X/$secret",
            "/note",
            "/other",
            "/store",
        ];
        assert_eq!(pointers(&faults), expected);
        assert!(!format!("{faults:?}").contains("hunter2"));
    }
}
