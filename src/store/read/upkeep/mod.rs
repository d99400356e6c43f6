//! What looking after a store reads: what may be forgotten, and every row with what is wrong with it.

mod columns;
mod examination;
mod relations;
mod retention;
