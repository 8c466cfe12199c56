//! Makes the table of user agents that is built into the executable.
//!
//! The patterns come from the ua-parser crate's own package, which cargo has
//! fetched anyway, so that the repository holds no copy of them.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "cargo speaks to it by variables; a failure ends the build"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    pack_user_agents()
}

/// Writes the patterns for browsers and operating systems to `user_agents.json`; those for devices are not used.
fn pack_user_agents() -> Result<(), Box<dyn Error>> {
    let source = package_folder("ua-parser")?.join("uap-core/regexes.yaml");
    println!("cargo:rerun-if-changed={}", source.display());
    let text = fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut tables: Value = yaml_serde::from_str(&text)?;
    let packed = serde_json::json!({
        "browsers": tables["user_agent_parsers"].take(),
        "systems": tables["os_parsers"].take(),
    });
    let target = Path::new(&env::var("OUT_DIR")?).join("user_agents.json");
    Ok(fs::write(target, packed.to_string())?)
}

/// Where cargo keeps the sources of a package that this one depends on.
fn package_folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    // Without the network first: a build that has all it needs must not wait for a registry.
    let metadata = cargo_metadata(&["--offline"]).or_else(|_| cargo_metadata(&[]))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let package = packages.iter().find(|package| package["name"] == name).ok_or("not a dependency")?;
    let manifest = Path::new(package["manifest_path"].as_str().ok_or("a package without a manifest")?);
    Ok(manifest.parent().ok_or("a manifest without a folder")?.to_owned())
}

fn cargo_metadata(options: &[&str]) -> Result<Value, Box<dyn Error>> {
    let mut command = Command::new(env::var("CARGO")?);
    command.args(["metadata", "--format-version=1", "--locked", "--filter-platform"]).arg(env::var("TARGET")?);
    let output = command.args(options).current_dir(env::var("CARGO_MANIFEST_DIR")?).output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
