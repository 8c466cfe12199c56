//! Tables whose names the operator chooses: `identity.oidc.NAME`, one for each provider.
//!
//! The defaults describe one of them, under the name `example`. Each name that a source gives has these defaults, so that a provider
//! is read, checked and listed like every other table.

use figment::value::{Dict, Tag, Value};

use super::layer::Layer;

/// Where the tables are.
const PLACE: [&str; 2] = ["identity", "oidc"];
/// What the defaults call the one that shows the settings.
const EXAMPLE: &str = "example";
/// The setting of a provider that is secret.
const SECRET: &str = "client_secret";

/// The defaults with a table for each provider that these layers and variables name, and without the example.
pub(super) fn with_named(mut defaults: Layer, layers: &[Layer], variables: impl Iterator<Item = String>) -> Layer {
    let named = layers.iter().filter_map(|layer| providers(&layer.dict)).flat_map(|tables| tables.keys().cloned());
    let names: Vec<String> = named.chain(variables.filter_map(|name| named_by_variable(&name))).collect();
    if let Some(tables) = providers_mut(&mut defaults.dict)
        && let Some(example) = tables.remove(EXAMPLE)
    {
        tables.extend(names.into_iter().map(|name| (name, example.clone())));
    }
    defaults
}

/// The keys of the secrets of all providers.
pub(super) fn secrets(known: &Dict) -> Vec<String> {
    let names = providers(known).into_iter().flat_map(|tables| tables.keys());
    names.map(|name| format!("{}.{name}.{SECRET}", PLACE.join("."))).collect()
}

/// `ELIDO_IDENTITY__OIDC__CORPORATE__ISSUER` names `corporate`.
fn named_by_variable(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix("ELIDO_IDENTITY__OIDC__")?;
    let (name, _) = rest.split_once("__")?;
    Some(name.to_lowercase())
}

fn providers(dict: &Dict) -> Option<&Dict> {
    let Value::Dict(_, identity) = dict.get(PLACE[0])? else { return None };
    let Value::Dict(_, tables) = identity.get(PLACE[1])? else { return None };
    Some(tables)
}

fn providers_mut(dict: &mut Dict) -> Option<&mut Dict> {
    let Value::Dict(_, identity) = dict.get_mut(PLACE[0])? else { return None };
    let tables = identity.entry(PLACE[1].to_owned()).or_insert_with(|| Value::Dict(Tag::Default, Dict::new()));
    match tables {
        Value::Dict(_, tables) => Some(tables),
        _ => None,
    }
}
