//! A client that speaks HTTP/2 frame by frame, so that it can do what no library does: begin and not end, ask and not read.
//!
//! ```text
//! frame = length u24 ‖ kind u8 ‖ flags u8 ‖ stream u32 ‖ payload           (RFC 9113, section 4.1)
//! ```
//! A task of its own reads what the server sends: it answers its pings, and notes windows and ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex as Turn;
use tokio::task::JoinHandle;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
/// A window before anybody says otherwise, and the setting that says otherwise.
const WINDOW: i64 = 65_535;
const INITIAL_WINDOW: u16 = 4;
/// The largest frame that is sent.
const MAX_FRAME: usize = 16_384;

/// A connection.
pub struct Raw {
    writer: Arc<Turn<OwnedWriteHalf>>,
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<()>,
    next: u32,
}

/// What the server has said.
#[derive(Default)]
struct Seen {
    is_closed: bool,
    window: i64,
    initial: i64,
    /// What may be sent on each stream that was begun, until the server has ended it.
    open: BTreeMap<u32, i64>,
    ended: usize,
    data: usize,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Raw {
    /// Connects from an address of loopback; each answer may have `window` bytes until more are allowed, which never happens. None
    /// when the server does not take the connection.
    ///
    /// # Panics
    /// When the address cannot be used.
    pub async fn connect(from: u8, to: SocketAddr, window: u32) -> Option<Self> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(SocketAddr::from(([127, 0, 0, from], 0)))
            .expect("an address of loopback");
        let stream = socket.connect(to).await.ok()?;
        let _ = stream.set_nodelay(true);
        let (reader, mut writer) = stream.into_split();
        let mut setting = INITIAL_WINDOW.to_be_bytes().to_vec();
        setting.extend(window.to_be_bytes());
        let hello = [PREFACE, &frame(SETTINGS, 0, 0, &setting)].concat();
        writer.write_all(&hello).await.ok()?;
        let seen = Arc::new(Mutex::new(Seen {
            window: WINDOW,
            initial: WINDOW,
            ..Seen::default()
        }));
        let writer = Arc::new(Turn::new(writer));
        let reader = tokio::spawn(listen(reader, Arc::clone(&writer), Arc::clone(&seen)));
        Some(Self {
            writer,
            seen,
            reader,
            next: 1,
        })
    }

    /// Begins a request; with `ends` it has no body. `None` when the connection is closed.
    pub async fn begin(&mut self, path: &str, headers: &[(&str, &str)], ends: bool) -> Option<u32> {
        let stream = self.next;
        self.next += 2;
        let usual = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "node"),
            (":path", path),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ];
        let mut block = Vec::new();
        for (name, value) in usual.iter().chain(headers) {
            // A literal without indexing and with a new name (RFC 7541, section 6.2.2); the lengths are below 127.
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).expect("a short text"));
                block.extend(text.as_bytes());
            }
        }
        {
            let mut seen = lock(&self.seen);
            let initial = seen.initial;
            seen.open.insert(stream, initial);
        }
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        self.write(&frame(HEADERS, flags, stream, &block)).await?;
        Some(stream)
    }

    /// Sends as much of `bytes` as the server allows now; gives how much. `None` when the stream has ended.
    pub async fn send(&mut self, stream: u32, bytes: &[u8], ends: bool) -> Option<usize> {
        let length = {
            let mut seen = lock(&self.seen);
            let window = seen.window.max(0);
            let own = seen.open.get_mut(&stream)?;
            let room = window.min((*own).max(0));
            let length = bytes.len().min(MAX_FRAME).min(room as usize);
            *own -= length as i64;
            seen.window -= length as i64;
            length
        };
        let is_last = ends && length == bytes.len();
        if length > 0 || is_last {
            let flags = if is_last { END_STREAM } else { 0 };
            let part = bytes.get(..length)?;
            self.write(&frame(DATA, flags, stream, part)).await?;
        }
        Some(length)
    }

    /// Sends one whole message; `None` when the stream or the connection has ended.
    pub async fn message(&mut self, stream: u32, message: &[u8], ends: bool) -> Option<()> {
        let length = u32::try_from(message.len()).expect("a short message");
        let mut bytes = vec![0];
        bytes.extend(length.to_be_bytes());
        bytes.extend(message);
        let sent = self.send(stream, &bytes, ends).await?;
        assert_eq!(sent, bytes.len(), "the window has room for a short message");
        Some(())
    }

    /// Streams that the server has not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        lock(&self.seen).open.len()
    }

    /// Streams that the server has ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        lock(&self.seen).ended
    }

    /// Bytes of answers that came.
    #[must_use]
    pub fn data(&self) -> usize {
        lock(&self.seen).data
    }

    /// Whether the server has closed the connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        lock(&self.seen).is_closed
    }

    async fn write(&self, bytes: &[u8]) -> Option<()> {
        self.writer.lock().await.write_all(bytes).await.ok()
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Reads until the connection ends.
async fn listen(
    mut reader: OwnedReadHalf,
    writer: Arc<Turn<OwnedWriteHalf>>,
    seen: Arc<Mutex<Seen>>,
) {
    while let Some((kind, flags, stream, payload)) = read(&mut reader).await {
        let answer = match kind {
            PING if flags & ACK == 0 => Some(frame(PING, ACK, 0, &payload)),
            SETTINGS if flags & ACK == 0 => Some(frame(SETTINGS, ACK, 0, &[])),
            _ => None,
        };
        note(&mut lock(&seen), kind, flags, stream, &payload);
        if let Some(answer) = answer
            && writer.lock().await.write_all(&answer).await.is_err()
        {
            break;
        }
    }
    lock(&seen).is_closed = true;
}

async fn read(reader: &mut OwnedReadHalf) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    reader.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, rest @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    reader.read_exact(&mut payload).await.ok()?;
    Some((kind, flags, u32::from_be_bytes(rest) & !(1 << 31), payload))
}

fn note(seen: &mut Seen, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_be_bytes);
    match kind {
        SETTINGS if flags & ACK == 0 => {
            for setting in payload.chunks_exact(6) {
                if setting[..2] == INITIAL_WINDOW.to_be_bytes() {
                    let initial = i64::from(number(&setting[2..]));
                    let more = initial - seen.initial;
                    seen.open.values_mut().for_each(|window| *window += more);
                    seen.initial = initial;
                }
            }
        }
        WINDOW_UPDATE if stream == 0 => seen.window += i64::from(number(payload)),
        WINDOW_UPDATE => {
            if let Some(window) = seen.open.get_mut(&stream) {
                *window += i64::from(number(payload));
            }
        }
        DATA => seen.data += payload.len(),
        _ => {}
    }
    let is_end = kind == RST_STREAM || [DATA, HEADERS].contains(&kind) && flags & END_STREAM != 0;
    if is_end && seen.open.remove(&stream).is_some() {
        seen.ended += 1;
    }
}
