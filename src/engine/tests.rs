//! The engine tried over a real store: with a clock that is told the time, a world outside that answers as it is told, and
//! a process that may die at any moment.

mod births;
mod changes;
mod children;
mod clock;
mod crash_points;
mod crashes;
pub(crate) mod database;
mod families;
pub(crate) mod fate;
mod flow;
mod frozen;
pub(crate) mod harness;
mod language;
mod lift;
mod limits;
pub(crate) mod outside;
mod postgres;
mod quarantine;
mod races;
mod replicas;
pub(crate) mod samples;
pub(crate) mod target;
mod unread;
mod versions;
