//! Tries rehearsals: against the engine itself, and against the histories that they leave.

mod engine;
mod family;
mod language;
mod planned;
mod replayed;
mod shipped;
