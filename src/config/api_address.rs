//! The address of the API where nobody gave it: on this machine, at the port that it listens on.
//!
//! Invariant: an address that any source gives is kept as it is.

use std::net::SocketAddr;

use figment::Figment;
use figment::value::{Dict, Value};

use super::config_error::DEFAULTS;
use super::layer::{Layer, insert};

const LISTEN: &str = "api.listen";
const ADDRESS: &str = "api.public_url";

/// The settings with the address at the port of the listener, if only the listener was given. Its source is the listener's.
pub(super) fn at_its_port(figment: Figment) -> Figment {
    let (Some(source), None) = (given(&figment, LISTEN), given(&figment, ADDRESS)) else { return figment };
    // What is no address at all is told where the settings are read; port 0 is chosen later, by the system.
    let Some(port) =
        figment.extract_inner::<SocketAddr>(LISTEN).ok().map(|listen| listen.port()).filter(|port| *port != 0)
    else {
        return figment;
    };
    let mut dict = Dict::new();
    insert(
        &mut dict,
        &ADDRESS.split('.').map(str::to_owned).collect::<Vec<_>>(),
        Value::from(format!("http://localhost:{port}")),
    );
    figment.merge(Layer { source, dict })
}

/// The source that gave a key a value of its own.
fn given(figment: &Figment, key: &str) -> Option<String> {
    let source = figment.find_metadata(key)?.name.to_string();
    (source != DEFAULTS).then_some(source)
}
