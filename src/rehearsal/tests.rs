//! Tries rehearsals: against the engine itself, and against the histories that they leave.

mod engine;
mod family;
mod incidents;
mod language;
mod planned;
mod replayed;
mod shipped;
mod succession;
