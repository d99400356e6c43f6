//! The rules of the house that a compiler does not know: floors, walls, sizes and what may lie in the repository.
//!
//! Each rule is one test that names every offender and says how to mend it. Each rule's helper is tried on a sample that
//! breaks the rule, because a check that cannot fail checks nothing. Code that only tests (`#[cfg(test)]`, `tests.rs`)
//! does not ship and is left out.

mod code;
mod floors;
mod layout;
mod sizes;
mod sources;
mod walls;

/// Fails the test when there are offenders, with the rule and the way to mend it.
fn demand_none(offenders: &[String], rule: &str, mend: &str) {
    assert!(offenders.is_empty(), "\n{rule}\n\n  {}\n\nTo mend it: {mend}\n", offenders.join("\n  "));
}
