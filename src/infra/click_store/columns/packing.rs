//! Numbers and values as bytes: each number in as few bytes as the widest of them needs, with a checksum at the end.

use uuid::Uuid;

use crate::infra::click_store::Value;

/// The bytes of a checksum.
const CHECKSUM_BYTES: usize = 4;

/// What is wrong with packed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a packed column of clicks is damaged")]
pub struct Damaged;

/// Packs numbers.
pub(super) fn pack_numbers(numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 2 + 16);
    write_numbers(&mut bytes, numbers);
    sealed(bytes)
}

/// Reads what [`pack_numbers`] made: at most `most` numbers.
pub(super) fn unpack_numbers(packed: &[u8], most: usize) -> Result<Vec<i64>, Damaged> {
    read_numbers(checked(packed)?, most)
}

/// Packs the codes of a column and the values that they stand for.
pub(super) fn pack_column(values: &[Option<Value>], codes: &[u32]) -> Result<Vec<u8>, Damaged> {
    let dictionary = written(values)?;
    let length = u32::try_from(dictionary.len()).map_err(|_| Damaged)?;
    let mut bytes = Vec::with_capacity(dictionary.len() + codes.len() * 2 + 16);
    bytes.extend(length.to_le_bytes());
    bytes.extend(dictionary);
    write_codes(&mut bytes, codes);
    Ok(sealed(bytes))
}

/// Reads what [`pack_column`] made: at most `most` codes.
pub(super) fn unpack_column(packed: &[u8], most: usize) -> Result<(Vec<Option<Value>>, Vec<u32>), Damaged> {
    let (length, rest) = checked(packed)?.split_first_chunk().ok_or(Damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Damaged)?;
    let (dictionary, codes) = rest.split_at_checked(length).ok_or(Damaged)?;
    let values = read_values(dictionary)?;
    let codes = read_codes(codes, most)?;
    let in_dictionary = |code: &u32| usize::try_from(*code).is_ok_and(|code| code < values.len());
    if codes.iter().max().is_none_or(in_dictionary) { Ok((values, codes)) } else { Err(Damaged) }
}

/// Packs codes alone.
pub(super) fn pack_codes(codes: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(codes.len() * 4 + 16);
    write_codes(&mut bytes, codes);
    sealed(bytes)
}

/// Reads what [`pack_codes`] made: at most `most` codes.
pub(super) fn unpack_codes(packed: &[u8], most: usize) -> Result<Vec<u32>, Damaged> {
    read_codes(checked(packed)?, most)
}

/// What stands in front of a value and says what it is.
mod mark {
    pub(super) const NONE: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const ID: u8 = 2;
    pub(super) const NUMBER: u8 = 3;
    pub(super) const FALSE: u8 = 4;
    pub(super) const TRUE: u8 = 5;
}

fn written(values: &[Option<Value>]) -> Result<Vec<u8>, Damaged> {
    let mut bytes = Vec::new();
    for value in values {
        match value {
            None => bytes.push(mark::NONE),
            Some(Value::Text(text)) => {
                bytes.push(mark::TEXT);
                bytes.extend(u32::try_from(text.len()).map_err(|_| Damaged)?.to_le_bytes());
                bytes.extend(text.as_bytes());
            }
            Some(Value::Id(id)) => {
                bytes.push(mark::ID);
                bytes.extend(id.as_bytes());
            }
            Some(Value::Number(number)) => {
                bytes.push(mark::NUMBER);
                bytes.extend(number.to_le_bytes());
            }
            Some(Value::Flag(flag)) => bytes.push(if *flag { mark::TRUE } else { mark::FALSE }),
        }
    }
    Ok(bytes)
}

fn read_values(mut bytes: &[u8]) -> Result<Vec<Option<Value>>, Damaged> {
    let mut values = Vec::new();
    while let Some((mark, rest)) = bytes.split_first() {
        let (value, rest) = match *mark {
            mark::NONE => (None, rest),
            mark::TEXT => read_text(rest)?,
            mark::ID => {
                let (id, rest) = rest.split_first_chunk().ok_or(Damaged)?;
                (Some(Value::Id(Uuid::from_bytes(*id))), rest)
            }
            mark::NUMBER => {
                let (number, rest) = rest.split_first_chunk().ok_or(Damaged)?;
                (Some(Value::Number(i64::from_le_bytes(*number))), rest)
            }
            mark::FALSE => (Some(Value::Flag(false)), rest),
            mark::TRUE => (Some(Value::Flag(true)), rest),
            _ => return Err(Damaged),
        };
        values.push(value);
        bytes = rest;
    }
    Ok(values)
}

fn read_text(bytes: &[u8]) -> Result<(Option<Value>, &[u8]), Damaged> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Damaged)?;
    let (text, rest) = rest.split_at_checked(length).ok_or(Damaged)?;
    Ok((Some(Value::Text(std::str::from_utf8(text).map_err(|_| Damaged)?.into())), rest))
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn checked(packed: &[u8]) -> Result<&[u8], Damaged> {
    let (bytes, checksum) = packed.split_last_chunk::<CHECKSUM_BYTES>().ok_or(Damaged)?;
    if crc32fast::hash(bytes).to_le_bytes() == *checksum { Ok(bytes) } else { Err(Damaged) }
}

/// The count, the width, the lowest number, and of each number how far it is above that.
fn write_numbers(bytes: &mut Vec<u8>, numbers: &[i64]) {
    let lowest = numbers.iter().copied().min().unwrap_or_default();
    let above = |number: i64| number.wrapping_sub(lowest).cast_unsigned();
    let widest = numbers.iter().map(|number| above(*number)).max().unwrap_or_default();
    let width = usize::try_from((u64::BITS - widest.leading_zeros()).div_ceil(8)).unwrap_or(8);
    bytes.extend((numbers.len() as u64).to_le_bytes());
    bytes.push(u8::try_from(width).unwrap_or(8));
    bytes.extend(lowest.to_le_bytes());
    for number in numbers {
        bytes.extend(above(*number).to_le_bytes().into_iter().take(width));
    }
}

fn read_numbers(bytes: &[u8], most: usize) -> Result<Vec<i64>, Damaged> {
    let (count, width, rest) = read_head(bytes, most)?;
    let (lowest, body) = rest.split_first_chunk().ok_or(Damaged)?;
    let lowest = i64::from_le_bytes(*lowest);
    let numbers = match width {
        0 => vec![lowest; count],
        1 => wide::<1>(body, lowest),
        2 => wide::<2>(body, lowest),
        3 => wide::<3>(body, lowest),
        4 => wide::<4>(body, lowest),
        5 => wide::<5>(body, lowest),
        6 => wide::<6>(body, lowest),
        7 => wide::<7>(body, lowest),
        8 => wide::<8>(body, lowest),
        _ => return Err(Damaged),
    };
    if numbers.len() == count { Ok(numbers) } else { Err(Damaged) }
}

fn wide<const WIDTH: usize>(body: &[u8], lowest: i64) -> Vec<i64> {
    let (chunks, _) = body.as_chunks::<WIDTH>();
    let number = |chunk: &[u8; WIDTH]| {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        i64::from_le_bytes(bytes).wrapping_add(lowest)
    };
    chunks.iter().map(number).collect()
}

/// Codes have one, two or four bytes, or none where all are zero: those are read fastest.
fn write_codes(bytes: &mut Vec<u8>, codes: &[u32]) {
    let width = match codes.iter().copied().max().unwrap_or_default() {
        0 => 0,
        1..0x100 => 1,
        0x100..0x1_0000 => 2,
        _ => 4,
    };
    bytes.extend((codes.len() as u64).to_le_bytes());
    bytes.push(width);
    for code in codes {
        bytes.extend(code.to_le_bytes().into_iter().take(width.into()));
    }
}

fn read_codes(bytes: &[u8], most: usize) -> Result<Vec<u32>, Damaged> {
    let (count, width, body) = read_head(bytes, most)?;
    let codes: Vec<u32> = match width {
        0 => vec![0; count],
        1 => body.iter().map(|byte| u32::from(*byte)).collect(),
        2 => body.as_chunks().0.iter().map(|chunk| u16::from_le_bytes(*chunk).into()).collect(),
        4 => body.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect(),
        _ => return Err(Damaged),
    };
    if codes.len() == count { Ok(codes) } else { Err(Damaged) }
}

/// The count and the width. Where all are alike the count alone says how much memory they take, so it is held against what there may be.
fn read_head(bytes: &[u8], most: usize) -> Result<(usize, u8, &[u8]), Damaged> {
    let (count, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
    let (width, rest) = rest.split_first().ok_or(Damaged)?;
    let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| Damaged)?;
    if count <= most { Ok((count, *width, rest)) } else { Err(Damaged) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_survive_whatever_their_width(
            base in any::<i64>(),
            spread in 0..64_u32,
            offsets in proptest::collection::vec(any::<u64>(), 0..50),
        ) {
            let numbers: Vec<i64> = offsets.iter().map(|offset| base.wrapping_add((offset >> spread).cast_signed())).collect();
            prop_assert_eq!(unpack_numbers(&pack_numbers(&numbers), 50), Ok(numbers));
        }

        #[test]
        fn columns_survive_and_damage_is_found(
            codes in proptest::collection::vec(0..5_u32, 1..40),
            flipped in any::<prop::sample::Index>(),
        ) {
            let values = [None, Some(Value::Text("ü".into())), Some(Value::Number(i64::MIN)), Some(Value::Flag(true)), Some(Value::Id(Uuid::max()))];
            let mut packed = pack_column(&values, &codes).expect("packed");
            prop_assert_eq!(unpack_column(&packed, 40), Ok((values.to_vec(), codes)));
            let place = flipped.index(packed.len());
            packed[place] ^= 0x10;
            prop_assert_eq!(unpack_column(&packed, 40), Err(Damaged));
        }
    }

    #[test]
    fn codes_of_every_width_survive() {
        for highest in [0, 1, 255, 256, 65_535, 65_536, u32::MAX] {
            let codes = [0, highest, highest / 2];
            assert_eq!(unpack_codes(&pack_codes(&codes), 3).as_deref(), Ok(&codes[..]));
        }
    }

    #[test]
    fn a_count_that_cannot_be_right_takes_no_memory() {
        let mut alike = u64::MAX.to_le_bytes().to_vec();
        alike.push(0);
        assert_eq!(unpack_codes(&sealed(alike.clone()), 524_288), Err(Damaged));
        alike.extend(7_i64.to_le_bytes());
        assert_eq!(unpack_numbers(&sealed(alike), 524_288), Err(Damaged));
        assert_eq!(unpack_numbers(&pack_numbers(&[7; 5]), 4), Err(Damaged));
    }
}
