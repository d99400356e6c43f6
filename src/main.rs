//! The binary: it parses the command line and calls the library.

/// Accepting and running are made of very many short-lived allocations on a few threads, which this one serves best.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    keep_small();
    standdown::cli::run()
}

/// Memory is taken in small pages: huge ones are faster by nothing that could be measured, and a daemon at rest takes a
/// third less without them. It is said before anything takes memory. Where the system does not know of them, there is
/// nothing to turn off.
fn keep_small() {
    rustix::thread::disable_transparent_huge_pages(true).unwrap_or_default();
}
