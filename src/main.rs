//! The binary: it parses the command line and calls the library.

/// Accepting and running are made of very many short-lived allocations on a few threads, which this one serves best.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    standdown::cli::run()
}
