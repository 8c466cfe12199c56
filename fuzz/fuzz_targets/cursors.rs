//! A cursor that can be read is written as a cursor that reads the same.
#![no_main]

use elido::http::pagination::{Cursor, QueryFingerprint};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let query = QueryFingerprint::of(&"links");
    if let Ok(cursor) = Cursor::decode(text, query) {
        assert_eq!(Cursor::decode(&cursor.encode(query), query).expect("a cursor"), cursor);
    }
});
