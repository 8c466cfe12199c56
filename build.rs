//! Turns proto/ and migrations/ into Rust, lists the files of the dashboard, and makes the table of user agents that is built into the executable.
//!
//! The table's patterns come from the ua-parser crate's own package, which cargo has
//! fetched anyway, so that the repository holds no copy of them.

#![allow(clippy::disallowed_methods, reason = "cargo talks to build scripts through the environment")]

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.lock");
    compile_protocol()?;
    for database in ["sqlite", "postgres", "click_store"] {
        list_migrations(database)?;
    }
    list_clickhouse_migrations()?;
    list_dashboard()?;
    pack_user_agents()
}

/// Writes the files of the dashboard as a sorted table that is built into the executable, with the twins that `dev/web` compressed. Where it
/// was not built, the table is empty, so that no build of the executable needs Node.
fn list_dashboard() -> Result<(), Box<dyn Error>> {
    let web = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("web");
    let dist = web.join("dist");
    let is_built = dist.join("index.html").is_file();
    println!("cargo:rerun-if-changed={}", if is_built { &dist } else { &web }.display());
    let mut paths = Vec::new();
    if is_built {
        collect(&dist, &mut paths)?;
    }
    paths.sort();
    let rows: Result<Vec<_>, _> = paths.iter().map(|path| dashboard_file(&dist, path)).collect();
    let target = Path::new(&env::var("OUT_DIR")?).join("dashboard_files.rs");
    Ok(fs::write(target, format!("&[{}]", rows?.join(", ")))?)
}

/// The files of a folder and those below it, but no compressed twins.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_twin = path.extension().is_some_and(|ending| ending == "br" || ending == "gz");
        if path.is_dir() {
            collect(&path, into)?;
        } else if !is_twin {
            into.push(path);
        }
    }
    Ok(())
}

fn dashboard_file(dist: &Path, path: &Path) -> Result<String, Box<dyn Error>> {
    let name = path.strip_prefix(dist)?.to_str().ok_or("a file of the dashboard whose name is not UTF-8")?;
    let mut hasher = DefaultHasher::new();
    fs::read(path)?.hash(&mut hasher);
    let twin = |ending: &str| {
        let twin = format!("{}.{ending}", path.display());
        if Path::new(&twin).is_file() { format!("Some(include_bytes!({twin:?}))") } else { "None".to_owned() }
    };
    let (hash, identity) = (hasher.finish(), path.display().to_string());
    Ok(format!(
        "File {{ path: {name:?}, hash: \"{hash:016x}\", identity: include_bytes!({identity:?}), brotli: {}, gzip: {} }}",
        twin("br"),
        twin("gz")
    ))
}

/// Writes the migrations of a database as a list that is built into the executable. The macro of sqlx does the same, but has the drivers of
/// all databases compiled a second time, for the compiler.
fn list_migrations(database: &str) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("migrations").join(database);
    println!("cargo:rerun-if-changed={}", folder.display());
    let files: Result<Vec<_>, _> = fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = files?;
    files.sort();
    let migrations: Result<Vec<_>, _> = files.iter().map(|file| migration(file)).collect();
    let target = Path::new(&env::var("OUT_DIR")?).join(format!("{database}_migrations.rs"));
    Ok(fs::write(target, format!("vec![{}]", migrations?.join(", ")))?)
}

/// The same for ClickHouse, of which sqlx knows nothing: names and texts.
fn list_clickhouse_migrations() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("migrations/clickhouse");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let row = |file: &PathBuf| {
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a migration without a name")?;
        Ok(format!("({name:?}, include_str!({:?}))", file.display().to_string()))
    };
    let rows: Result<Vec<_>, Box<dyn Error>> = files.iter().map(row).collect();
    let target = Path::new(&env::var("OUT_DIR")?).join("clickhouse_migrations.rs");
    Ok(fs::write(target, format!("&[{}]", rows?.join(", ")))?)
}

/// A file such as 0001_what_it_does.sql as an expression.
fn migration(file: &Path) -> Result<String, Box<dyn Error>> {
    let name = file.file_stem().and_then(|name| name.to_str()).ok_or("a migration without a name")?;
    let path = file.to_str().ok_or("a migration whose path is not UTF-8")?;
    let unnamed = || format!("{}: the name has to be like 0001_what_it_does.sql", file.display());
    let (number, description) = name.split_once('_').ok_or_else(unnamed)?;
    let (number, description) = (number.parse::<i64>().map_err(|_| unnamed())?, description.replace('_', " "));
    Ok(format!(
        "sqlx::migrate::Migration::new({number}, {description:?}.into(), sqlx::migrate::MigrationType::Simple, \
         sqlx::SqlSafeStr::into_sql_str(include_str!({path:?})), false)"
    ))
}

/// Turns proto/ into Rust, without a `protoc` on the machine, and keeps its description for callers who ask for it.
fn compile_protocol() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    let files = [
        "accounts",
        "api_keys",
        "audit",
        "bulk_edits",
        "click_exports",
        "domains",
        "event_consumers",
        "events",
        "evidence_exports",
        "folders",
        "freeze_windows",
        "jobs",
        "link_approvals",
        "link_batches",
        "link_comments",
        "link_explanations",
        "link_history",
        "link_resolver",
        "links",
        "me",
        "oauth_clients",
        "offered_invitations",
        "qr_codes",
        "report_schedules",
        "tags",
        "utm_templates",
        "workspaces",
    ]
    .map(|name| format!("elido/v1/{name}.proto"));
    compiler.open_files(files)?;
    let description = Path::new(&env::var("OUT_DIR")?).join("elido_v1.bin");
    fs::write(description, compiler.encode_file_descriptor_set())?;
    // Lists of empty items must not take a thousand times the memory of the message that they came in.
    let protocol =
        tonic_prost_build::configure().boxed(".elido.v1.NewLink.content").boxed(".elido.v1.LinkEdit.content");
    Ok(protocol.compile_fds(compiler.file_descriptor_set())?)
}

/// Writes the patterns for browsers and operating systems to `user_agents.json`; those for devices are not used.
fn pack_user_agents() -> Result<(), Box<dyn Error>> {
    let source = package_folder("ua-parser")?.join("uap-core/regexes.yaml");
    println!("cargo:rerun-if-changed={}", source.display());
    let text = fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
    let tables: Value = yaml_serde::from_str(&text)?;
    let packed = serde_json::json!({"browsers": tables.get("user_agent_parsers"), "systems": tables.get("os_parsers")});
    let target = Path::new(&env::var("OUT_DIR")?).join("user_agents.json");
    Ok(fs::write(target, packed.to_string())?)
}

/// Where cargo keeps the sources of a package that this one depends on.
fn package_folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    // Without the network first: a build that has all it needs must not wait for a registry.
    let metadata = cargo_metadata(&["--offline"]).or_else(|_| cargo_metadata(&[]))?;
    let packages = metadata.get("packages").and_then(Value::as_array).ok_or("cargo metadata names no packages")?;
    let of = |package: &Value, field| package.get(field).and_then(Value::as_str).map(str::to_owned);
    let package = packages.iter().find(|package| of(package, "name").as_deref() == Some(name));
    let manifest = package.and_then(|package| of(package, "manifest_path")).ok_or("a package without a manifest")?;
    let manifest = Path::new(&manifest);
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
