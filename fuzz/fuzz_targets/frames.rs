//! Journal frames and the clicks in them, from any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| elido::infra::journal::fuzzing::frames(bytes));
