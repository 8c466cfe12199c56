//! JSON as the OpenAPI document describes it: objects are objects, names are texts.
//!
//! Serde's own reading is wider. It takes a list for an object whose fields come in the order of the source code, and
//! `{"name": null}` for a name. [`DocumentedForms`] refuses both at any depth, in whatever is read through it. What a derive
//! buffers (`tag`, `untagged`, `flatten`) is not; bodies have none of that, because its errors have no place either.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// A reader of a self-describing format that takes documented forms alone.
pub(super) struct DocumentedForms<D>(pub D);

/// Passes on what is read, and reads what lies within as strictly.
struct Within<T>(T);

/// Takes an object and nothing else.
struct ObjectOnly<V>(V);

/// Takes one of these names, as a text.
struct NameOnly<V> {
    visitor: V,
    names: &'static [&'static str],
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for DocumentedForms<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Within(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Within(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Within(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(ObjectOnly(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(NameOnly { visitor, names })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

/// Methods of a visitor that hand a plain value on.
macro_rules! hand_on {
    ($($method:ident: $value:ty),*) => {
        $(fn $method<E: de::Error>(self, value: $value) -> Result<V::Value, E> {
            self.0.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Within<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    hand_on! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str, visit_borrowed_str: &'de str,
        visit_string: String
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(DocumentedForms(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(DocumentedForms(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Within(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Within(object))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for ObjectOnly<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Within(object))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for NameOnly<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("\"{name}\"")).collect();
        write!(formatter, "one of {}", names.join(", "))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<V::Value, E> {
        self.visitor.visit_enum(name.into_deserializer())
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Within<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(Within(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Within<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(Within(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Within<T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.0.deserialize(DocumentedForms(deserializer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Option<Box<Outer>>,
        list: Vec<Outer>,
        free: BTreeMap<String, Outer>,
        name: Option<Name>,
        pair: Option<(u8, i64)>,
        text: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Name {
        First,
        Second,
    }

    fn read(json: &str) -> Result<Outer, String> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(DocumentedForms(&mut reader)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_documented_is_read_as_serde_reads_it() {
        let json = r#"{"inner":{"text":"a\n"},"list":[{},{"name":"second"}],"free":{"a":{"pair":[1,-2]}},"name":null}"#;
        assert_eq!(read(json).expect("read"), serde_json::from_str::<Outer>(json).expect("read"));
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for (json, place) in [
            ("[]", ""),
            (r#"{"inner":[]}"#, "inner"),
            (r#"{"list":[[]]}"#, "list[0]"),
            (r#"{"free":{"a":[]}}"#, "free.a"),
            (r#"{"list":[{"inner":{"list":[{},[]]}}]}"#, "list[0].inner.list[1]"),
        ] {
            let error = read(json).expect_err(json);
            assert!(error.contains("invalid type: sequence, expected an object"), "{error}");
            assert!(error.starts_with(place), "{error}");
        }
    }

    #[test]
    fn a_name_is_a_text() {
        for json in [r#"{"name":{"first":null}}"#, r#"{"name":1}"#, r#"{"name":["first"]}"#] {
            let error = read(json).expect_err(json);
            assert!(error.contains(r#"expected one of "first", "second""#), "{error}");
        }
    }
}
