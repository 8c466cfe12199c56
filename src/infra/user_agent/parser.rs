//! Browsers and operating systems by the tables of the ua-parser project, under the names that Elido uses.

use std::error::Error;

use serde::Deserialize;
use ua_parser::{os, user_agent};

use super::class::Classes;
use super::device::Devices;
use crate::domain::rule::{Agent, canonical_browser, canonical_os};

/// Made by build.rs.
const TABLES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/user_agents.json"));

/// Everything that is needed to classify a header.
pub(super) struct Parser {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
    devices: Devices,
    classes: Classes,
}

#[derive(Deserialize)]
struct Tables {
    browsers: Vec<user_agent::Parser<'static>>,
    systems: Vec<os::Parser<'static>>,
}

impl Parser {
    /// Reads the tables and compiles their patterns.
    pub fn load() -> Result<Self, Box<dyn Error>> {
        let tables: Tables = serde_json::from_slice(TABLES)?;
        Ok(Self {
            browsers: user_agent::Builder::new().push_all(tables.browsers)?.build()?,
            systems: os::Builder::new().push_all(tables.systems)?.build()?,
            devices: Devices::compile()?,
            classes: Classes::compile()?,
        })
    }

    /// Classifies one header.
    pub fn parse(&self, header: &str) -> Agent {
        let system = self.systems.extract(header);
        let browser = self.browsers.extract(header);
        let os = system.as_ref().map_or("", |system| known(canonical_os(&system.os)));
        let browser = browser.as_ref().map_or("", |browser| known(canonical_browser(&browser.family)));
        Agent {
            device: self.devices.device(header, os),
            os: os.into(),
            browser: browser.into(),
            class: self.classes.class(header, os),
        }
    }
}

/// The tables call what they do not know "Other".
fn known(name: &str) -> &str {
    if name == "Other" { "" } else { name }
}
