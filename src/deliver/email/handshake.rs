//! From a server's name to a connection on which mail can be sent.
//!
//! We open the stream ourselves: lettre's own connect leaves Nagle's algorithm on, and each message
//! then waits for a delayed acknowledgement (22 messages a second instead of thousands). We agree on
//! encryption ourselves, too: the reply to STARTTLS must be the last plain byte, otherwise somebody
//! on the way could slip in replies that are later taken for the server's.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::bounded::Bounded;
use super::reply;
use super::server::{Server, TimeOuts};
use crate::config::Security;

/// The longest plain reply that is read before encryption, in bytes.
const LONGEST_REPLY: usize = 8_192;

/// Opens a connection, encrypted and signed in as the server's address asks.
///
/// # Errors
/// What went wrong, in words that name the server and the phase.
pub(super) async fn connect(server: &Server) -> Result<AsyncSmtpConnection, String> {
    let TimeOuts { connect, command, .. } = server.time_outs;
    let place = format!("the mail server {}:{}", server.at.host, server.at.port);
    let tcp =
        within(connect, open(server)).await.map_err(|why| format!("{place} cannot be reached: {why}"))?;
    let stream: Box<dyn AsyncTokioStream> = match server.at.security {
        Security::Plain => Box::new(tcp),
        Security::Tls => Box::new(
            within(connect, encrypt(server, tcp, b""))
                .await
                .map_err(|why| format!("{place} and TLS: {why}"))?,
        ),
        Security::StartTls => {
            let tcp = within(command, ask_for_tls(server, tcp))
                .await
                .map_err(|why| format!("{place} and STARTTLS: {why}"))?;
            // lettre waits for a greeting, which was said before encryption began.
            let encrypted = within(connect, encrypt(server, tcp, b"220 encrypted\r\n"));
            Box::new(encrypted.await.map_err(|why| format!("{place} and TLS: {why}"))?)
        }
    };
    let greeting = async {
        let stream = Box::new(Bounded::new(stream));
        let connected = AsyncSmtpConnection::connect_with_transport(stream, &server.hello);
        connected.await.map_err(|error| reply::describe(&error, ""))
    };
    let mut connection =
        within(command, greeting).await.map_err(|why| format!("{place} does not greet us: {why}"))?;
    if let Some(credentials) = &server.credentials {
        let signed_in = async {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, credentials).await.map_err(|error| reply::describe(&error, ""))
        };
        let advice = "look at `user` and `password` in `[email]`";
        within(command, signed_in)
            .await
            .map_err(|why| format!("{place} does not let us in: {why}; {advice}"))?;
    }
    Ok(connection)
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", limit.as_secs_f32())),
    }
}

fn said(error: &io::Error) -> String {
    error.to_string().to_lowercase()
}

async fn open(server: &Server) -> Result<TcpStream, String> {
    let stream =
        TcpStream::connect((server.at.host.as_str(), server.at.port)).await.map_err(|error| said(&error))?;
    stream.set_nodelay(true).map_err(|error| said(&error))?;
    Ok(stream)
}

async fn encrypt(server: &Server, tcp: TcpStream, greeting: &'static [u8]) -> Result<Encrypted, String> {
    let name = ServerName::try_from(server.at.host.clone())
        .map_err(|_| "the name is none that a certificate could hold".to_owned())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::clone(&server.tls));
    let stream = connector.connect(name, tcp).await.map_err(|error| tls_trouble(&error, server))?;
    Ok(Encrypted { stream, greeting })
}

/// Why there is no encryption, and what to look at. Nothing is ever said in plain text instead.
fn tls_trouble(error: &io::Error, server: &Server) -> String {
    let host = &server.at.host;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(bad)) => certificate_trouble(bad, host),
        Some(rustls::Error::InvalidMessage(_)) => {
            "what it answers is no TLS: a server that begins in plain text needs `starttls://`".into()
        }
        Some(other) => other.to_string().to_lowercase(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection before it was encrypted".into()
        }
        None => said(error),
    }
}

fn certificate_trouble(bad: &CertificateError, host: &str) -> String {
    let unknown = || {
        "nobody whom we trust signed its certificate; for a server of your own name the file of its \
         authority, `ca_file = \"…\"`"
            .to_owned()
    };
    match bad {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired: renew it there, or look at the clock here".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: look at the clock here".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is not for `{host}`: write the name in `url` that it is for")
        }
        CertificateError::UnknownIssuer => unknown(),
        // A certificate that signed itself.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => unknown(),
        CertificateError::Revoked => "its certificate was revoked: renew it there".into(),
        other => format!("its certificate is bad: {}", other.to_string().to_lowercase()),
    }
}

/// Greeting, EHLO and STARTTLS on the plain stream (RFC 3207).
async fn ask_for_tls(server: &Server, mut tcp: TcpStream) -> Result<TcpStream, String> {
    expect(&mut tcp, "220").await?;
    say(&mut tcp, &format!("EHLO {}\r\n", server.hello)).await?;
    let offers = expect(&mut tcp, "250").await?;
    let offered = offers
        .lines()
        .any(|line| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS")));
    if !offered {
        return Err("the server does not offer it, or somebody on the way took the offer out; nothing is sent in clear. Over \
             a network that you trust write `smtp://`".into());
    }
    say(&mut tcp, "STARTTLS\r\n").await?;
    expect(&mut tcp, "220").await?;
    Ok(tcp)
}

async fn say(tcp: &mut TcpStream, line: &str) -> Result<(), String> {
    tcp.write_all(line.as_bytes()).await.map_err(|error| said(&error))
}

/// Reads one whole reply, byte by byte so that nothing beyond it is taken off the stream.
async fn expect(tcp: &mut TcpStream, code: &str) -> Result<String, String> {
    let mut text = Vec::new();
    loop {
        let start = text.len();
        loop {
            let byte = tcp.read_u8().await.map_err(|error| said(&error))?;
            text.push(byte);
            if text.len() > LONGEST_REPLY {
                return Err("its reply is too long".into());
            }
            if byte == b'\n' {
                break;
            }
        }
        if text.get(start + 3) != Some(&b'-') {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    if text.starts_with(code) {
        Ok(text)
    } else {
        Err(format!("it says `{}`", crate::deliver::scrub(&text, "")))
    }
}

/// An encrypted stream that first plays back a greeting.
#[derive(Debug)]
struct Encrypted {
    stream: TlsStream<TcpStream>,
    greeting: &'static [u8],
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(buf.remaining()));
        buf.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}
