//! Mail over a real relay, whose folder `ELIDO_TEST_SMTP_FOLDER` names; nothing of that on the embedded stores.

use std::fs;
use std::path::{Path, PathBuf};

use elido::config::sections::MailConfig;
use elido::infra::mail::{Mail, MailError, Message};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::database::is_embedded;
use crate::support::people;
use crate::support::platform::{PASSWORD, Platform, body, eventually};
use crate::support::ports::NOBODY;

/// The relay of `dev/services/smtp`.
struct Relay(PathBuf);

impl Relay {
    /// None where the tests run on what needs no server.
    fn running() -> Option<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        if is_embedded() {
            return None;
        }
        let folder = std::env::var_os("ELIDO_TEST_SMTP_FOLDER").expect("ELIDO_TEST_SMTP_FOLDER names a folder");
        Some(Self(folder.into()))
    }

    fn mail(&self, scheme: &str, listener: &str, user: &str, rest: &str) -> Mail {
        let port = fs::read_to_string(self.0.join(listener)).expect("the port");
        let ca_file = if listener == "clear" { PathBuf::new() } else { self.0.join("authority.pem") };
        mail(&format!("{scheme}://{user}localhost:{port}{rest}"), ca_file)
    }

    /// The one message that was taken for this address.
    fn taken(&self, address: &str) -> Value {
        let mut found = self.messages(address);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn messages(&self, address: &str) -> Vec<Value> {
        let messages = fs::read_dir(self.0.join("messages")).expect("the folder");
        let paths = messages.map(|entry| entry.expect("a file").path());
        let read =
            |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).expect("a file")).expect("a message") };
        let finished = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        finished.map(read).filter(|message| message["to"][0] == address).collect()
    }
}

const USER: &str = "elido:p%40ss%20word%2F1@";

fn mail(url: &str, ca_file: PathBuf) -> Mail {
    let config = MailConfig { url: url.into(), from: "Elido <elido@example.com>".to_owned(), ca_file };
    Mail::new(&config, Path::new("")).expect("settings that make sense")
}

/// Somebody to whom no other test writes.
fn somebody(name: &str) -> String {
    format!("{name}-{}@example.com", uuid::Uuid::new_v4().simple())
}

fn message(to: &str) -> Message {
    let text = "Hello.\n.\n.. two points\nGrüße\n".to_owned();
    Message {
        to: to.parse().expect("an address"),
        subject: "Grüße\r\nBcc: eve@example.com".to_owned(),
        text,
        attachment: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_spoken_to_by_tls_and_with_a_password() {
    let Some(relay) = Relay::running() else { return };
    for (scheme, listener) in [("smtp", "starttls"), ("smtps", "tls")] {
        let to = somebody("ada");
        relay.mail(scheme, listener, USER, "").send(message(&to)).await.expect("it is sent");
        let taken = relay.taken(&to);
        assert_eq!((&taken["tls"], &taken["from"]), (&true.into(), &"elido@example.com".into()), "{taken}");
        assert_eq!(taken["to"].as_array().map(Vec::len), Some(1), "{taken}");
        let data = taken["data"].as_str().expect("text");
        assert!(!data.to_lowercase().lines().any(|line| line.starts_with("bcc:")), "{data}");
        assert!(data.contains("\r\n.\r\n.. two points\r\nGr=C3=BC=C3=9Fe"), "{data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_mended_by_a_mail_through_the_relay() {
    let Some(relay) = Relay::running() else { return };
    let port = fs::read_to_string(relay.0.join("starttls")).expect("the port");
    let platform = Platform::start_with(|config| {
        config.mail.url = format!("smtp://{USER}localhost:{port}").into();
        config.mail.ca_file = relay.0.join("authority.pem");
    })
    .await;
    let email = somebody("owner");
    let person = json!({ "email": email, "password": PASSWORD });
    body(platform.bootstrap().json(&person), StatusCode::CREATED).await;
    body(people::post(&platform, "/v1/auth/password-reset", &json!({ "email": email })), StatusCode::ACCEPTED).await;
    eventually("a message", || async { relay.messages(&email).len() == 1 }).await;
    let message = relay.taken(&email);
    let data = message["data"].as_str().expect("text");
    let code = data.lines().map(str::trim).find(|line| line.starts_with("reset_")).expect("a code");
    let new = json!({ "code": code, "new_password": "staple battery horse correct" });
    body(people::post(&platform, "/v1/auth/password-reset/confirm", &new), StatusCode::NO_CONTENT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_without_tls_unless_the_operator_says_so() {
    let Some(relay) = Relay::running() else { return };
    let to = somebody("ada");
    let strict = relay.mail("smtp", "clear", "", "");
    assert!(strict.send(message(&to)).await.expect_err("the relay has no STARTTLS").is_passing());
    relay.mail("smtp", "clear", "", "?tls=none").send(message(&to)).await.expect("it is sent");
    assert_eq!(relay.taken(&to)["tls"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_certificate_nobody_vouches_for_gets_nothing() {
    let Some(relay) = Relay::running() else { return };
    let port = fs::read_to_string(relay.0.join("tls")).expect("the port");
    let mail = mail(&format!("smtps://{USER}localhost:{port}"), PathBuf::new());
    assert!(mail.send(message(&somebody("ada"))).await.expect_err("an unknown authority").is_passing());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_told_from_what_may_work_later() {
    let Some(relay) = Relay::running() else { return };
    let working = relay.mail("smtp", "starttls", USER, "");
    let refused = working.send(message(&somebody("refused"))).await.expect_err("refused");
    assert!(matches!(&refused, MailError::Refused(reason) if reason.contains("nobody of that name")), "{refused}");
    let later = working.send(message(&somebody("later"))).await.expect_err("not now");
    assert!(later.is_passing(), "{later}");
    // The operator can mend a password.
    let wrong = relay.mail("smtp", "starttls", "elido:wrong@", "").send(message(&somebody("ada"))).await;
    assert!(wrong.expect_err("a wrong password").is_passing());
    working.send(message(&somebody("ada"))).await.expect("the connection goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let silent = async {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        connection.write_all(b"220 ready\r\n").await.expect("it is written");
        std::future::pending::<()>().await;
    };
    let mail = mail(&format!("smtp://127.0.0.1:{port}?tls=none"), PathBuf::new());
    tokio::select! {
        sent = mail.send(message("ada@example.com")) => assert!(sent.expect_err("no response").is_passing()),
        () = silent => {}
    }
    let mail = self::mail(&format!("smtp://{NOBODY}?tls=none"), PathBuf::new());
    assert!(mail.send(message("ada@example.com")).await.expect_err("nobody is there").is_passing());
}
