//! Tries rehearsals: against the engine itself, and against the histories that they leave.

mod engine;
mod language;
mod shipped;
