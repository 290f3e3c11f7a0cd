//! Where the server listens: `unix:///path` or `tcp://address:port`, written as CometBFT's `proxy_app` takes it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

/// Longest path that a unix socket can have on Linux (`sun_path` without its zero).
const UNIX_PATH_BYTES: usize = 107;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket in a folder.
    Unix(PathBuf),
    /// A port.
    Tcp(SocketAddr),
}

/// Why an address cannot be read or listened on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what it is")]
pub enum AddressError {
    #[error("`{0}` is not a listen address: give unix:///path/to/socket or tcp://127.0.0.1:26658")]
    Unknown(String),
    #[error("the socket path {path} has {bytes} bytes, the system allows {UNIX_PATH_BYTES}: choose a shorter folder", path = path.display())]
    TooLong { path: PathBuf, bytes: usize },
    #[error("{0} is taken: another process listens there")]
    Taken(Address),
    #[error("{path} exists and is not a socket: move it away", path = .0.display())]
    NotASocket(PathBuf),
    #[error("cannot listen on {address}: {source}")]
    Io { address: Address, source: io::Error },
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(out, "unix://{}", path.display()),
            Self::Tcp(address) => write!(out, "tcp://{address}"),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let unknown = || AddressError::Unknown(text.to_owned());
        if let Some(path) = text.strip_prefix("unix://").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let address = text.strip_prefix("tcp://").ok_or_else(unknown)?;
        address.parse().map(Self::Tcp).map_err(|_| unknown())
    }
}

pub(super) type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

/// A bound listener. A unix socket's file goes when this is dropped.
pub(super) struct Listener {
    socket: Socket,
    pub(super) address: Address,
}

enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Binds. A socket file that nobody answers on is a leftover and is replaced; the new one is for this user only.
    pub(super) async fn bind(address: &Address) -> Result<Self, AddressError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => AddressError::Taken(address.clone()),
            _ => AddressError::Io {
                address: address.clone(),
                source,
            },
        };
        match address {
            Address::Unix(path) => {
                clear(path)?;
                let socket = UnixListener::bind(path).map_err(failed)?;
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
                    .map_err(failed)?;
                Ok(Self {
                    socket: Socket::Unix(socket),
                    address: address.clone(),
                })
            }
            Address::Tcp(wanted) => {
                let socket = TcpListener::bind(wanted).await.map_err(failed)?;
                let bound = socket.local_addr().map_err(failed)?;
                if !bound.ip().is_loopback() {
                    tracing::warn!(%bound, "ABCI has no authentication: whoever reaches this address drives the node");
                }
                Ok(Self {
                    socket: Socket::Tcp(socket),
                    address: Address::Tcp(bound),
                })
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(ReadHalf, WriteHalf)> {
        match &self.socket {
            Socket::Unix(listener) => {
                let (reader, writer) = listener.accept().await?.0.into_split();
                Ok((Box::new(reader), Box::new(writer)))
            }
            Socket::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                let (reader, writer) = stream.into_split();
                Ok((Box::new(reader), Box::new(writer)))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            // Best effort: a leftover is replaced at the next start.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes way for a socket at `path`.
fn clear(path: &Path) -> Result<(), AddressError> {
    let bytes = path.as_os_str().len();
    if bytes > UNIX_PATH_BYTES {
        return Err(AddressError::TooLong {
            path: path.to_owned(),
            bytes,
        });
    }
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(AddressError::NotASocket(path.to_owned()));
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(AddressError::Taken(Address::Unix(path.to_owned())));
    }
    std::fs::remove_file(path).map_err(|source| AddressError::Io {
        address: Address::Unix(path.to_owned()),
        source,
    })
}
