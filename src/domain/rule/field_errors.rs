//! Gathers the errors of a list of rules, each with its place.

use super::limits::{FIELD_ERRORS_MAX, NAME_CHARACTERS_MAX, VALUE_BYTES_MAX, VALUES_MAX};
use crate::domain::error::FieldError;

/// What is wrong with one value.
#[derive(Debug)]
pub(super) struct ValueError {
    /// Stable code, `snake_case`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl ValueError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The errors found so far.
#[derive(Default)]
pub(super) struct FieldErrors {
    found: Vec<FieldError>,
}

impl FieldErrors {
    /// Notes an error at `pointer`.
    pub fn add(&mut self, pointer: impl Into<String>, error: ValueError) {
        if self.found.len() < FIELD_ERRORS_MAX {
            self.found.push(FieldError { pointer: pointer.into(), code: error.code, message: error.message });
        }
    }

    /// The value, or nothing and its error noted.
    pub fn check<T>(&mut self, pointer: impl Into<String>, value: Result<T, ValueError>) -> Option<T> {
        value.map_err(|error| self.add(pointer, error)).ok()
    }

    /// Parses every value of an `any_of` and checks how many there are.
    pub fn check_list<V, T>(
        &mut self,
        pointer: &str,
        values: &[V],
        parse: impl Fn(&V) -> Result<T, ValueError>,
    ) -> Box<[T]> {
        self.check_count(pointer, values.len());
        let considered = values.iter().take(VALUES_MAX).enumerate();
        considered.filter_map(|(index, value)| self.check(format!("{pointer}/{index}"), parse(value))).collect()
    }

    /// Checks how many values an `any_of` has.
    pub fn check_count(&mut self, pointer: &str, count: usize) {
        if count == 0 {
            self.add(pointer, ValueError::new("empty", "list at least one value"));
        }
        if count > VALUES_MAX {
            self.add(pointer, ValueError::new("too_many", format!("list at most {VALUES_MAX} values")));
        }
    }

    /// Checks the names of rules or variants: their length, and that none comes twice.
    pub fn check_names<'a>(&mut self, pointer: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = std::collections::HashSet::new();
        for (index, name) in names.enumerate() {
            let place = || format!("{pointer}/{index}/name");
            if let Err(error) = check_name(name) {
                self.add(place(), error);
            } else if !seen.insert(name) {
                self.add(place(), ValueError::new("duplicate", "this name is used before; names are unique"));
            }
        }
    }

    /// The result, unless there were errors.
    pub fn into_result<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }
}

fn check_name(name: &str) -> Result<(), ValueError> {
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARACTERS_MAX {
        return Err(ValueError::new("length", format!("a name has 1 to {NAME_CHARACTERS_MAX} characters")));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(ValueError::new("name", "a name has no control characters and no space at its ends"));
    }
    Ok(())
}

/// Refuses values that are empty or too long.
pub(super) fn check_length(value: &str) -> Result<&str, ValueError> {
    if value.is_empty() || value.len() > VALUE_BYTES_MAX {
        return Err(ValueError::new("length", format!("a value has 1 to {VALUE_BYTES_MAX} bytes")));
    }
    Ok(value)
}
