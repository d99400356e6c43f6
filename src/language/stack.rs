//! Runs a parser where it can't overflow the stack and can't take the process with it.
//!
//! The parsers of CEL and handlebars recurse with the text, and the stack of the caller may be small (a worker of an
//! asynchronous runtime has 2 MiB). A thread of its own with a large stack costs some 30 microseconds, which is fine
//! for compiling and would not be for evaluating.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reserved, not used: pages are only taken when they are touched.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The result of `work`, run on a large stack; nothing if it panicked or if no thread could be started.
pub(super) fn with_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("language".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || catch_unwind(AssertUnwindSafe(work)).ok())
            .ok()
            .and_then(|handle| handle.join().ok().flatten())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_parser_ends_as_nothing() {
        assert_eq!(with_large_stack(|| 7), Some(7));
        let panicking: fn() -> u8 = || panic!("a parser's own fault");
        assert_eq!(with_large_stack(panicking), None);
    }

    #[test]
    fn recursion_far_beyond_a_usual_stack_ends_well() {
        fn down(depth: u32) -> u32 {
            let frame = std::hint::black_box([depth; 64]);
            if depth == 0 { 0 } else { down(depth - 1) + frame[0] - frame[63] + 1 }
        }
        assert_eq!(with_large_stack(|| down(50_000)), Some(50_000));
    }
}
