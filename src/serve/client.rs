//! A command's side of the admin listener.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    CALL_TIME_OUT, CHUNK_BYTES, CONTROL_PATH, Control, IMPORT_TIME_OUT, Import, Progress, RefusalKind, Reply,
    Request, Response, SPOOL_PATH,
};
use crate::config::{Address, Secret};

/// A daemon on the same machine accepts at once.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(5);
/// What the daemon needs to notice its own time-out first.
const MARGIN: Duration = Duration::from_secs(30);
/// For a chunk of a file.
const CHUNK_TIME_OUT: Duration = Duration::from_mins(1);

/// A daemon that answers somewhere.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    base: String,
    token: Option<Secret>,
    shown: String,
    sent: AtomicU64,
    to_send: AtomicU64,
}

/// The daemon at an address; `None` where there is none, so that the command may open the store
/// itself.
///
/// # Errors
/// When a daemon may be there but cannot be asked: no permission for its socket.
pub async fn connect(address: &Address, token: Option<Secret>) -> Result<Option<Remote>, String> {
    let refuse = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
        io::ErrorKind::PermissionDenied => Err(format!(
            "a daemon may answer on `{address}`, but this user may not ask it: join its group, or use `sudo -u cvmd`"
        )),
        _ => Err(format!("cannot ask the daemon on `{address}`: {error}")),
    };
    // It speaks plain HTTP: a machine that trusts no authority at all can be asked, too.
    let builder = Client::builder().connect_timeout(CONNECT_TIME_OUT).no_proxy().tls_certs_only([]);
    let (builder, base) = match address {
        Address::Unix(path) => {
            if let Err(error) = tokio::net::UnixStream::connect(path).await {
                return refuse(&error);
            }
            (builder.unix_socket(path.clone()), "http://cvmd".to_owned())
        }
        Address::Tcp(tcp) => {
            if let Err(error) = tokio::net::TcpStream::connect(tcp).await {
                return refuse(&error);
            }
            (builder, format!("http://{tcp}"))
        }
    };
    // Two installations are one too many: whoever was first is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = builder.build().map_err(|error| format!("cannot ask the daemon on `{address}`: {error}"))?;
    let (sent, to_send) = (AtomicU64::new(0), AtomicU64::new(0));
    Ok(Some(Remote { client, base, token, shown: address.to_string(), sent, to_send }))
}

impl Control for Remote {
    fn call(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            let answer = match request {
                Request::Import(import) => self.import(import).await,
                Request::StoreExport { file } => self.export(&file).await,
                Request::Progress {} => self.progress().await,
                other => self.ask(&other, CALL_TIME_OUT).await,
            };
            answer.unwrap_or_else(|text| Response::refused(RefusalKind::Failed, text))
        })
    }
}

impl Remote {
    /// Hands the files over, has them imported, and fetches what was rejected.
    async fn import(&self, mut import: Import) -> Result<Response, String> {
        let mut sizes = 0;
        for file in &import.files {
            sizes +=
                tokio::fs::metadata(&file.path).await.map_err(|error| unreadable(&file.path, &error))?.len();
        }
        self.sent.store(0, Ordering::Relaxed);
        self.to_send.store(sizes, Ordering::Relaxed);
        for file in &mut import.files {
            file.path = PathBuf::from(self.send_file(&file.path).await?);
        }
        let rejects = match import.rejects.take() {
            Some(path) => Some((self.create().await?, path)),
            None => None,
        };
        import.rejects = rejects.as_ref().map(|(token, _)| PathBuf::from(token));
        self.to_send.store(0, Ordering::Relaxed);
        let response = self.ask(&Request::Import(import), IMPORT_TIME_OUT).await?;
        if let Some((token, path)) = rejects {
            self.fetch_file(&token, &path).await?;
            self.bytes(self.client.delete(self.spool(&token))).await?;
        }
        Ok(response)
    }

    /// Has the store exported, and fetches the file.
    async fn export(&self, file: &Path) -> Result<Response, String> {
        let token = self.create().await?;
        let request = Request::StoreExport { file: PathBuf::from(&token) };
        let response = self.ask(&request, IMPORT_TIME_OUT).await?;
        if let Response::Transferred(_) = response {
            self.fetch_file(&token, file).await?;
        }
        self.bytes(self.client.delete(self.spool(&token))).await?;
        Ok(response)
    }

    /// While files are handed over, how far that is; then, how far the daemon is with them.
    async fn progress(&self) -> Result<Response, String> {
        let (done, total) = (self.sent.load(Ordering::Relaxed), self.to_send.load(Ordering::Relaxed));
        if total > 0 && done < total {
            return Ok(Response::Progress(Progress { done, total }));
        }
        self.ask(&Request::Progress {}, CALL_TIME_OUT).await
    }

    async fn ask(&self, request: &Request, limit: Duration) -> Result<Response, String> {
        let body =
            serde_json::to_vec(request).map_err(|error| format!("the request cannot be written: {error}"))?;
        let url = format!("{}{CONTROL_PATH}", self.base);
        let builder = self.client.post(url).header("content-type", "application/json").body(body);
        let response = self.authorized(builder).timeout(limit + MARGIN).send().await;
        let response = response.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.broken(&error))?;
        serde_json::from_slice(&bytes).map_err(|_| {
            let text = String::from_utf8_lossy(&bytes);
            let first = text.lines().next().unwrap_or_default().trim();
            if status.is_success() {
                format!("the daemon on `{}` answers in another version's words: use its `cvmd`", self.shown)
            } else {
                format!("the daemon on `{}` answers {status}: {first}", self.shown)
            }
        })
    }

    async fn create(&self) -> Result<String, String> {
        let bytes = self.bytes(self.client.post(format!("{}{SPOOL_PATH}", self.base))).await?;
        String::from_utf8(bytes).map_err(|_| format!("the daemon on `{}` gave no token", self.shown))
    }

    async fn send_file(&self, path: &Path) -> Result<String, String> {
        let token = self.create().await?;
        let mut file = tokio::fs::File::open(path).await.map_err(|error| unreadable(path, &error))?;
        let mut offset = 0;
        loop {
            let mut chunk = Vec::new();
            let part = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk).await;
            let length = part.map_err(|error| unreadable(path, &error))? as u64;
            if length == 0 {
                return Ok(token);
            }
            let url = format!("{}?offset={offset}", self.spool(&token));
            self.bytes(self.client.post(url).body(chunk)).await?;
            offset += length;
            self.sent.fetch_add(length, Ordering::Relaxed);
        }
    }

    async fn fetch_file(&self, token: &str, path: &Path) -> Result<(), String> {
        let refuse = |error: &io::Error| format!("`{}` cannot be written: {error}", path.display());
        let mut file = tokio::fs::File::create(path).await.map_err(|error| refuse(&error))?;
        let mut offset = 0;
        loop {
            let url = format!("{}?offset={offset}", self.spool(token));
            let chunk = self.bytes(self.client.get(url)).await?;
            if chunk.is_empty() {
                return file.flush().await.map_err(|error| refuse(&error));
            }
            file.write_all(&chunk).await.map_err(|error| refuse(&error))?;
            offset += chunk.len() as u64;
        }
    }

    async fn bytes(&self, builder: RequestBuilder) -> Result<Vec<u8>, String> {
        let response = self.authorized(builder).timeout(CHUNK_TIME_OUT).send().await;
        let response = response.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.broken(&error))?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        Err(format!(
            "the daemon on `{}` refuses a file: {}",
            self.shown,
            String::from_utf8_lossy(&bytes).trim()
        ))
    }

    fn spool(&self, token: &str) -> String {
        format!("{}{SPOOL_PATH}/{token}", self.base)
    }

    fn authorized(&self, builder: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => builder.bearer_auth(token.expose()),
            None => builder,
        }
    }

    fn broken(&self, error: &reqwest::Error) -> String {
        let what = if error.is_timeout() { "did not answer in time" } else { "broke off" };
        format!("the daemon on `{}` {what}: see its log", self.shown)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be read: {error}", path.display())
}
