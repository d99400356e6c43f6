//! The reference documentation: pages about the language and its codes, made from the tables that the program works by.
//!
//! What keys, actions, functions and codes there are is asked of the rooms that own them, so that no page can tell of
//! something else than what is compiled; only the words around stand here, in Markdown. A page is a list of blocks, and
//! whoever shows it (the terminal, the daemon's `/docs`) decides how. The rooms above hand in the tables of their codes,
//! because this one must not know them.

mod block;
mod inline;
mod markdown;
mod page;
mod pages;
mod terminal;

pub use block::{Block, Entry};
pub use inline::Inline;
pub use page::{Guide, Page};
pub use terminal::render;
