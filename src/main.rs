//! Parses the command line and starts.

use std::process::ExitCode;

use clap::Parser;
use elido::cli::arguments::Arguments;

/// Redirects are many small allocations on few threads, which this allocator serves with less work than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // They would make an idle edge twice as large. An error means that there are none.
    let _without = rustix::thread::disable_transparent_huge_pages(true);
    // Every TLS client and server of the process uses the same provider; an error would only say that it is set already.
    drop(rustls::crypto::ring::default_provider().install_default());
    elido::cli::start(Arguments::parse())
}
