//! From a value of a file to a typed one, with the place of every fault and not only of the first.
//!
//! Serde stops at its first fault and does not say where it was. This module wraps a value so that every error carries
//! its JSON pointer, and goes on after a fault by taking the faulty part out and reading the rest again. It knows no
//! setting: the shapes come from its callers. What it says never repeats a text that stood where something else was
//! expected, because that text may be a secret put in the wrong place.

mod error;
mod node;

pub(super) use error::{Fault, Kind, LITERAL_SECRET_HINT};

use error::{Error, Recovery};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pointer;

/// How many faults of one document are reported; somebody who made more starts with these.
const FAULTS_MAX: usize = 100;

/// Reads `value`, and gives what could be read together with every fault. `None` only if nothing could be saved.
pub(super) fn decode<T: DeserializeOwned>(value: &Value) -> (Option<T>, Vec<Fault>) {
    let mut rest = value.clone();
    let mut faults: Vec<Fault> = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    while faults.len() < FAULTS_MAX {
        let error = match T::deserialize(node::Node(&rest)) {
            Ok(read) => return (Some(read), faults),
            Err(error) => error,
        };
        let (fault, recovery) = error.into_fault();
        let target = match &recovery {
            Recovery::Remove => fault.pointer.clone(),
            // What is missing because it was faulty has been reported already: the value around it goes too.
            Recovery::RemoveAround(field) => {
                if !removed.contains(&pointer::child(&fault.pointer, field)) {
                    faults.push(fault.clone());
                }
                fault.pointer.clone()
            }
        };
        if matches!(recovery, Recovery::Remove) {
            faults.push(fault);
        }
        if !pointer::remove(&mut rest, &target) {
            return (None, faults);
        }
        removed.push(target);
    }
    (None, faults)
}

#[cfg(test)]
mod tests;
