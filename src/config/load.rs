//! Reads every source, in order, and either has settings without an error or all errors at once.
//!
//! Invariant: a later source wins over an earlier one, key by key: the
//! defaults, the files of the `config` folder by name (or the one file asked
//! for), variables.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use figment::{Error as FigmentError, Figment};

use super::config_error::{ConfigError, ConfigErrors, DEFAULTS};
use super::environment::{self, shown};
use super::layer::{Layer, ReadSecret, insert, is_secret, leaves, secrets};
use super::listing::{Entry, entries};
use super::sections::Config;
use super::{api_address, check, config_error::quoted, provider_tables};

/// The defaults, with their documentation.
const DEFAULT_TOML: &str = include_str!("../../config/elido.default.toml");
/// Where settings files are looked for when none is named, in the working directory.
const FOLDER: &str = "config";
/// A settings file or a secret is not longer than this, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Settings, and where each of them came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Every key with its value (secrets redacted) and its source, in the order of the keys.
    pub entries: Vec<Entry>,
}

/// One settings file.
#[derive(Debug, Clone)]
pub(super) struct SettingsFile {
    /// Its name, as messages repeat it.
    pub(super) name: String,
    /// What it says.
    pub(super) text: String,
}

/// Reads the settings of this process: the defaults, then the `*.toml` files of the `config` folder in the working directory
/// (or `file` in their place), then `ELIDO_…` variables.
///
/// # Errors
/// Every error that can be found without opening a socket or a database.
pub fn load(file: Option<&Path>) -> Result<Loaded, ConfigErrors> {
    let mut errors = Vec::new();
    let names = match file {
        Some(file) => vec![file.to_owned()],
        None => files_of(Path::new(FOLDER), &mut errors),
    };
    let files: Vec<_> = names.iter().filter_map(|name| read_settings(name, &mut errors)).collect();
    let loaded = assemble(&files, variables(), &read_text, &mut errors);
    if let Some(loaded) = &loaded {
        check::files(loaded, &mut errors);
    }
    finish(loaded, errors)
}

/// The built-in settings alone, for tools and tests that need no others.
///
/// # Errors
/// Those of [`load`]; the built-in settings have none.
pub fn defaults() -> Result<Config, ConfigErrors> {
    let mut errors = Vec::new();
    let loaded = assemble(&[], Vec::new(), &read_text, &mut errors);
    finish(loaded, errors).map(|loaded| loaded.config)
}

pub(super) fn finish(loaded: Option<Loaded>, errors: Vec<ConfigError>) -> Result<Loaded, ConfigErrors> {
    let nothing = || ConfigError::new("config", DEFAULTS, "they cannot be read", "Report this as a defect");
    match loaded {
        Some(loaded) => ConfigErrors::unless_empty(errors, loaded),
        None if errors.is_empty() => Err(nothing().into()),
        None => ConfigErrors::unless_empty(errors, ()).and(Err(nothing().into())),
    }
}

#[allow(clippy::disallowed_methods, reason = "settings are the one thing that reads the environment")]
fn variables() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// The settings that these sources make together. `None` only if the defaults themselves cannot be read.
pub(super) fn assemble(
    files: &[SettingsFile],
    variables: Vec<(OsString, OsString)>,
    read: ReadSecret<'_>,
    errors: &mut Vec<ConfigError>,
) -> Option<Loaded> {
    let defaults = parse(DEFAULTS, DEFAULT_TOML, errors)?;
    let mut layers: Vec<Layer> = files.iter().filter_map(|file| parse(&file.name, &file.text, errors)).collect();
    let names = variables.iter().filter_map(|(name, _)| name.to_str().map(str::to_owned));
    let defaults = provider_tables::with_named(defaults, &layers, names);
    let known = defaults.dict.clone();
    layers.extend(environment::layers(variables.into_iter(), &known, errors));
    both_forms_of_a_secret(&layers, &known, errors);

    let mut figment = Figment::from(defaults);
    for layer in layers {
        figment = figment.merge(layer.checked(&known, read, errors));
    }
    let (config, figment) = extract(api_address::at_its_port(figment), &known, errors)?;
    let entries = entries(&figment, &known);
    let loaded = Loaded { config, entries };
    check::values(&loaded, errors);
    Some(loaded)
}

fn parse(name: &str, text: &str, errors: &mut Vec<ConfigError>) -> Option<Layer> {
    match Toml::from_str::<Dict>(text) {
        Ok(dict) => Some(Layer { source: name.to_owned(), dict }),
        Err(error) => {
            let position = error.span().map(|span| text.get(..span.start).unwrap_or(text).lines().count().max(1));
            let at = position.map(|line| format!("line {line}: ")).unwrap_or_default();
            let problem = format!("{at}{}", one_line(error.message()));
            errors.push(ConfigError::new(name, "settings file", problem, "Write valid TOML there"));
            None
        }
    }
}

/// Two variables are two layers, so that only here it shows that a secret is given twice.
fn both_forms_of_a_secret(layers: &[Layer], known: &Dict, errors: &mut Vec<ConfigError>) {
    for key in secrets(known) {
        let (given, from_file) = (environment::variable_of(&key), environment::variable_of(&format!("{key}_file")));
        let has = |name: &str| layers.iter().any(|layer| layer.source == name);
        if has(&given) && has(&from_file) {
            let key = format!("{key}_file");
            errors.push(ConfigError::new(key, from_file, format!("{given} is set too"), "Keep one of the two"));
        }
    }
}

/// Reads the settings out of the merged tree. What does not fit is noted, replaced by its default and tried again, so that
/// one wrong value does not hide the next.
fn extract(mut figment: Figment, known: &Dict, errors: &mut Vec<ConfigError>) -> Option<(Config, Figment)> {
    let defaults = leaves(known);
    for _ in 0..=defaults.len() {
        let error = match figment.extract::<Config>() {
            Ok(config) => return Some((config, figment)),
            Err(error) => error,
        };
        let key = error.path.join(".");
        let Some((_, default)) = defaults.iter().find(|(known, _)| *known == key) else {
            errors.push(ConfigError::new(key, DEFAULTS, one_line(&error.kind.to_string()), "Report this as a defect"));
            return None;
        };
        errors.push(misfit(&figment, &key, default, &error));
        figment = figment.merge(single(&key, default));
    }
    None
}

fn single(key: &str, value: &Value) -> Layer {
    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
    let mut dict = Dict::new();
    insert(&mut dict, &path, value.clone());
    Layer { source: DEFAULTS.to_owned(), dict }
}

fn misfit(figment: &Figment, key: &str, default: &Value, error: &FigmentError) -> ConfigError {
    use figment::error::Kind;
    let source = figment.find_metadata(key).map_or_else(|| DEFAULTS.to_owned(), |found| found.name.to_string());
    let value = match figment.find_value(key) {
        Ok(value) if !is_secret(key) => shown(&value),
        _ => "the value".to_owned(),
    };
    let example = || format!("Write a value like the default, {}", shown(default));
    let (problem, fix) = match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => match (expected.as_str(), default) {
            (_, Value::Num(..)) => (format!("{value} is not {}", number_kind(expected)), example()),
            (_, Value::String(..)) => (format!("{value} is not text"), "Put it into quotes".to_owned()),
            (other, _) => (format!("{value} is not {}", one_line(other)), example()),
        },
        Kind::UnknownVariant(_, known) => {
            (format!("{value} is no choice here"), format!("Write one of {}", known.join(", ")))
        }
        Kind::Message(message) if message.contains("socket address") => {
            (format!("{value} is not an IP address and port"), example())
        }
        other => (format!("{value} does not fit ({})", one_line(&other.to_string())), example()),
    };
    ConfigError::new(key, source, problem, fix)
}

/// What serde calls an integer, for people.
fn number_kind(expected: &str) -> String {
    match expected {
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => format!("a whole number from 0 to {}", u64::MAX),
        other => one_line(other),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The settings files of a folder, by name. No folder means no files.
fn files_of(folder: &Path, errors: &mut Vec<ConfigError>) -> Vec<PathBuf> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed.collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => Err(error),
    };
    match listed {
        Ok(found) => {
            let mut files: Vec<PathBuf> =
                found.into_iter().map(|entry| entry.path()).filter(|path| is_used(path)).collect();
            files.sort();
            files
        }
        Err(error) => {
            let problem = format!("the folder cannot be read ({error})");
            errors.push(ConfigError::new(folder.display().to_string(), "folder", problem, "Let this process read it"));
            Vec::new()
        }
    }
}

/// The copy of the defaults and examples are there to be read by people.
fn is_used(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    name.ends_with(".toml") && name != "elido.default.toml" && !name.ends_with(".example.toml")
}

fn read_settings(path: &Path, errors: &mut Vec<ConfigError>) -> Option<SettingsFile> {
    let name = path.display().to_string();
    match read_text(path) {
        Ok(text) => Some(SettingsFile { name, text }),
        Err(error) => {
            let problem = format!("{} cannot be read ({error})", quoted(&name));
            errors.push(ConfigError::new(name, "settings file", problem, "Name a file that this process may read"));
            None
        }
    }
}

/// A whole text file, if it is not too long.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    match u64::try_from(read) {
        Ok(length) if length <= FILE_BYTES_MAX => Ok(text),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {FILE_BYTES_MAX} bytes"))),
    }
}
