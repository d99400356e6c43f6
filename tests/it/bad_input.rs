//! Bad deliveries to the running daemon: a clear answer, nothing lost, never a panic, and the next alert is taken.

mod bodies;
mod flood;
mod outside;
mod secrets;
mod signatures;
