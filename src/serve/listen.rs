//! Binding the admin listener: a Unix socket, or TCP behind a token.

use std::fmt;
use std::fs;
use std::future::Future;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::routes::router;
use super::token::Token;
use super::{Control, Spool};
use crate::config::{Address, Secret};

/// What a socket's path may be long, in bytes: the kernel's limit without the final zero.
pub const MAX_SOCKET_PATH: usize = 107;

/// Why nothing can listen there; says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError(pub String);

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BindError {}

enum Socket {
    Unix(UnixListener, PathBuf),
    Tcp(TcpListener, Box<Token>),
}

/// A bound listener. Dropping it removes its socket.
pub struct Listener {
    socket: Option<Socket>,
    path: Option<PathBuf>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds the address. A socket file that nobody answers on is replaced; the new one is open to
    /// its owner and group only. TCP needs the token. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When another daemon answers there, or the address cannot be bound.
    pub async fn bind(address: &Address, token: Option<&Secret>) -> Result<Self, BindError> {
        let socket = match (address, token) {
            (Address::Unix(path), _) => Socket::Unix(bind_unix(path).await?, path.clone()),
            (Address::Tcp(address), Some(token)) => {
                let bound = TcpListener::bind(address).await;
                let refuse = |error| BindError(format!("cannot listen on `{address}`: {error}"));
                Socket::Tcp(bound.map_err(refuse)?, Box::new(Token::new(token)))
            }
            (Address::Tcp(address), None) => {
                return Err(BindError(format!(
                    "the admin listener on `{address}` needs a token: write `admin_token` under [secrets]"
                )));
            }
        };
        let path = match &socket {
            Socket::Unix(_, path) => Some(path.clone()),
            Socket::Tcp(..) => None,
        };
        Ok(Self { socket: Some(socket), path })
    }

    /// The address that TCP was bound to, its port found where 0 was asked for.
    #[must_use]
    pub fn tcp_address(&self) -> Option<std::net::SocketAddr> {
        match self.socket.as_ref()? {
            Socket::Tcp(listener, _) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }

    /// Answers requests until `stop` is ready, and then those that are under way. `description` is the
    /// document that `/openapi.json` shows.
    pub async fn serve(
        mut self,
        control: Arc<dyn Control>,
        spool: Spool,
        description: Arc<str>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) {
        // Neither of them ends with an error; axum logs failed accepts and goes on.
        let _ = match self.socket.take() {
            Some(Socket::Unix(listener, _)) => {
                axum::serve(listener, router(control, spool, None, description))
                    .with_graceful_shutdown(stop)
                    .await
            }
            Some(Socket::Tcp(listener, token)) => {
                axum::serve(listener, router(control, spool, Some(*token), description))
                    .with_graceful_shutdown(stop)
                    .await
            }
            None => Ok(()),
        };
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Already gone: then it is as it should be.
            let _ = fs::remove_file(path);
        }
    }
}

async fn bind_unix(path: &Path) -> Result<UnixListener, BindError> {
    let shown = path.display();
    let length = path.as_os_str().len();
    if length > MAX_SOCKET_PATH - 4 {
        return Err(BindError(format!(
            "the socket's path `{shown}` is {length} bytes long, and the system allows {}: write a shorter one, \
             `admin = \"unix:/run/cvmd/cvmd.sock\"`",
            MAX_SOCKET_PATH - 4
        )));
    }
    make_way(path).await?;
    if let Some(folder) = path.parent() {
        let refuse = |error| BindError(format!("cannot make the folder of the socket `{shown}`: {error}"));
        fs::create_dir_all(folder).map_err(refuse)?;
    }
    // Bound under another name and renamed once its mode is right: at no time may others connect.
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let _ = fs::remove_file(&fresh);
    let bound = UnixListener::bind(&fresh).and_then(|listener| {
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o660))?;
        fs::rename(&fresh, path)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        let _ = fs::remove_file(&fresh);
        BindError(format!("cannot listen on `{shown}`: {error}"))
    })
}

/// Removes a socket that a killed daemon left behind; refuses where one answers.
async fn make_way(path: &Path) -> Result<(), BindError> {
    let shown = path.display();
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(BindError(format!(
            "`{shown}` is there and is no socket: move it away, or write another path"
        )));
    }
    match UnixStream::connect(path).await {
        Ok(_) => {
            Err(BindError(format!("another daemon answers on `{shown}`: stop it, or use another `data`")))
        }
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| {
                BindError(format!("cannot remove the socket `{shown}` that nobody answers on: {error}"))
            })
        }
        Err(error) => Err(BindError(format!("cannot tell who answers on `{shown}`: {error}"))),
    }
}
