//! What the world asks of the process as a whole.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the next SIGTERM or SIGINT.
pub(super) async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
