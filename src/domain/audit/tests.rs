//! Whatever is done to a chain afterwards, the verifier finds it.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::id::{UserId, WorkspaceId};

fn chain(length: usize) -> (Vec<AuditEvent>, ChainHead) {
    let chain = Chain::Workspace(WorkspaceId::new());
    let mut head = ChainHead::default();
    let mut rows = Vec::new();
    for number in 1..=length {
        let mut row = AuditEvent {
            chain,
            sequence: i64::try_from(number).expect("a small number"),
            id: AuditEventId::new(),
            at: Timestamp::from_micros(1_000_000 * i64::try_from(number).expect("a small number")),
            actor: Author::Person(UserId::new()),
            action: "link.updated".to_owned(),
            target: format!("lnk_{number}"),
            before: Some(json!({ "title": null, "rules": [{ "b": 1, "a": "ä\u{0}" }] })),
            after: Some(json!({ "title": format!("title {number}") })),
            address: Some("203.0.113.7".to_owned()),
            request_id: None,
            hash: ChainHash::default(),
        };
        row.hash = row.hash_after(head.hash).expect("a hash");
        head = ChainHead { sequence: row.sequence, hash: row.hash };
        rows.push(row);
    }
    (rows, head)
}

fn verify(rows: &[AuditEvent], chain: Chain, head: ChainHead) -> Result<(), Break> {
    let mut verifier = Verifier::new(chain, ChainHead::default());
    rows.iter().try_for_each(|row| verifier.read(row))?;
    verifier.finish(head)
}

/// One field of a row that becomes another value.
fn edit(row: &mut AuditEvent, field: usize) {
    match field {
        0 => row.at = Timestamp::from_micros(row.at.as_micros() + 1),
        1 => row.actor = Author::Instance,
        2 => row.action.push('x'),
        3 => row.target.push('x'),
        4 => row.before = None,
        5 => row.after = Some(json!({ "title": "another" })),
        6 => row.address = None,
        7 => row.request_id = Some("req_1".to_owned()),
        8 => row.id = AuditEventId::new(),
        _ => row.hash = ChainHash::default(),
    }
}

proptest! {
    #[test]
    fn every_kind_of_tampering_is_found(length in 2..12_usize, place in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), kind in 0..6_u8, field in 0..10_usize) {
        let (mut rows, head) = chain(length);
        let chain = rows[0].chain;
        prop_assert_eq!(verify(&rows, chain, head), Ok(()));
        let (place, other) = (place.index(length), other.index(length));
        match kind {
            0 => edit(&mut rows[place], field),
            1 => drop(rows.remove(place)),
            2 => {
                prop_assume!(place != other);
                rows.swap(place, other);
            }
            3 => {
                let copy = rows[other].clone();
                rows.insert(place, copy);
            }
            4 => rows.truncate(place),
            _ => {
                // A row of somebody's own, numbered and sealed as it would be there, with those behind it numbered anew.
                let before = if place == 0 { ChainHash::default() } else { rows[place - 1].hash };
                let mut forged = AuditEvent { action: "link.deleted".to_owned(), ..rows[place].clone() };
                forged.hash = forged.hash_after(before).expect("a hash");
                rows.insert(place, forged);
                rows.iter_mut().skip(place + 1).for_each(|row| row.sequence += 1);
            }
        }
        prop_assert!(verify(&rows, chain, head).is_err());
    }

    #[test]
    fn the_order_of_keys_and_the_form_of_a_file_do_not_matter(length in 1..5_usize) {
        let (rows, head) = chain(length);
        let text: Vec<String> = rows.iter().map(|row| serde_json::to_string_pretty(row).expect("JSON")).collect();
        let read: Vec<AuditEvent> = text.iter().map(|row| serde_json::from_str(row).expect("a row")).collect();
        prop_assert_eq!(verify(&read, rows[0].chain, head), Ok(()));
    }
}

#[test]
fn a_chain_that_was_sealed_anew_from_some_row_on_has_another_head() {
    let (mut rows, head) = chain(5);
    rows[2].action = "link.created".to_owned();
    for place in 2..rows.len() {
        rows[place].hash = rows[place].hash_after(rows[place - 1].hash).expect("a hash");
    }
    assert_eq!(verify(&rows, rows[0].chain, head), Err(Break::End { expected: 5, found: 5 }));
}

#[test]
fn a_row_of_another_chain_is_named() {
    let (rows, head) = chain(1);
    let found = rows[0].chain;
    assert_eq!(verify(&rows, Chain::Instance, head), Err(Break::OtherChain { sequence: 1, found }));
}

/// So that somebody else's program can check its own reading of the rule.
#[test]
fn the_hash_of_a_known_row_is_known() {
    let row = AuditEvent {
        chain: "ws_00000000000000000000000000000001".parse().expect("a chain"),
        sequence: 1,
        id: "aud_00000000000000000000000000000002".parse().expect("an id"),
        at: Timestamp::from_micros(0),
        actor: Author::Instance,
        action: "workspace.created".to_owned(),
        target: "ws_00000000000000000000000000000001".to_owned(),
        before: None,
        after: Some(json!({ "name": "Müller", "version": 1 })),
        address: None,
        request_id: None,
        hash: ChainHash::default(),
    };
    let canonical = concat!(
        r#"{"action":"workspace.created","actor":"instance","address":null,"after":{"name":"Müller","version":1},"#,
        r#""at":"1970-01-01T00:00:00.000000Z","before":null,"chain":"ws_00000000000000000000000000000001","#,
        r#""id":"aud_00000000000000000000000000000002","request_id":null,"sequence":1,"#,
        r#""target":"ws_00000000000000000000000000000001"}"#
    );
    let mut hash = Sha256::new();
    hash.update([0; 32]);
    hash.update(canonical);
    let expected = ChainHash(hash.finalize().into());
    assert_eq!(row.hash_after(ChainHash::default()).expect("a hash"), expected);
}
