//! The machine tried by hand: a small simulator answers its questions and keeps the history, and after every event the
//! history must lead to the same state again.

mod approvals;
mod attempts;
mod bundles;
mod children;
mod corroborate;
mod each;
mod flow;
mod room;
mod simulator;
mod vars;
mod waits;
