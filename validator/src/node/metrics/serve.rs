//! Serves the page over HTTP/1.1: `GET /metrics` and nothing else, a few connections at a time, each for seconds, and given fairly.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    app::reads::{ReadError, Source},
    rpc::{counts::Counts, quota::Quota},
    workers::Workers,
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
    // A page may wait for a block: one thread is enough for all, and none of those that the node itself needs.
    let workers = Workers::start("metrics", (1, 1), MAX_CONNECTIONS);
    let workers = workers.map_err(|source| MetricsError { address, source })?;
    let pages = Arc::new(Pages {
        workers,
        source,
        counts,
    });
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let Ok(mut place) = places.take(from.ip()) else {
                    continue;
                };
                let pages = Arc::clone(&pages);
                tokio::spawn(async move {
                    // Whoever is too slow, or has to make way, is left.
                    tokio::select! {
                        _ = timeout(PATIENCE, answer(stream, from.ip(), &pages)) => {}
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

/// What makes pages.
struct Pages {
    workers: Workers,
    source: Arc<dyn Source>,
    counts: Arc<Counts>,
}

impl Pages {
    /// A page, for who asks from this address; it is not made when he is gone.
    async fn make(&self, whose: IpAddr) -> Result<String, ReadError> {
        let (source, counts) = (Arc::clone(&self.source), Arc::clone(&self.counts));
        let job = move |cancelled: &AtomicBool| super::page(source.as_ref(), &counts, cancelled);
        let running = self.workers.run(whose, job);
        let running = running.map_err(|full| ReadError::Unavailable(full.to_string()))?;
        let page = running.await;
        page.map_err(|lost| ReadError::Internal(lost.to_string()))?
    }
}

async fn answer(mut stream: TcpStream, whose: IpAddr, pages: &Pages) -> std::io::Result<()> {
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
    let (status, said) = match pages.make(whose).await {
        Ok(text) => ("200 OK", text),
        Err(error @ ReadError::Internal(_)) => ("500 Internal Server Error", format!("{error}\n")),
        Err(error) => ("503 Service Unavailable", format!("{error}\n")),
    };
    reply(&mut stream, status, &said).await
}

/// The head of a request; `None` when it ends before its end, or is too long.
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
