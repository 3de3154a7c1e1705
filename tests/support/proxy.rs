//! A proxy before a real mail server. It follows the dialogue, does as its script says where that names
//! the phase, and keeps what each fault hit.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::breathe;
use super::smtp::At;

/// What the proxy does instead of passing a command and its reply on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers 421 by itself and closes; the server never sees the command.
    Closing,
    /// Closes both sides; the server never sees the command.
    CutBefore,
    /// Closes both sides when the server has answered, before a byte of that goes on.
    CutAfter,
    /// Passes the server's answer on, one byte a second.
    Drip,
}

/// A fault, and what it hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub at: At,
    pub fault: Fault,
    /// The recipient of the message in flight; empty before one was named.
    pub to: String,
}

#[derive(Default)]
struct Inner {
    script: VecDeque<(At, Fault)>,
    hits: Vec<Hit>,
}

/// A proxy on a free port of 127.0.0.1; it ends with the runtime of its test.
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Mutex<Inner>>,
    pub address: SocketAddr,
}

impl Proxy {
    /// Before the server at that address, with what is to happen, in this order.
    pub async fn start(server: SocketAddr, script: &[(At, Fault)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner { script: script.iter().copied().collect(), hits: vec![] };
        let proxy = Self { inner: Arc::new(Mutex::new(inner)), address: listener.local_addr().unwrap() };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = accepting.clone();
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.ok()?;
                    proxy.follow(BufReader::new(client), BufReader::new(server)).await
                });
            }
        });
        proxy
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.inner.lock().unwrap().hits.clone()
    }

    fn fault(&self, at: At, to: &str) -> Option<Fault> {
        let mut inner = self.inner.lock().unwrap();
        inner.script.front().filter(|(place, _)| *place == at)?;
        let (_, fault) = inner.script.pop_front()?;
        inner.hits.push(Hit { at, fault, to: to.into() });
        Some(fault)
    }

    async fn follow(&self, mut client: BufReader<TcpStream>, mut server: BufReader<TcpStream>) -> Option<()> {
        let mut to = String::new();
        let fault = self.fault(At::Greeting, "");
        pass(&mut client, &mut server, fault, None).await?;
        loop {
            let line = read_line(&mut client).await?;
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let at = match verb.as_str() {
                "EHLO" => Some(At::Hello),
                "MAIL" => Some(At::Mail),
                "RCPT" => Some(At::Rcpt),
                "DATA" => Some(At::Data),
                _ => None,
            };
            if at == Some(At::Rcpt) {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            }
            let fault = at.and_then(|at| self.fault(at, &to));
            let reply = pass(&mut client, &mut server, fault, Some(&line)).await?;
            if at == Some(At::Data) && reply.starts_with("354") {
                let mut last = read_line(&mut client).await?;
                while last != ".\r\n" {
                    server.write_all(last.as_bytes()).await.ok()?;
                    last = read_line(&mut client).await?;
                }
                let fault = self.fault(At::Dot, &to);
                pass(&mut client, &mut server, fault, Some(&last)).await?;
                to.clear();
            }
        }
    }
}

/// Passes a command on and its reply back, but for the fault. The reply; none where the connection ends.
async fn pass(
    client: &mut BufReader<TcpStream>,
    server: &mut BufReader<TcpStream>,
    fault: Option<Fault>,
    command: Option<&str>,
) -> Option<String> {
    match fault {
        Some(Fault::Closing) => {
            client.write_all(b"421 4.3.2 shutting down\r\n").await.ok()?;
            return None;
        }
        Some(Fault::CutBefore) => return None,
        Some(Fault::CutAfter | Fault::Drip) | None => {}
    }
    if let Some(command) = command {
        server.write_all(command.as_bytes()).await.ok()?;
    }
    let mut reply = String::new();
    loop {
        let line = read_line(server).await?;
        reply.push_str(&line);
        if line.as_bytes().get(3) != Some(&b'-') {
            break;
        }
    }
    match fault {
        Some(Fault::CutAfter) => return None,
        Some(Fault::Drip) => {
            for byte in reply.as_bytes() {
                client.write_all(&[*byte]).await.ok()?;
                breathe(1_000).await;
            }
        }
        Some(Fault::Closing | Fault::CutBefore) | None => client.write_all(reply.as_bytes()).await.ok()?,
    }
    Some(reply)
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    (stream.read_until(b'\n', &mut line).await.ok()? > 0).then_some(())?;
    Some(String::from_utf8_lossy(&line).into_owned())
}
