//! Serves the page over HTTP/1.1: `GET /metrics` and nothing else, a few connections at a time, each for seconds, and given fairly.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    app::reads::Source,
    rpc::{counts::Counts, quota::Quota},
};

/// Connections that are answered at once, in all and of one address; others are closed.
const MAX_CONNECTIONS: (usize, usize) = (16, 4);
/// The largest request.
const MAX_REQUEST_BYTES: usize = 4_096;
/// How long a request may take to come in.
const HEAD_PATIENCE: Duration = Duration::from_secs(1);
/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_secs(1);

/// Why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot listen on {address}: {source}; choose another address in plasmid.toml")]
pub struct MetricsError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Binds the address, if there is one, and answers for as long as the node runs.
///
/// # Errors
/// [`MetricsError`] when the address is taken.
pub async fn serve(
    address: Option<SocketAddr>,
    (source, counts): (Arc<dyn Source>, Arc<Counts>),
) -> Result<Infallible, MetricsError> {
    let Some(address) = address else {
        return std::future::pending().await;
    };
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| MetricsError { address, source })?;
    let (in_all, per_address) = MAX_CONNECTIONS;
    let places = Quota::new(in_all, per_address);
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let Ok(mut place) = places.take(from.ip()) else {
                    continue;
                };
                let (source, counts) = (Arc::clone(&source), Arc::clone(&counts));
                tokio::spawn(async move {
                    // Whoever is too slow, or has to make way, is left.
                    tokio::select! {
                        _ = timeout(PATIENCE, answer(stream, source, counts)) => {}
                        () = place.lost() => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for metrics was not accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    source: Arc<dyn Source>,
    counts: Arc<Counts>,
) -> std::io::Result<()> {
    let request = match timeout(HEAD_PATIENCE, head(&mut stream)).await {
        Ok(request) => request?,
        Err(_) => return reply(&mut stream, "408 Request Timeout", "send it at once\n").await,
    };
    let Some(request) = request else {
        return reply(&mut stream, "400 Bad Request", "the request has no end\n").await;
    };
    let first = request
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    if !first.starts_with(b"GET /metrics ") {
        return reply(&mut stream, "404 Not Found", "metrics are at /metrics\n").await;
    }
    let page = tokio::task::spawn_blocking(move || super::page(source.as_ref(), &counts)).await;
    match page {
        Ok(Ok(text)) => reply(&mut stream, "200 OK", &text).await,
        Ok(Err(error)) => {
            let said = format!("{error}\n");
            reply(&mut stream, "503 Service Unavailable", &said).await
        }
        Err(error) => {
            let said = format!("{error}\n");
            reply(&mut stream, "500 Internal Server Error", &said).await
        }
    }
}

/// The head of a request; none when it ends before its end, or is too long.
async fn head(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::with_capacity(MAX_REQUEST_BYTES);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let room = MAX_REQUEST_BYTES.saturating_sub(request.len());
        let mut part = (&mut *stream).take(room as u64);
        if part.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(request))
}

async fn reply(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
