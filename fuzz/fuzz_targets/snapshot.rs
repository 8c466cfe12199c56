//! An edge's snapshot, from any bytes behind a right checksum.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elido::services::edge_redirect::fuzzing::snapshot(bytes));
