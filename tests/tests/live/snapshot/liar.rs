//! One who stands between an engine and its application, and changes a byte of every part of a state that the application gives out.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost::Message;
use tendermint_proto::v0_38::abci::{Response, response::Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Dropped, it stops.
pub struct Liar {
    lies: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Liar {
    /// Takes the place of an application that listens here already.
    pub async fn before(socket: &Path) -> Self {
        let behind = socket.with_extension("behind");
        fs::rename(socket, &behind).expect("the application's socket");
        let listener = UnixListener::bind(socket).expect("its place");
        let lies = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&lies);
        let task = tokio::spawn(async move {
            while let Ok((engine, _)) = listener.accept().await {
                tokio::spawn(carry(engine, behind.clone(), Arc::clone(&told)));
            }
        });
        Self { lies, task }
    }

    /// How many lies it has told.
    pub fn lies(&self) -> usize {
        self.lies.load(Ordering::SeqCst)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries one connection until either side ends it.
async fn carry(engine: UnixStream, behind: PathBuf, lies: Arc<AtomicUsize>) {
    let Ok(app) = UnixStream::connect(behind).await else {
        return;
    };
    let (mut from_engine, mut to_engine) = engine.into_split();
    let (mut from_app, mut to_app) = app.into_split();
    let asks = async {
        let _ = tokio::io::copy(&mut from_engine, &mut to_app).await;
    };
    let answers = async {
        let (mut held, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
        while let Ok(count @ 1..) = from_app.read(&mut buffer).await {
            held.extend_from_slice(&buffer[..count]);
            let mut out = Vec::new();
            while let Some(answer) = next(&mut held) {
                let answer = changed(answer, &lies);
                answer
                    .encode_length_delimited(&mut out)
                    .expect("a vector grows");
            }
            if to_engine.write_all(&out).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = asks => {}
        () = answers => {}
    }
}

/// The next whole answer, which is taken away from what is held.
fn next(held: &mut Vec<u8>) -> Option<Response> {
    let mut rest = held.as_slice();
    let length = prost::encoding::decode_varint(&mut rest).ok()?;
    let length = usize::try_from(length).expect("a length");
    let answer = rest.get(..length)?;
    let answer = Response::decode(answer).expect("our own application's answer");
    let used = held.len() - rest.len() + length;
    held.drain(..used);
    Some(answer)
}

fn changed(mut answer: Response, lies: &AtomicUsize) -> Response {
    if let Some(Value::LoadSnapshotChunk(part)) = &mut answer.value
        && !part.chunk.is_empty()
    {
        let mut bytes = part.chunk.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        part.chunk = bytes.into();
        lies.fetch_add(1, Ordering::SeqCst);
    }
    answer
}
