//! What the request reader takes for an ordinary request is what hyper reads from the same bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elido::services::edge_redirect::fuzzing::request_reader(bytes));
