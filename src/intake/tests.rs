//! Deliveries tried over a real store and a real engine: what comes in, what it leads to, and what must never happen.

mod by_hand;
mod corroborate;
mod deliveries;
pub(crate) mod desk;
mod follow_up;
mod histories;
mod incidents;
mod memory;
mod property;
mod refusals;
mod rerun;
mod rerun_words;
mod retention;
mod schedule_rows;
mod schedules;
