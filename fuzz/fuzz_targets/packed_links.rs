//! A packed link that can be read is written again as the same link.
#![no_main]

use elido::infra::cache::packed_link::{PackedLink, pack_link};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(link) = PackedLink::read(bytes) else { return };
    let Ok(record) = link.to_record() else { return };
    let packed = pack_link(&record).expect("a link that was read can be written");
    let again = PackedLink::read(&packed).expect("what was written can be read");
    assert_eq!(again.to_record().expect("a link"), record);
});
