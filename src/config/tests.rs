use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::check;
use super::config_error::DEFAULTS;
use super::layer::SECRETS;
use super::load::{Loaded, SettingsFile, assemble, defaults, finish};

fn file(text: &str) -> SettingsFile {
    SettingsFile { name: "config/site.toml".to_owned(), text: text.to_owned() }
}

fn no_secrets(_: &Path) -> io::Result<String> {
    Err(io::ErrorKind::NotFound.into())
}

fn settings(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let mut errors = Vec::new();
    let loaded = assemble(&[file(text)], variables, &no_secrets, &mut errors);
    finish(loaded, errors).map_err(|errors| errors.errors().iter().map(ToString::to_string).collect())
}

fn errors(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    settings(text, variables).err().unwrap_or_default()
}

#[test]
fn the_api_is_on_this_machine_at_the_port_that_it_listens_on_unless_its_address_is_given() {
    let address = |text: &str, variables: &[(&str, &str)]| {
        let loaded = settings(text, variables).expect("settings");
        (loaded.config.api.public_url.to_string(), loaded.source_of("api.public_url").to_owned())
    };
    let moved = "[api]\nlisten = '127.0.0.1:9000'";
    let given = ("https://links.example/".to_owned(), "ELIDO_API__PUBLIC_URL".to_owned());
    assert_eq!(address("", &[]), ("http://localhost:8090/".to_owned(), DEFAULTS.to_owned()));
    assert_eq!(address(moved, &[]), ("http://localhost:9000/".to_owned(), "config/site.toml".to_owned()));
    assert_eq!(
        address(moved, &[("ELIDO_API__LISTEN", "127.0.0.1:9001")]),
        ("http://localhost:9001/".to_owned(), "ELIDO_API__LISTEN".to_owned())
    );
    assert_eq!(address(moved, &[("ELIDO_API__PUBLIC_URL", "https://links.example")]), given);
    assert_eq!(address("[api]\nlisten = '127.0.0.1:0'", &[]).0, "http://localhost:8090/");
}

#[test]
fn the_defaults_have_no_error() {
    assert_eq!(defaults().map(|config| config.edge.listen.port()), Ok(8080));
}

#[test]
fn every_number_of_the_defaults_has_a_range() {
    let loaded = settings("", &[]).unwrap();
    let numbers: Vec<&str> = loaded
        .entries
        .iter()
        .filter(|entry| entry.value.parse::<u64>().is_ok())
        .map(|entry| entry.key.as_str())
        .collect();
    for key in &numbers {
        let (table, name) = key.rsplit_once('.').unwrap();
        let found = errors(&format!("[{table}]\n{name} = 9000000000000000000"), &[]);
        assert!(found.iter().any(|error| error.starts_with(key)), "{key} takes any number: {found:?}");
    }
    assert!(numbers.len() > 20);
}

#[test]
fn later_sources_win_key_by_key() {
    let loaded = settings(
        "[edge]\nlisten = '127.0.0.1:1111'\nworkers = 3",
        &[("ELIDO_EDGE__LISTEN", "127.0.0.1:2222"), ("ELIDO_DATA_FOLDER", "123"), ("HOME", "/root")],
    )
    .unwrap();
    assert_eq!(loaded.config.edge.listen.port(), 2222);
    assert_eq!(loaded.config.edge.workers, 3);
    assert_eq!(loaded.config.data_folder, PathBuf::from("123"));
    assert_eq!(loaded.source_of("edge.listen"), "ELIDO_EDGE__LISTEN");
    assert_eq!(loaded.source_of("edge.workers"), "config/site.toml");
    assert_eq!(loaded.source_of("edge.connections_max"), DEFAULTS);
}

#[test]
fn all_errors_are_told_at_once() {
    let found = errors(
        "colour = 'red'
        [edge]
        listen = 'nowhere'
        workers = -1
        conections_max = 3
        [log]
        format = 'xml'
        [geo]
        country_file = 3
        [api]
        public_url = 'ftp://example.com'",
        &[
            ("ELIDO_API__RATE_LIMIT_BURST", "many"),
            ("ELIDO_EDGE_LISTEN", "0.0.0.0:80"),
            ("ELIDO_INTERNAL__LISTEN", "0.0.0.0:8090"),
        ],
    );
    insta::assert_snapshot!(found.join("\n"), @r#"
    api.public_url (config/site.toml): ftp: is no scheme for this. Begin it with http:// or https://.
    api.rate_limit_burst (ELIDO_API__RATE_LIMIT_BURST): "many" is not a whole number from 0 to 4294967295. Write a value like the default, 1000.
    colour (config/site.toml): there is no such key. Remove it; `elido config show` lists every key.
    edge.conections_max (config/site.toml): there is no such key. Did you mean edge.connections_max?
    edge.listen (config/site.toml): "nowhere" is not an IP address and port. Write a value like the default, "0.0.0.0:8080".
    edge.workers (config/site.toml): -1 is not a whole number from 0 to 18446744073709551615. Write a value like the default, 0.
    edge_listen (ELIDO_EDGE_LISTEN): there is no such key. Did you mean ELIDO_EDGE__LISTEN?
    geo.country_file (config/site.toml): 3 is not text. Put it into quotes.
    internal.listen (ELIDO_INTERNAL__LISTEN): port 8090 is the port of api.listen too. Give each listener a port of its own.
    log.format (config/site.toml): "xml" is no choice here. Write one of json, pretty.
    "#);
}

#[test]
fn schemes_and_workspaces_that_cannot_be_are_found_before_the_start() {
    let found = errors(
        "[links]\nallowed_schemes = 'myapp, JavaScript, my app, 9p, slack'\ndefault_domain_workspace = 'marketing'",
        &[],
    );
    insta::assert_snapshot!(found.join("\n"), @r#"
    links.allowed_schemes (config/site.toml): JavaScript can run scripts or read files. Leave it out.
    links.allowed_schemes (config/site.toml): "my app" is not the name of a scheme. Write lower-case letters, digits, +, - and ., beginning with a letter: myapp.
    links.allowed_schemes (config/site.toml): "9p" is not the name of a scheme. Write lower-case letters, digits, +, - and ., beginning with a letter: myapp.
    links.default_domain_workspace (config/site.toml): "marketing" is not the id of a workspace. Write an id such as ws_01a209e18730708ab3e272629a4968a9, or nothing.
    "#);
    assert!(errors("[links]\nallowed_schemes = ' myapp,slack , a+b-c.d,'", &[]).is_empty());
}

#[test]
fn a_file_that_is_no_toml_is_one_error_with_its_line() {
    let found = errors("[edge]\nworkers = 1\nlisten = \n", &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("config/site.toml (settings file): line 3: "), "{}", found[0]);
}

#[test]
fn a_wrong_secret_is_not_repeated() {
    let found =
        errors("", &[("ELIDO_DATABASE__URL", "mysql://root:hunter2@db"), ("ELIDO_TELEMETRY__SENTRY_DSN", "hunter2")]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!found.concat().contains("hunter2"), "{found:?}");
}

#[test]
fn a_secret_may_come_from_a_file() {
    let read = |path: &Path| match path.to_str() {
        Some("/run/secrets/database") => Ok("postgres://elido:hunter2@db/elido\n".to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let load = |text: &str, variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut errors = Vec::new();
        let loaded = assemble(&[file(text)], variables, &read, &mut errors);
        finish(loaded, errors).map_err(|errors| errors.to_string())
    };

    let loaded = load("[database]\nurl_file = '/run/secrets/database'", &[]).unwrap();
    assert_eq!(loaded.config.database.url.expose_secret(), "postgres://elido:hunter2@db/elido");
    assert!(!loaded.to_string().contains("hunter2"), "{loaded}");
    assert!(loaded.to_string().contains("url = \"[redacted]\""), "{loaded}");

    let loaded = load("", &[("ELIDO_DATABASE__URL_FILE", "/run/secrets/database")]).unwrap();
    assert_eq!(loaded.source_of("database.url"), "ELIDO_DATABASE__URL_FILE");
    assert!(format!("{:?}", loaded.config).find("hunter2").is_none());

    let missing = load("", &[("ELIDO_DATABASE__URL_FILE", "/nowhere")]).unwrap_err();
    assert!(missing.contains("database.url_file (ELIDO_DATABASE__URL_FILE): \"/nowhere\" cannot be read"), "{missing}");
    for twice in [
        load("[database]\nurl_file = '/run/secrets/database'\nurl = 'sqlite:a.db'", &[]),
        load("", &[("ELIDO_DATABASE__URL_FILE", "/run/secrets/database"), ("ELIDO_DATABASE__URL", "sqlite:a.db")]),
    ] {
        assert!(twice.unwrap_err().contains("Keep one of the two"));
    }
}

#[test]
fn the_listing_is_toml_that_loads_again() {
    let loaded = settings("data_folder = 'a \"b\"\\c'\n[edge]\nworkers = 2", &[]).unwrap();
    let again = settings(&loaded.to_string(), &[]).unwrap();
    let values = |loaded: &Loaded| {
        loaded.entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect::<Vec<_>>()
    };
    // What is a built-in default in the first listing is a file's value in the second, and a secret then.
    let public = |entries: Vec<(String, String)>| {
        entries.into_iter().filter(|(key, _)| !SECRETS.contains(&key.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(public(values(&again)), public(values(&loaded)));
}

#[test]
fn listeners_that_cannot_live_together_are_found() {
    assert_eq!(errors("[api]\nlisten = '127.0.0.1:8080'", &[]).len(), 1, "0.0.0.0:8080 is the edge's");
    assert_eq!(errors("[api]\nlisten = '127.0.0.1:8081'\n[internal]\nlisten = '127.0.0.2:8081'", &[]), [""; 0]);
    assert_eq!(errors("[api]\nlisten = '0.0.0.0:0'\n[edge]\nlisten = '0.0.0.0:0'", &[]), [""; 0]);
}

#[test]
fn an_address_of_redis_is_one_that_can_be_reached() {
    let right = [
        "",
        "redis://cache",
        "redis://user:hunter2@cache:6379/1",
        "rediss://cache:6379",
        "redis-cluster://a:1?node=b:2",
        "rediss-cluster://a:1?node=b:2",
    ];
    for url in right {
        assert_eq!(errors("", &[("ELIDO_CACHE__URL", url)]), [""; 0], "{url}");
    }
    for url in ["cache:6379", "http://cache", "redis:cache", "redis://", "redis://:hunter2@cache:port", "memcached://a"]
    {
        let found = errors("", &[("ELIDO_CACHE__URL", url)]);
        assert_eq!(found.len(), 1, "{url}: {found:?}");
        assert!(found[0].starts_with("cache.url (ELIDO_CACHE__URL): "), "{}", found[0]);
        assert!(!found[0].contains("hunter2"), "{}", found[0]);
    }
}

#[test]
fn an_address_of_the_click_store_is_whole_and_clickhouse_has_a_bus() {
    let with = |url: &str, bus: &str| errors("", &[("ELIDO_CLICK_STORE__URL", url), ("ELIDO_BUS__URL", bus)]);
    let bus = "kafka://broker:9092";
    for url in ["sqlite:clicks.db", "clickhouse://me:hunter2@house:8123/clicks", "clickhouses://house/clicks"] {
        assert_eq!(with(url, bus), [""; 0], "{url}");
    }
    for url in ["sqlite:", "postgres://a/b", "clickhouse://house", "clickhouse://me:hunter2@house/a/b", "http://house"]
    {
        let found = with(url, bus);
        assert_eq!(found.len(), 1, "{url}: {found:?}");
        assert!(found[0].starts_with("click_store.url (ELIDO_CLICK_STORE__URL): "), "{}", found[0]);
        assert!(!found[0].contains("hunter2"), "{}", found[0]);
    }
    let alone = with("clickhouse://me:hunter2@house/clicks", "");
    assert!(alone.len() == 1 && alone[0].contains("Set bus.url"), "{alone:?}");
    let found = errors("[click_store]\ncluster = 'a b'\nca_file = 'ca.pem'", &[]);
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn certificates_that_are_of_no_use_are_found() {
    let found = errors(
        "[cache]
        url = 'redis://cache:6379'
        ca_file = 'ca.pem'
        [grpc]
        tls_certificate_file = 'listener.pem'
        tls_client_ca_file = 'clients.pem'
        origin_url = 'http://api:50051'
        origin_ca_file = 'ca.pem'
        origin_key_file = 'edge.key'",
        &[],
    );
    insta::assert_snapshot!(found.join("\n"), @r#"
    cache.url (config/site.toml): ca_file is no use without TLS. Begin it with rediss:// or rediss-cluster://, or empty cache.ca_file.
    grpc.origin_certificate_file (the built-in defaults): grpc.origin_key_file is of no use without it. Name the file, or empty grpc.origin_key_file.
    grpc.origin_url (config/site.toml): origin_ca_file is no use with an http:// address. Begin it with https://, or empty grpc.origin_ca_file.
    grpc.origin_url (config/site.toml): origin_key_file is no use with an http:// address. Begin it with https://, or empty grpc.origin_key_file.
    grpc.tls_key_file (the built-in defaults): grpc.tls_certificate_file is of no use without it. Name the file, or empty grpc.tls_certificate_file.
    "#);
}

#[test]
fn certificate_files_are_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    std::fs::write(path("good.pem"), certificate.pem()).unwrap();
    std::fs::write(path("good.key"), key.serialize_pem()).unwrap();
    std::fs::write(path("empty.pem"), "").unwrap();
    std::fs::write(path("torn.pem"), certificate.pem().split_at(100).0).unwrap();
    let found = |ca: &str, certificate: &str, key: &str| {
        let text = format!(
            "data_folder = '{}'\n[cache]\nurl = 'rediss://cache'\nca_file = '{}'\n[grpc]\ntls_certificate_file = '{}'\ntls_key_file = '{}'",
            path("data"),
            path(ca),
            path(certificate),
            path(key)
        );
        let mut errors = Vec::new();
        check::files(&settings(&text, &[]).unwrap(), &mut errors);
        let folder = path("");
        errors.iter().map(|error| error.to_string().replace(&folder, "/")).collect::<Vec<_>>()
    };
    assert_eq!(found("good.pem", "good.pem", "good.key"), [""; 0]);
    insta::assert_snapshot!(found("empty.pem", "torn.pem", "good.pem").join("\n"), @r#"
    grpc.tls_certificate_file (config/site.toml): there is no certificate in "/torn.pem". Name a PEM file with a certificate.
    cache.ca_file (config/site.toml): there is no certificate in "/empty.pem". Name a PEM file with a certificate.
    grpc.tls_key_file (config/site.toml): there is no private key in "/good.pem". Name a PEM file with a private key.
    "#);
    insta::assert_snapshot!(found("absent.pem", "good.key", "empty.pem").join("\n"), @r#"
    grpc.tls_certificate_file (config/site.toml): there is no certificate in "/good.key". Name a PEM file with a certificate.
    cache.ca_file (config/site.toml): "/absent.pem" cannot be read (No such file or directory (os error 2)). Name a PEM file with a certificate.
    grpc.tls_key_file (config/site.toml): there is no private key in "/empty.pem". Name a PEM file with a private key.
    "#);
}

proptest! {
    #[test]
    fn any_file_and_any_variable_gives_settings_or_errors(
        text in "(\\PC|\n){0,200}",
        name in "[A-Za-z_.]{0,40}|(a?__){0,200}",
        value in "(\\PC|\n){0,60}",
    ) {
        let found = settings(&text, &[(&format!("ELIDO_{name}"), &value)]);
        if let Err(errors) = found {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|error| error.lines().count() == 1), "{errors:?}");
        }
    }

    #[test]
    fn any_value_of_any_key_gives_settings_or_an_error_of_that_key(
        index in any::<prop::sample::Index>(),
        value in prop_oneof![
            "[0-9.:a-z/@]{0,20}".prop_map(|text| format!("{text:?}")),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}")),
            Just("true".to_owned()), Just("[1, 2]".to_owned()), Just("{ a = 1 }".to_owned()),
            Just("1979-05-27T07:32:00Z".to_owned()), Just("inf".to_owned()),
        ],
    ) {
        let entries = settings("", &[]).unwrap().entries;
        let key = &index.get(&entries).key;
        if let Err(errors) = settings(&format!("{key} = {value}"), &[]) {
            prop_assert!(errors.iter().all(|error| error.lines().count() == 1), "{errors:?}");
        }
    }
}

#[test]
fn a_variable_that_is_not_text_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    let variables = vec![("ELIDO_LOG__FILTER".into(), OsString::from_vec(vec![0xff, 0xfe]))];
    let mut errors = Vec::new();
    assemble(&[], variables, &no_secrets, &mut errors).unwrap();
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["log.filter (ELIDO_LOG__FILTER): the value is not UTF-8 text. Write it as UTF-8."]
    );
}

#[test]
fn every_provider_has_a_table_of_its_own() {
    let text = "[identity.oidc.corporate]
        issuer = 'https://login.example.com'
        client_id = 'elido'
        allowed_domains = 'example.com, Example.org'
        role_claim = 'groups'
        roles = 'the: editors: ws_01a209e18730708ab3e272629a4968a9 editor'
        access_tokens = 'jwt'
        audience = 'elido'
        clients = 'reporting: ws_01a209e18730708ab3e272629a4968a9 links:read analytics:read'";
    let variables = [
        ("ELIDO_IDENTITY__OIDC__CORPORATE__CLIENT_SECRET", "hunter2"),
        ("ELIDO_IDENTITY__OIDC__OTHER__ISSUER", "http://127.0.0.1:4444/"),
        ("ELIDO_IDENTITY__OIDC__OTHER__CLIENT_ID", "123"),
        ("ELIDO_IDENTITY__OIDC__OTHER__CREATE_ACCOUNTS", "true"),
    ];
    let loaded = settings(text, &variables).unwrap();
    let providers = &loaded.config.identity.oidc;
    assert_eq!(providers.keys().collect::<Vec<_>>(), ["corporate", "other"]);
    let (corporate, other) = (&providers["corporate"], &providers["other"]);
    assert_eq!(corporate.client_secret.expose_secret(), "hunter2");
    assert_eq!(corporate.domains(), ["example.com", "example.org"]);
    assert_eq!(corporate.role_rules().unwrap()[0].value, "the: editors");
    assert_eq!(corporate.client_rules().unwrap()[0].scopes.len(), 2);
    assert!(other.create_accounts && other.scopes == "openid email profile" && other.client_id == "123");
    assert_eq!(loaded.source_of("identity.oidc.corporate.issuer"), "config/site.toml");
    assert!(!loaded.to_string().contains("hunter2"), "{loaded}");
    assert!(settings("", &[]).unwrap().config.identity.oidc.is_empty());
}

#[test]
fn what_is_wrong_with_a_provider_is_told_at_once() {
    let found = errors(
        "[identity.oidc.Corporate]
        issuer = 'http://login.example.com'
        client_secret = 'a b'
        scopes = 'email'
        exclusive = true
        roles = 'admins: ws_1 admin'
        access_tokens = 'jwt'
        clients = 'x: ws_01a209e18730708ab3e272629a4968a9 keys:write'
        colour = 'red'
        [identity.oidc.b]
        issuer = 'https://login.example.com?x'
        client_id = 'x'
        allowed_domains = 'example com'
        role_claim = 'groups'
        access_tokens = 'perhaps'
        introspection_url = 'ftp://example.com'
        [identity.oidc.c]
        issuer = 'nowhere'
        client_id = 'x'
        roles = 'x: ws_01a209e18730708ab3e272629a4968a9 owner'
        create_accounts = 'yes'
        clients = 'x: ws_01a209e18730708ab3e272629a4968a9 links:read'",
        &[],
    );
    insta::assert_snapshot!(found.join("\n"), @r#"
    identity.oidc.Corporate (the built-in defaults): "Corporate" is no name for a provider. Write up to 32 lower-case letters, digits and _.
    identity.oidc.Corporate.audience (the built-in defaults): without one, tokens for every other service would count here. Write what the provider's tokens for this installation name.
    identity.oidc.Corporate.client_id (the built-in defaults): there is none. Write how the provider knows this installation.
    identity.oidc.Corporate.client_secret (config/site.toml): there is a space in it. Copy it from the provider once more.
    identity.oidc.Corporate.clients (config/site.toml): keys:write is for people alone. Write entries such as reporting: ws_01a209e18730708ab3e272629a4968a9 links:read, with commas between them.
    identity.oidc.Corporate.colour (config/site.toml): there is no such key. Remove it; `elido config show` lists every key.
    identity.oidc.Corporate.exclusive (config/site.toml): it is for the people of allowed_domains, and there are none. Name the domains.
    identity.oidc.Corporate.issuer (config/site.toml): only a provider on this machine is reached without TLS. Begin it with https://.
    identity.oidc.Corporate.roles (config/site.toml): "ws_1" is no id of a workspace. Write entries such as link-editors: ws_01a209e18730708ab3e272629a4968a9 editor, with commas between them.
    identity.oidc.Corporate.scopes (config/site.toml): openid is missing. Write openid email profile.
    identity.oidc.b.access_tokens (config/site.toml): "perhaps" is no choice here. Write one of refused, jwt, introspection.
    identity.oidc.b.allowed_domains (config/site.toml): "example com" is no domain. Write domains such as example.com, with commas between them.
    identity.oidc.b.introspection_url (config/site.toml): "ftp://example.com" is no http address. Write https://…, or nothing.
    identity.oidc.b.issuer (config/site.toml): there is a query, a fragment or a user in it. Write how the provider calls itself: https://login.example.com.
    identity.oidc.b.role_claim (config/site.toml): roles and role_claim go together. Write both, or neither.
    identity.oidc.c.clients (config/site.toml): their tokens are refused. Set access_tokens to jwt or introspection.
    identity.oidc.c.create_accounts (config/site.toml): "yes" is not a boolean. Write a value like the default, false.
    identity.oidc.c.issuer (config/site.toml): "nowhere" is no address. Write how the provider calls itself: https://login.example.com.
    identity.oidc.c.roles (config/site.toml): "x: ws_01a209e18730708ab3e272629a4968a9 owner": owners are made by owners, not by a claim. Write entries such as link-editors: ws_01a209e18730708ab3e272629a4968a9 editor, with commas between them.
    "#);
}

#[test]
fn objects_need_a_place_and_somebody_who_may_go_there() {
    let keys = |text: &str| -> Vec<String> {
        let key = |error: String| error.split([' ', ':']).next().unwrap_or_default().to_owned();
        errors(&format!("[objects]\n{text}"), &[]).into_iter().map(key).collect()
    };
    for url in ["", "folder:", "objects", "gs://elido", "s3://ab", "s3://Elido", "s3://elido/../x", "s3://elido//x"] {
        let access = "access_key_id = 'a'\nsecret_access_key = 'b'";
        assert_eq!(keys(&format!("url = '{url}'\n{access}")), ["objects.url"], "{url}");
    }
    assert_eq!(
        keys("url = 's3://elido'\nendpoint = 'ftp://host'\npublic_endpoint = 'https://host/path'\nregion = ''"),
        [
            "objects.access_key_id",
            "objects.endpoint",
            "objects.public_endpoint",
            "objects.region",
            "objects.secret_access_key"
        ]
    );
    for url in ["folder:/var/lib/objects", "s3://elido", "s3://elido/a/b-c", "s3://elido/a/"] {
        let text =
            format!("url = '{url}'\nendpoint = 'http://127.0.0.1:9000'\naccess_key_id = 'a'\nsecret_access_key = 'b'");
        assert_eq!(keys(&text), [""; 0], "{url}");
    }
}

#[test]
fn a_listener_for_tls_has_something_to_show_and_an_authority_is_asked_properly() {
    let told = |text: &str| errors(text, &[]).join("\n");
    let listening = "[edge.tls]\nlisten = '127.0.0.1:8443'\n";
    assert!(told(listening).contains("edge.tls.listen (config/site.toml): there is no certificate to show to anybody"));
    assert!(settings(&format!("{listening}[acme]\ndirectory_url = 'https://acme.example/dir'"), &[]).is_ok());
    assert!(told("[edge.tls]\nlisten = 'nowhere'").contains("edge.tls.listen"));
    assert!(told("[edge.tls]\ncertificate_file = 'a.pem'").contains("edge.tls.key_file"));
    assert!(told("[edge.tls]\nredirect_http = true").contains("edge.tls.redirect_http"));
    assert!(told("[edge.tls]\nlisten = '0.0.0.0:8080'").contains("port 8080"));
    for (key, value) in [
        ("directory_url", "http://acme.example/dir"),
        ("contact", "nobody"),
        ("external_account_key", "abc"),
        ("challenge", "dns-01"),
    ] {
        assert!(told(&format!("[acme]\n{key} = '{value}'")).contains("acme."), "{key}");
    }
    let secret = "[acme]\nexternal_account_id = 'a'\nexternal_account_key = 'hunter2'";
    assert!(!settings(secret, &[]).unwrap().to_string().contains("hunter2"));
}
