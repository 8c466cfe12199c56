//! Third-party names stay behind the seam that is theirs, and a few things are done in one place alone.

use crate::Breach;
use crate::source::{Source, line_of};

/// A name, and the only places in src/ where it may stand.
const FENCES: [(&str, &[&str]); 30] = [
    ("sea_orm::", &["infra/store"]),
    ("sqlx::", &["infra/store", "infra/click_store/sqlite", "infra/click_store/error", "infra/sqlite"]),
    ("figment::", &["config"]),
    ("std::env", &["config"]),
    ("env::var", &["config"]),
    ("axum::", &["http", "services/*/rest", "services/api_bff", "roles"]),
    ("maxminddb::", &["infra/geo"]),
    ("ua_parser::", &["infra/user_agent"]),
    ("fred::", &["infra/cache"]),
    ("rskafka::", &["infra/bus"]),
    ("clickhouse::", &["infra/click_store/clickhouse"]),
    ("object_store::", &["infra/objects"]),
    ("hickory_resolver::", &["infra/dns"]),
    ("instant_acme::", &["infra/certificates"]),
    ("lettre::", &["infra/mail", "config/check_mail"]),
    ("totp_rs::", &["services/identity"]),
    ("jsonwebtoken::", &["infra/identity_provider"]),
    ("clap::", &["cli", ROOT]),
    ("indicatif::", &["cli"]),
    ("opentelemetry::", &["telemetry"]),
    ("sentry::", &["telemetry", "config/check"]),
    ("counter!", &["telemetry"]),
    ("gauge!", &["telemetry"]),
    ("histogram!", &["telemetry"]),
    ("tokio::spawn", &["runtime/tasks"]),
    ("task::spawn(", &["runtime/tasks"]),
    ("SystemTime::now", &["runtime/clock"]),
    ("libc::", &["runtime/scheduling"]),
    ("unsafe {", &["runtime/scheduling"]),
    // What somebody asked for is committed by `ApiCore::commit`, which records it. These few write what nobody asked for: times
    // of last use, clicks that are used up, the log's own histories, how far events are archived, codes of mails, orders of certificates, and
    // what has expired.
    (
        "transaction.commit(",
        &[
            "infra",
            "services/api_core/unit_of_work",
            "services/api_core/rest/idempotency_store",
            "services/api_core/authenticate",
            "services/api_core/certificates",
            "services/api_core/edge",
            "services/api_core/change_log",
            "services/api_core/event_archive",
            "services/api_core/notes",
            "services/api_core/invitation_mail",
            "services/api_core/workspace_deletion",
            "services/domain_manager/issuer",
            "services/identity/deliveries",
            "services/*/jobs",
        ],
    ),
];

/// The way into the package: src/main.rs and src/lib.rs.
const ROOT: &str = "";

/// What stands nowhere, not even in tests.
const BANNED: [(&str, &str); 3] = [
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("#[ignore", "a test that does not run proves nothing"),
];

/// What stands in no comment.
const BANNED_WORDS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

pub fn check(source: &Source) -> Vec<Breach> {
    let place = source.module().join("/");
    let mut breaches = Vec::new();
    let mut tell = |text: &str, position: usize, what: String| {
        breaches.push(Breach { file: source.path.clone(), line: line_of(text, position), what });
    };
    for (name, places) in FENCES {
        if places.iter().any(|allowed| is_within(&place, allowed)) {
            continue;
        }
        for position in occurrences(&source.product, name) {
            tell(&source.product, position, format!("{name} belongs into {}", places.join(", ")));
        }
    }
    for (name, reason) in BANNED {
        for (position, _) in source.code.match_indices(name) {
            tell(&source.code, position, format!("{name}: {reason}"));
        }
    }
    for word in BANNED_WORDS {
        for position in occurrences(&source.text, word) {
            tell(&source.text, position, format!("{word}: finish it, or leave it out"));
        }
    }
    breaches
}

/// Places where `name` stands by itself: not within a longer name, and not behind `crate::` or another module.
fn occurrences<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let by_itself = move |position: usize| {
        let before = text[..position].trim_end_matches("metrics::");
        let before = if name.ends_with('!') { before } else { &text[..position] };
        let inside_path = before.ends_with("::") && !name.starts_with("task::") && !name.starts_with("env::");
        let inside_path = inside_path && !name.starts_with("SystemTime");
        let after = text[position + name.len()..].chars().next();
        let whole = !name.ends_with(char::is_alphanumeric) || !after.is_some_and(is_name);
        !inside_path && whole && !before.ends_with(is_name)
    };
    text.match_indices(name).map(|(position, _)| position).filter(move |position| by_itself(*position))
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether a module is `pattern` or within it; `*` stands for one name.
fn is_within(module: &str, pattern: &str) -> bool {
    let mut names = module.split('/');
    pattern.split('/').all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == name))
}
