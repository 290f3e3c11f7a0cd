//! The wish to stop: Ctrl-C or SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

/// Waits until somebody asks this process to stop.
pub async fn requested() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
