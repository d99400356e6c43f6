//! Bad deliveries to the running daemon: a clear answer, nothing lost, never a panic, and the next alert is taken.

mod bodies;
mod connections;
mod flood;
mod outside;
mod secrets;
mod signatures;
