//! Connections to the edge that keep it waiting.

use std::time::Duration;

use elido::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::platform::{PATIENCE, Platform};

/// How long a dribbling client pauses between two bytes.
const PAUSE: Duration = Duration::from_millis(50);

fn hurried(config: &mut Config) {
    config.edge.header_timeout_seconds = 1;
}

async fn connect(platform: &Platform) -> TcpStream {
    let url = platform.edge("");
    TcpStream::connect(url.strip_prefix("http://").expect("a URL")).await.expect("a connection")
}

/// Reads until the other side ends the connection.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("an end").expect("text");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dribbles_its_head_is_not_waited_for() {
    let mut platform = Platform::start_with(hurried).await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.expect("it is taken");
    let dribbled = async {
        let mut byte = [0];
        // Ends when the other side does: then there is nothing to read, or it has reset the connection.
        while tokio::time::timeout(PAUSE, stream.read(&mut byte)).await.is_err() {
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, dribbled).await.expect("the connection ends");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_more_after_an_answer_is_not_waited_for() {
    let mut platform = Platform::start_with(hurried).await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
    assert!(read_to_end(&mut stream).await.ends_with("\r\n\r\nok\n"));
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_do_not_keep_the_edge_from_stopping() {
    let mut platform = Platform::start().await;
    let mut stream = connect(&platform).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is taken");
    let mut answered = [0; 12];
    stream.read_exact(&mut answered).await.expect("an answer");
    assert_eq!(&answered, b"HTTP/1.1 200");
    platform.stop().await;
    read_to_end(&mut stream).await;
}
