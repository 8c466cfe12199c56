//! A TCP proxy in front of a database that a test can cut and mend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// Passes bytes on until it is cut; then every connection ends, and new ones end at once.
pub struct CuttableProxy {
    url: Url,
    cut: Arc<AtomicBool>,
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
        #[allow(clippy::disallowed_methods, reason = "the proxy is no part of the platform")]
        tokio::spawn(async move {
            while let Ok((inbound, _)) = listener.accept().await {
                if !is_cut.load(Ordering::SeqCst) {
                    tokio::spawn(pass_on(inbound, target.clone(), cut_signal.clone()));
                }
            }
        });
        Self { url, cut, cuts }
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

    /// Lets new connections through.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

async fn pass_on(mut inbound: TcpStream, target: String, mut cuts: watch::Receiver<u64>) {
    cuts.borrow_and_update();
    let Ok(mut outbound) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut inbound, &mut outbound) => {}
        _ = cuts.changed() => {}
    }
}
