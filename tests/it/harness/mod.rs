//! What the tests share: real servers started on free ports, and stand-ins that are built into the test.
//!
//! It knows nothing of the daemon's inside; whoever needs that imports the library in the test itself.

#![allow(dead_code, reason = "the harness offers more than each state of the suite uses")]

pub mod authority;
pub mod daemon;
pub mod database;
pub mod interposer;
pub mod lab;
pub mod load;
pub mod patience;
pub mod recorder;
pub mod request;
pub mod scene;
pub mod servers;
pub mod target;
pub mod wire;
pub mod world;
