use allocation_counter::measure;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
const FRAMING: Framing = Framing { now: NOW, head: false, last: false, secured: false };
static LOCATION: HeaderValue = HeaderValue::from_static("https://example.com/");

fn written(framing: Framing, response: &EdgeResponse) -> String {
    let mut room = Vec::new();
    write(&mut room, framing, response);
    String::from_utf8(room).expect("text")
}

#[test]
fn a_redirect_is_a_head_alone_and_allocates_nothing() {
    let mut room = Vec::with_capacity(512);
    let counted = measure(|| {
        write_redirect(
            &mut room,
            FRAMING,
            (RedirectStatus::Found, Lifetime::None),
            &LOCATION,
            RedirectNotes::default(),
        );
    });
    let expected = "HTTP/1.1 302 Found\r\nlocation: https://example.com/\r\ncache-control: private, no-store\r\n\
        content-length: 0\r\ndate: Thu, 28 May 2026 20:26:40 GMT\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&room), expected);
    assert_eq!(counted.count_total, 0);
    assert_eq!(written(FRAMING, &respond::redirect(RedirectStatus::Found, Lifetime::None, &LOCATION)), expected);
}

#[test]
fn an_answer_to_head_has_the_same_head_and_no_body() {
    let response = respond::text(StatusCode::OK, "ok\n");
    let whole = written(FRAMING, &response);
    let head = written(Framing { head: true, ..FRAMING }, &response);
    assert!(whole.contains("content-length: 3\r\n"));
    assert_eq!(whole, format!("{head}ok\n"));
}

#[test]
fn the_last_answer_says_so_and_204_has_no_length() {
    let response = respond::empty(StatusCode::NO_CONTENT);
    let last = written(Framing { last: true, ..FRAMING }, &response);
    assert_eq!(last, "HTTP/1.1 204 No Content\r\nconnection: close\r\ndate: Thu, 28 May 2026 20:26:40 GMT\r\n\r\n");
}

#[test]
fn dates_follow_the_clock() {
    let later = NOW.plus(Duration::from_millis(999));
    assert_eq!(date(NOW), date(later));
    assert_eq!(&date(later.plus(Duration::from_millis(1))), b"Thu, 28 May 2026 20:26:41 GMT");
}
