//! engine

pub mod inventory;
