//! One source of values, held against the tree of the defaults: what the defaults do not name does not exist.

use std::io;
use std::path::Path;

use figment::value::{Dict, Map, Tag, Value};
use figment::{Metadata, Profile, Provider};

use super::config_error::{ConfigError, quoted};
use super::environment::{flattened, is_variable, variable_of};
use super::provider_tables;

/// Keys whose values are secret and may come from a file, by `NAME_file`.
pub(super) const SECRETS: [&str; 10] = [
    "acme.external_account_key",
    "audit.signing_key",
    "bus.password",
    "cache.url",
    "database.url",
    "click_store.url",
    "identity.sealing_key",
    "mail.url",
    "objects.secret_access_key",
    "telemetry.sentry_dsn",
];
/// The last name of keys that are secret wherever they stand.
const SECRET_NAME: &str = ".client_secret";
/// A secret's file is not longer than this, in bytes.
const SECRET_BYTES_MAX: usize = 64 * 1024;
/// How many edits apart a name may be that a errorn one probably means.
const EDITS_MAX: usize = 3;
/// A longer name is no mistyped key.
const GUESSED_BYTES_MAX: usize = 128;

/// The keys of all secrets that these defaults know.
pub(super) fn secrets(known: &Dict) -> Vec<String> {
    SECRETS.iter().map(|key| (*key).to_owned()).chain(provider_tables::secrets(known)).collect()
}

/// Whether the value of a key is secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key) || key.ends_with(SECRET_NAME)
}

/// Reads the file of a secret.
pub(super) type ReadSecret<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// The values of one file or one variable.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// A file's name or a variable's.
    pub(super) source: String,
    /// Its values.
    pub(super) dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

impl Layer {
    /// The same values without what cannot be: names that do not exist, tables in place of values, unreadable secrets.
    /// All of that is put into `errors`.
    pub(super) fn checked(mut self, defaults: &Dict, read: ReadSecret<'_>, errors: &mut Vec<ConfigError>) -> Self {
        self.take_secret_files(defaults, read, errors);
        let mut kept = Dict::new();
        self.keep_known(&self.dict, defaults, &mut Vec::new(), &mut kept, errors, defaults);
        Self { source: self.source, dict: kept }
    }

    fn take_secret_files(&mut self, known: &Dict, read: ReadSecret<'_>, errors: &mut Vec<ConfigError>) {
        for key in secrets(known) {
            let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
            let Some(table) = table_at(&mut self.dict, table) else { continue };
            let Some(file) = table.remove(&format!("{name}_file")) else { continue };
            match secret_from(&key, &self.source, &file, table.contains_key(name), read) {
                Ok(secret) => drop(table.insert(name.to_owned(), Value::String(Tag::Default, secret))),
                Err(error) => errors.push(error),
            }
        }
    }

    fn keep_known(
        &self,
        given: &Dict,
        known: &Dict,
        path: &mut Vec<String>,
        kept: &mut Dict,
        errors: &mut Vec<ConfigError>,
        defaults: &Dict,
    ) {
        for (name, value) in given {
            path.push(name.clone());
            match (known.get(name), value) {
                (None, _) => errors.push(self.unknown(&path.join("."), defaults)),
                (Some(Value::Dict(_, known)), Value::Dict(_, given)) => {
                    let mut inner = Dict::new();
                    self.keep_known(given, known, path, &mut inner, errors, defaults);
                    kept.insert(name.clone(), Value::Dict(Tag::Default, inner));
                }
                (Some(Value::Dict(..)), _) => errors.push(self.wrong_shape(path, "a table of settings", "a value")),
                (Some(_), Value::Dict(..)) => errors.push(self.wrong_shape(path, "a single value", "a table")),
                (Some(_), value) => drop(kept.insert(name.clone(), value.clone())),
            }
            path.pop();
        }
    }

    fn unknown(&self, key: &str, defaults: &Dict) -> ConfigError {
        let fix = match nearest(key, defaults) {
            Some(near) if is_variable(&self.source) => format!("Did you mean {}?", variable_of(&near)),
            Some(near) => format!("Did you mean {near}?"),
            None => "Remove it; `elido config show` lists every key".to_owned(),
        };
        ConfigError::new(printable(key), &self.source, "there is no such key", fix)
    }

    fn wrong_shape(&self, path: &[String], right: &str, wrong: &str) -> ConfigError {
        let problem = format!("this is {right}, not {wrong}");
        ConfigError::new(path.join("."), &self.source, problem, "Write it as config/elido.default.toml does")
    }
}

/// The table of this name, level by level.
fn table_at<'a>(dict: &'a mut Dict, path: &str) -> Option<&'a mut Dict> {
    path.split('.').try_fold(dict, |table, name| match table.get_mut(name)? {
        Value::Dict(_, inner) => Some(inner),
        _ => None,
    })
}

fn secret_from(
    key: &str,
    source: &str,
    file: &Value,
    also_given: bool,
    read: ReadSecret<'_>,
) -> Result<String, ConfigError> {
    let key = format!("{key}_file");
    let Some(file) = file.as_str() else {
        return Err(ConfigError::new(key, source, "the name of a file is text", "Put it into quotes"));
    };
    if also_given {
        let secret = key.trim_end_matches("_file");
        let problem = format!("{secret} is set there too");
        return Err(ConfigError::new(&key, source, problem, "Keep one of the two"));
    }
    match read(Path::new(file)) {
        Ok(secret) if secret.len() > SECRET_BYTES_MAX => {
            let problem = format!("{} has more than {SECRET_BYTES_MAX} bytes", quoted(file));
            Err(ConfigError::new(key, source, problem, "Name the file that holds nothing but the secret"))
        }
        Ok(secret) => Ok(secret.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) => {
            let problem = format!("{} cannot be read ({error})", quoted(file));
            Err(ConfigError::new(key, source, problem, "Create the file, or let this process read it"))
        }
    }
}

/// Puts `value` at `path`, making tables on the way. An empty path, or one through a value, changes nothing.
pub(super) fn insert(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => drop(dict.insert(name.clone(), value)),
        [name, rest @ ..] => {
            let table = dict.entry(name.clone()).or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
            if let Value::Dict(_, inner) = table {
                insert(inner, rest, value);
            }
        }
    }
}

/// Every key of the tree with its value, in order.
pub(super) fn leaves(dict: &Dict) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in dict {
        match value {
            Value::Dict(_, inner) => {
                found.extend(leaves(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => found.push((name.clone(), value.clone())),
        }
    }
    found
}

/// The key that was probably meant: the same words in another notation, the same last name elsewhere, or few letters off.
fn nearest(key: &str, defaults: &Dict) -> Option<String> {
    let secret_files = secrets(defaults).into_iter().map(|secret| format!("{secret}_file"));
    let known: Vec<String> = leaves(defaults).into_iter().map(|(key, _)| key).chain(secret_files).collect();
    let flat = flattened(key);
    if flat.len() > GUESSED_BYTES_MAX {
        return None;
    }
    if let Some(same) = known.iter().find(|candidate| flattened(candidate) == flat) {
        return Some(same.clone());
    }
    let close = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&flattened(candidate), &flat), candidate))
        .filter(|(edits, candidate)| *edits <= EDITS_MAX && *edits < candidate.len() / 2)
        .min_by_key(|(edits, _)| *edits);
    let same_name = || {
        let last = key.rsplit('.').next()?;
        known.iter().find(|candidate| candidate.rsplit('.').next() == Some(last))
    };
    close.map(|(_, candidate)| candidate).or_else(same_name).cloned()
}

/// A key from outside, fit for one line.
fn printable(key: &str) -> String {
    if !key.is_empty() && key.chars().all(|character| character.is_ascii_graphic()) && key.len() <= 80 {
        return key.to_owned();
    }
    quoted(key)
}
