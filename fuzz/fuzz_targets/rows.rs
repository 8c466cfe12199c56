//! Rows of links from files of any bytes, as CSV and as NDJSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elido::cli::rows(bytes));
