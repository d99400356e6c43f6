//! What every database does alike when it writes: commits encoded as cells, guards judged, histories numbered and linked.
//!
//! A database brings only its own: how answers are looked up, how rows go in, and what makes them durable. Nothing here
//! speaks SQL.

pub mod cell;
mod encode;
pub mod prepared;
pub mod questions;
pub mod state;
pub mod stats;
pub mod target;
pub mod world;

use crate::store::commit::CommitError;

/// What became of each commit of a batch, in order.
pub type Verdicts = Vec<Result<(), CommitError>>;
