//! Runs a parser where it can't overflow the stack and can't take the process with it.
//!
//! The parsers of CEL and handlebars recurse with the text, and the stack of the caller may be small (a worker of an
//! asynchronous runtime has 2 MiB). A thread of its own with a large stack costs some 30 microseconds, which is fine for
//! one text and not for the thousands of a folder: whoever reads many does all of it on one such thread
//! ([`sharing_large_stack`]), and each text then only has its panics caught.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{Builder, ScopedJoinHandle, scope};

/// Reserved, not used: pages are only taken when they are touched.
const STACK_BYTES: usize = 64 * 1024 * 1024;

thread_local! {
    /// Whether this thread was started here.
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

fn large() -> Builder {
    Builder::new().name("language".to_owned()).stack_size(STACK_BYTES)
}

/// The result of `work`, run on a large stack; nothing if it panicked or if no thread could be started.
pub(super) fn with_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let caught = || catch_unwind(AssertUnwindSafe(work)).ok();
    if IS_LARGE.get() {
        return caught();
    }
    let marked = || {
        IS_LARGE.set(true);
        caught()
    };
    scope(|scope| large().spawn_scoped(scope, marked).ok().and_then(|handle| handle.join().ok().flatten()))
}

/// The result of `work`, which reads many texts, run on one large stack for all of them. A panic of its own goes on as one;
/// where no thread could be started it runs here, and each text asks for a stack of its own.
pub(crate) fn sharing_large_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    if IS_LARGE.get() {
        return work();
    }
    let marked = || {
        IS_LARGE.set(true);
        work()
    };
    match scope(|scope| large().spawn_scoped(scope, marked).map(ScopedJoinHandle::join)) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => work(),
    }
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
    fn whoever_reads_many_texts_starts_one_thread_for_all_of_them() {
        let here = || std::thread::current().id();
        let (whole, first, second, caught) = sharing_large_stack(|| {
            let panicking: fn() -> u8 = || panic!("a parser's own fault");
            let within = sharing_large_stack(|| with_large_stack(here));
            (here(), with_large_stack(here), within, with_large_stack(panicking))
        });
        assert_eq!((first, second, caught), (Some(whole), Some(whole), None));
        assert_ne!(whole, here());
        assert_ne!(with_large_stack(here), Some(here()));
    }

    #[test]
    #[should_panic(expected = "not a parser's")]
    fn a_panic_that_is_no_parsers_goes_on() {
        sharing_large_stack(|| panic!("not a parser's"));
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
