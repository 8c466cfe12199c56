//! Redirects over TLS 1.3 of which each has a connection and a handshake of its own, with or without resumption.
//!
//! `dev/bench tls` runs this against a server of either kind. Without the variable `ELIDO_BENCH_TLS_PORT` it says that it was skipped.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly"
)]

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{HandshakeKind, RootCertStore, StreamOwned};

/// Connections at once.
const CLIENTS: usize = 16;
/// The longest head of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What one client saw.
#[derive(Default)]
struct Seen {
    resumed: usize,
    micros: Vec<u128>,
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is set"))
}

fn client(is_resuming: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(variable("ELIDO_BENCH_TLS_AUTHORITY")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("a version");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    if !is_resuming {
        config.resumption = Resumption::disabled();
    }
    Arc::new(config)
}

/// One visit; whether its session was resumed.
fn visit(config: &Arc<ClientConfig>, port: u16, request: &[u8]) -> bool {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
    let mut stream = StreamOwned::new(session, stream);
    stream.write_all(request).expect("it is taken");
    let mut answer = Vec::new();
    let mut room = [0; 2048];
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") && answer.len() < ANSWER_BYTES_MAX {
        let read = stream.read(&mut room).expect("an answer");
        assert!(read > 0, "an answer");
        answer.extend(room.iter().take(read));
    }
    assert!(answer.starts_with(b"HTTP/1.1 302"), "a redirect");
    stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
}

fn visits(config: &Arc<ClientConfig>, port: u16, request: &[u8], end: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < end {
        let begun = Instant::now();
        seen.resumed += usize::from(visit(config, port, request));
        seen.micros.push(begun.elapsed().as_micros());
    }
    seen
}

fn main() {
    let Ok(port) = env::var("ELIDO_BENCH_TLS_PORT") else {
        println!("SKIPPED: ELIDO_BENCH_TLS_PORT names no server; dev/bench tls starts some");
        return;
    };
    let port = port.parse().expect("a port");
    let seconds = variable("ELIDO_BENCH_SECONDS").parse().expect("a number");
    let path = variable("ELIDO_BENCH_TLS_PATH");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n\r\n");
    let config = client(variable("ELIDO_BENCH_TLS_RESUMED") == "1");
    let (begun, end) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let mut all = Seen::default();
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| scope.spawn(|| visits(&config, port, request.as_bytes(), end))).collect();
        for client in clients {
            let seen = client.join().expect("a client");
            all.resumed += seen.resumed;
            all.micros.extend(seen.micros);
        }
    });
    all.micros.sort_unstable();
    let share = |share: usize| all.micros.get(all.micros.len() * share / 100).copied().unwrap_or_default();
    let rate = all.micros.len() as f64 / begun.elapsed().as_secs_f64();
    println!(
        "RESULT {{\"requests\":{},\"resumed\":{},\"rps\":{rate:.1},\"p50_us\":{},\"p99_us\":{}}}",
        all.micros.len(),
        all.resumed,
        share(50),
        share(99)
    );
}
