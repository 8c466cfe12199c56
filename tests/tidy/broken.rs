//! Tests of the test: a small tree that keeps every rule, and one breach at a time.

use std::fs;
use std::path::Path;

use crate::check;

const SOUND: [(&str, &str); 6] = [
    ("src/lib.rs", "//! Root.\npub mod domain;\n"),
    ("src/domain/mod.rs", "//! Floor 1.\nuse std::fmt;\n"),
    ("src/services/api_core/mod.rs", "//! The source of truth.\nuse crate::{domain::x, infra::store::Store};\n"),
    ("src/services/edge_redirect/mod.rs", "//! Redirects.\nuse crate::domain::{self, y::{z, w}};\n"),
    ("tests/it/main.rs", "//! Behaviour.\n"),
    (
        "ARCHITECTURE.md",
        "# Map\n```\nsrc/\n  domain/   rules\n  services/\n    api_core/  truth\n    edge_redirect/\n```\nSee `src/lib.rs` and [tests](tests/it/main.rs).\n",
    ),
];

/// The breaches after a file was added to the sound tree, or put in place of one.
fn with(path: &str, text: &str) -> Vec<String> {
    with_all(&[(path, text)])
}

fn with_all(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in SOUND.iter().chain(files) {
        write(folder.path(), path, text);
    }
    check(folder.path()).0.iter().map(ToString::to_string).collect()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn breaks(path: &str, text: &str, expected: &str) {
    assert_eq!(with(path, text), [expected]);
}

#[test]
fn a_sound_tree_has_no_breach() {
    assert_eq!(with("src/domain/x.rs", "//! X.\n"), [""; 0]);
}

#[test]
fn a_floor_uses_only_floors_below() {
    let upwards = "src/domain/x.rs:2: domain (floor 1) uses infra (floor 3)";
    breaks("src/domain/x.rs", "//! X.\nuse crate::infra::store;\n", upwards);
    breaks("src/domain/x.rs", "//! X.\nuse crate::{domain::a, infra::{b, c}};\n", upwards);
    breaks("src/domain/x.rs", "//! X.\nfn f() { super::super::infra::g() }\n", upwards);
    let sideways = "src/services/api_core/x.rs:3: service api_core uses service edge_redirect";
    breaks("src/services/api_core/x.rs", "//! X.\n\nuse crate::services::edge_redirect::y;\n", sideways);
    let edge = "src/services/edge_redirect/x.rs:2: edge_redirect uses infra::store";
    breaks("src/services/edge_redirect/x.rs", "//! X.\nuse crate::infra::store::Store;\n", &format!("{edge}::Store"));
    breaks(
        "src/services/edge_redirect/x.rs",
        "//! X.\nuse crate::http;\n",
        "src/services/edge_redirect/x.rs:2: edge_redirect uses http",
    );
    let core = "src/services/edge_redirect/x.rs:2: service edge_redirect uses service api_core";
    breaks("src/services/edge_redirect/x.rs", "//! X.\nuse crate::services::api_core;\n", core);
    assert_eq!(
        with("src/services/api_core/x.rs", "//! X.\nuse crate::infra::store;\nuse super::super::api_core::y;\n"),
        [""; 0]
    );
}

#[test]
fn names_stay_behind_their_fences() {
    let breach = |name: &str, place: &str| format!("src/domain/x.rs:2: {name} belongs into {place}");
    for (code, expected) in [
        ("use sea_orm::Entity;", breach("sea_orm::", "infra/store")),
        ("fn f(x: &axum::Router) {}", breach("axum::", "http, services/*/rest, services/api_bff, roles")),
        ("fn f() { metrics::counter!(\"a\") }", breach("counter!", "telemetry")),
        ("fn f() { tokio::spawn(g()) }", breach("tokio::spawn", "runtime/tasks")),
        ("fn f() { std::time::SystemTime::now() }", breach("SystemTime::now", "runtime/clock")),
        ("use std::env;", breach("std::env", "config")),
    ] {
        breaks("src/domain/x.rs", &format!("//! X.\n{code}\n"), &expected);
    }
    let innocent = "//! axum::Router\nuse crate::domain::sqlx::x;\nfn describe_counter() {}\n#[cfg(test)]\nmod tests { fn f() { tokio::spawn(g()) } }\n";
    assert_eq!(with("src/domain/x.rs", innocent), [""; 0]);
    assert_eq!(with("src/services/api_core/rest/x.rs", "//! X.\nuse axum::Router;\n").len(), 0);
}

#[test]
fn nothing_is_left_for_later() {
    breaks("src/domain/x.rs", "//! X.\nfn f() { todo!() }\n", "src/domain/x.rs:2: todo!: finish it, or leave it out");
    breaks("src/domain/x.rs", "//! X.\n// FIXME later\n", "src/domain/x.rs:2: FIXME: finish it, or leave it out");
    let ignored = "src/domain/x.rs:3: #[ignore: a test that does not run proves nothing";
    breaks("src/domain/x.rs", "//! X.\n#[cfg(test)]\nmod tests { #[ignore] fn f() {} }\n", ignored);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    breaks("src/domain/x.rs", "use std::fmt;\n", "src/domain/x.rs:0: it does not begin by saying what it is (//! …)");
    let long = |lines: usize| format!("//! X.\n{}", "\n".repeat(lines - 1));
    assert_eq!(with("src/domain/x.rs", &long(600)), [""; 0]);
    breaks("src/domain/x.rs", &long(601), "src/domain/x.rs:0: 601 lines, at most 600 are allowed");
    breaks("src/main.rs", &long(81), "src/main.rs:0: 81 lines, at most 80 are allowed");
    let role = with("src/roles/edge.rs", &long(101));
    assert!(role.contains(&"src/roles/edge.rs:0: 101 lines, at most 100 are allowed".to_owned()), "{role:?}");
}

#[test]
fn documents_name_what_exists() {
    breaks("docs/x.md", "See `src/nowhere.rs`.\n", "docs/x.md:1: src/nowhere.rs does not exist");
    breaks("docs/x.md", "\nSee [this](../dev/nothing).\n", "docs/x.md:2: ../dev/nothing does not exist");
    assert_eq!(with("docs/x.md", "See [that](../src/lib.rs#a), https://a.example/src/b and src/*/x.\n"), [""; 0]);
}

#[test]
fn the_map_is_the_tree() {
    breaks("src/domain/rule/mod.rs", "//! R.\n", "ARCHITECTURE.md:0: the map does not show src/domain/rule");
    let gone = "# Map\n```\nsrc/\n  domain/\n  infra/\n  services/\n    api_core/\n    edge_redirect/\n```\n";
    breaks("ARCHITECTURE.md", gone, "ARCHITECTURE.md:0: the map shows src/infra, which does not exist");
    assert_eq!(
        with("src/other/mod.rs", "//! O.\n"),
        [
            "ARCHITECTURE.md:0: the map does not show src/other",
            "src/other/mod.rs:0: other has no floor: put it into one of the folders of ARCHITECTURE.md",
        ]
    );
}

#[test]
fn metrics_are_listed_and_none_is_invented() {
    let declaration = "//! M.\nconst A: Metric = Metric::counter(\"elido_a_total\", &[\"x\"], \"A.\");\n\
                       const C: Metric =\n    Metric::gauge(\"elido_c\", &[\"x\", \"y\"], \"C.\");\n";
    let list = "| `elido_c` | `y` | |\n`elido_b{z=\"1\"}`\n";
    let unlisted = with_all(&[("src/telemetry/mod.rs", declaration), ("docs/operations.md", list)]);
    assert_eq!(
        unlisted,
        [
            "ARCHITECTURE.md:0: the map does not show src/telemetry",
            "docs/operations.md:0: it does not list the metric elido_a_total",
            "docs/operations.md:0: the labels of elido_c are [\"x\", \"y\"], not [\"y\"]",
            "docs/operations.md:0: there is no metric elido_b",
        ]
    );
}

#[test]
fn dashboards_show_metrics_that_are_counted() {
    let dashboard = "{\n\"expr\": \"rate(elido_a_total[5m]) / elido_b{x=\\\"y\\\"} + elido_c_bucket + elido_d\"}\n";
    let breaches = with_all(&[
        (
            "src/telemetry/mod.rs",
            "//! M.\nconst A: Metric = Metric::counter(\"elido_a_total\", &[], \"A.\");\n\
             const C: Metric = Metric::histogram(\"elido_c\", &[], \"C.\");\n",
        ),
        ("docs/operations.md", "| `elido_a_total`, `elido_c` | | |\n"),
        ("deploy/images/postgres/elido_backup/metrics.py", "HEAD = \"\"\"\n# TYPE elido_d gauge\n\"\"\"\n"),
        ("charts/elido-mono/dashboards/edge.json", dashboard),
    ]);
    assert_eq!(
        breaches,
        [
            "ARCHITECTURE.md:0: the map does not show src/telemetry",
            "charts/elido-mono/dashboards/edge.json:2: there is no metric elido_b",
        ]
    );
}

/// The files of a new service, as CONTRIBUTING.md tells to write them, and its lines in two lists.
const NEW_SERVICE: [(&str, &str); 5] = [
    ("src/services/search/mod.rs", "//! Search.\nuse crate::services::api_core::ApiCore;\npub mod rest;\n"),
    ("src/services/search/rest/mod.rs", "//! Its resources.\nmod queries;\nfn operations() { queries::routes() }\n"),
    ("src/services/search/rest/queries.rs", "//! Queries.\npub fn routes() {}\n"),
    ("src/roles/api.rs", "//! The api role.\nuse crate::services::search::{self, Search};\n"),
    (
        "ARCHITECTURE.md",
        "# Map\n```\nsrc/\n  domain/\n  roles/\n  services/\n    api_core/\n    edge_redirect/\n    search/\n      rest/\n```\n",
    ),
];

#[test]
fn a_new_service_enters_the_list_of_its_role_and_touches_no_other() {
    assert_eq!(with_all(&NEW_SERVICE), [""; 0]);
    let twice = ("src/roles/edge.rs", "//! The edge role.\nuse crate::services::search::Search;\n");
    let breach = "src/services/search/mod.rs:0: one file of src/roles lists this service, not";
    assert_eq!(
        with_all(&[&NEW_SERVICE[..], &[twice]].concat()),
        [format!("{breach} [\"src/roles/api.rs\", \"src/roles/edge.rs\"]")]
    );
    let unlisted = ("src/roles/api.rs", "//! The api role.\n");
    assert_eq!(with_all(&[&NEW_SERVICE[..], &[unlisted]].concat()), [format!("{breach} []")]);
}

#[test]
fn a_new_resource_enters_the_list_of_its_service_and_touches_no_other() {
    let second = ("src/services/search/rest/synonyms.rs", "//! Synonyms.\npub fn routes() {}\n");
    assert_eq!(with_all(&[&NEW_SERVICE[..], &[second]].concat()), [""; 0]);
    let entangled = (second.0, "//! Synonyms.\nuse super::queries::Query;\npub fn routes() {}\n");
    let breach = "src/services/search/rest/synonyms.rs:2: a resource uses the resource queries: what both need is a file of its own";
    assert_eq!(with_all(&[&NEW_SERVICE[..], &[entangled]].concat()), [breach]);
}

/// The files of a new kind of job, as CONTRIBUTING.md tells to write them, and its line in the list of its service.
const NEW_KIND: [(&str, &str); 4] = [
    ("src/services/search/jobs/mod.rs", "//! Its jobs.\nmod rebuild;\npub fn handlers() { rebuild::handlers() }\n"),
    ("src/services/search/jobs/rebuild.rs", "//! Rebuild.\npub fn handlers() { Handlers::default().on(rebuild) }\n"),
    (
        "src/roles/workers.rs",
        "//! Workers.\nuse crate::services::search::jobs;\nfn start() { search::jobs::handlers() }\n",
    ),
    (
        "ARCHITECTURE.md",
        "# Map\n```\nsrc/\n  domain/\n  roles/\n  services/\n    api_core/\n    edge_redirect/\n    search/\n      jobs/\n      rest/\n```\n",
    ),
];

#[test]
fn a_new_kind_of_job_enters_the_list_of_its_service_and_touches_no_other() {
    let sound = [&NEW_SERVICE[..], &NEW_KIND].concat();
    assert_eq!(with_all(&sound), [""; 0]);
    let line = "src/services/search/jobs/rebuild.rs:2:";
    let unlisted = ("src/services/search/jobs/mod.rs", "//! Its jobs.\npub fn handlers() {}\n");
    let expected = format!("{line} src/services/search/jobs/mod.rs does not list this kind of job");
    assert_eq!(with_all(&[&sound[..], &[unlisted]].concat()), [expected]);
    let idle = ("src/roles/workers.rs", "//! Workers.\n");
    let expected = format!("{line} src/roles/workers.rs does not list the jobs of search");
    assert_eq!(with_all(&[&sound[..], &[idle]].concat()), [expected]);
    let elsewhere = ("src/services/search/mod.rs", "//! Search.\nfn f() { Handlers::default().on(g) }\n");
    let expected = "src/services/search/mod.rs:2: a kind of job is done in src/services/search/jobs";
    assert_eq!(with_all(&[&sound[..], &[elsewhere]].concat()), [expected]);
    let second = "//! Merge.\nuse super::rebuild::Rebuild;\npub fn handlers() { Handlers::default().on(merge) }\n";
    let list = "//! Its jobs.\npub fn handlers() { rebuild::handlers(); merge::handlers() }\n";
    let entangled = [("src/services/search/jobs/merge.rs", second), ("src/services/search/jobs/mod.rs", list)];
    let breach = "src/services/search/jobs/merge.rs:2: a kind of job uses the kind of job rebuild: what both need is a file of its own";
    assert_eq!(with_all(&[&sound[..], &entangled].concat()), [breach]);
}
