//! The settings as a process finds them: files of a working directory, variables, rights. A binary of its own, because
//! the environment belongs to a whole process.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail loudly")]
#![allow(clippy::result_large_err, reason = "the error type of figment's Jail")]

use std::path::Path;

use elido::config::{self, Loaded};
use figment::Jail;

/// Runs `test` in an empty working directory with no `ELIDO_…` variable.
fn in_empty_folder(test: impl FnOnce(&mut Jail)) {
    Jail::expect_with(|jail| {
        jail.clear_env();
        test(jail);
        Ok(())
    });
}

fn load(file: Option<&str>) -> Result<Loaded, Vec<String>> {
    config::load(file.map(Path::new)).map_err(|errors| errors.errors().iter().map(ToString::to_string).collect())
}

#[test]
fn without_files_and_variables_the_defaults_hold() {
    in_empty_folder(|_| {
        let loaded = load(None).unwrap();
        assert_eq!(loaded.config.api.listen.port(), 8090);
        assert!(loaded.entries.iter().all(|entry| entry.source == "the built-in defaults"));
    });
}

#[test]
fn files_are_read_by_name_and_examples_are_not() {
    in_empty_folder(|jail| {
        jail.create_dir("config").unwrap();
        jail.create_file("config/10-first.toml", "[edge]\nworkers = 1\nconnections_max = 5").unwrap();
        jail.create_file("config/20-second.toml", "[edge]\nworkers = 2").unwrap();
        jail.create_file("config/elido.default.toml", "broken").unwrap();
        jail.create_file("config/site.example.toml", "broken").unwrap();
        jail.create_file("config/notes.txt", "broken").unwrap();
        let loaded = load(None).unwrap();
        assert_eq!((loaded.config.edge.workers, loaded.config.edge.connections_max), (2, 5));
        assert_eq!(loaded.source_of("edge.workers"), "config/20-second.toml");

        jail.create_file("other.toml", "[edge]\nworkers = 7").unwrap();
        let loaded = load(Some("other.toml")).unwrap();
        assert_eq!(loaded.config.edge.workers, 7);
        assert_ne!(loaded.config.edge.connections_max, 5, "a named file stands in place of the folder");

        jail.set_env("ELIDO_EDGE__WORKERS", "9");
        assert_eq!(load(Some("other.toml")).unwrap().config.edge.workers, 9);
    });
}

#[test]
fn every_file_that_cannot_be_used_is_told_with_the_rest() {
    in_empty_folder(|jail| {
        jail.create_file("taken", "").unwrap();
        jail.set_env("ELIDO_GEO__COUNTRY_FILE", "missing.mmdb");
        jail.set_env("ELIDO_DATA_FOLDER", "taken/data");
        jail.set_env("ELIDO_DATABASE__URL_FILE", "missing-secret");
        jail.set_env("ELIDO_EDGE__LISTEN", "here");
        let found = load(Some("missing.toml")).unwrap_err();
        let keys: Vec<&str> = found.iter().filter_map(|error| error.split(' ').next()).collect();
        assert_eq!(
            keys,
            ["data_folder", "database.url_file", "edge.listen", "geo.country_file", "missing.toml"],
            "{found:#?}"
        );
    });
}

#[test]
fn looking_at_the_data_folder_does_not_make_it() {
    in_empty_folder(|jail| {
        load(None).unwrap();
        assert!(!jail.directory().join("data").exists());
    });
}

#[test]
fn a_read_only_place_is_no_data_folder() {
    in_empty_folder(|jail| {
        // /proc takes no file from anybody, not even from root.
        jail.set_env("ELIDO_DATA_FOLDER", "/proc");
        let found = load(None).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("data_folder (ELIDO_DATA_FOLDER): \"/proc\" is not writable"), "{}", found[0]);
    });
}

#[test]
fn the_production_example_has_no_error_but_the_files_that_are_not_there() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/elido.production.example.toml");
    in_empty_folder(|jail| {
        jail.set_env("ELIDO_DATA_FOLDER", "data");
        let found = load(Some(example)).unwrap_err();
        let keys: Vec<&str> = found.iter().filter_map(|error| error.split(' ').next()).collect();
        let wanted = [
            "audit.signing_key_file",
            "cache.url_file",
            "database.url_file",
            "geo.country_file",
            "identity.sealing_key_file",
            "mail.url_file",
            "objects.secret_access_key_file",
            "telemetry.sentry_dsn_file",
        ];
        assert_eq!(keys, wanted, "{found:#?}");
    });
}

#[test]
fn journals_have_room_for_two_segments_of_each_worker() {
    in_empty_folder(|jail| {
        jail.set_env("ELIDO_EDGE__WORKERS", "3");
        jail.set_env("ELIDO_EDGE__JOURNAL__SEGMENT_BYTES", "2000000");
        jail.set_env("ELIDO_EDGE__JOURNAL__BYTES_MAX", "11999999");
        let errors = load(None).unwrap_err();
        assert!(
            errors.len() == 1 && errors[0].contains("3 workers with two segments each need 12000000"),
            "{errors:?}"
        );
        jail.set_env("ELIDO_EDGE__JOURNAL__BYTES_MAX", "12000000");
        assert!(load(None).is_ok());
    });
}

#[test]
fn a_grpc_listener_that_others_can_reach_asks_for_client_certificates() {
    in_empty_folder(|jail| {
        for address in ["0.0.0.0:50051", "[::]:50051", "192.0.2.7:50051"] {
            jail.set_env("ELIDO_GRPC__LISTEN", address);
            let errors = load(None).unwrap_err();
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(
                errors[0].contains("grpc.listen") && errors[0].contains("every client would be let in"),
                "{errors:?}"
            );
        }
        jail.set_env("ELIDO_GRPC__LISTEN", "127.0.0.2:50051");
        assert!(load(None).is_ok());
    });
}
