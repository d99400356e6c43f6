//! The binary: it parses the command line and calls the library.

fn main() -> std::process::ExitCode {
    standdown::cli::run()
}
