//! Declared actions: the shipped files by their own examples, and what a declaration can express by one of its own.

mod examples;
mod faults;
mod oauth;
mod undo;
