//! A store whose world is bad: a clear word at the start or a 503, never a panic, and nothing acknowledged is lost.

mod damaged;
mod full_disk;
mod unwritable;
