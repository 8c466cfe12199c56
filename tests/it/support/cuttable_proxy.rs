//! A TCP proxy in front of a database that a test can cut and mend, and whose answers it can keep back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// Passes bytes on until it is cut; then every connection ends, and new ones end at once.
pub struct CuttableProxy {
    url: Url,
    cut: Arc<AtomicBool>,
    mute: Arc<AtomicBool>,
    cuts: watch::Sender<u64>,
}

impl CuttableProxy {
    /// In front of the server that the URL names.
    pub async fn start(database: &SecretString) -> Self {
        let mut url = Url::parse(database.expose_secret()).expect("a URL");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(address.port())).expect("a port");
        let (cuts, cut_signal) = watch::channel(0);
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        let mute = Arc::new(AtomicBool::new(false));
        let is_mute = Arc::clone(&mute);
        #[allow(clippy::disallowed_methods, reason = "the proxy is no part of the platform")]
        tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                if !is_cut.load(Ordering::SeqCst) {
                    tokio::spawn(pass_on(inbound, target.clone(), cut_signal.clone(), Arc::clone(&is_mute)));
                }
            }
        });
        Self { url, cut, mute, cuts }
    }

    /// Where the database seems to be.
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// Ends every connection and lets no new one through.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on requests arrive and answers do not.
    pub fn keep_answers_back(&self) {
        self.mute.store(true, Ordering::SeqCst);
    }

    /// Lets new connections through.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

async fn pass_on(inbound: TcpStream, target: String, mut cuts: watch::Receiver<u64>, mute: Arc<AtomicBool>) {
    cuts.borrow_and_update();
    let Ok(outbound) = TcpStream::connect(target).await else { return };
    let (mut requests, inbound) = inbound.into_split();
    let (answers, mut outbound) = outbound.into_split();
    let there = async {
        tokio::io::copy(&mut requests, &mut outbound).await?;
        outbound.shutdown().await
    };
    tokio::select! {
        _ = async { tokio::join!(there, pass_answers(answers, inbound, mute)) } => {}
        _ = cuts.changed() => {}
    }
}

async fn pass_answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mute: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        if !mute.load(Ordering::SeqCst) {
            to.write_all(&buffer[..length]).await?;
        }
    }
}
