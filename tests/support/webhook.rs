//! A webhook receiver that follows a script and checks signatures with the public library.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use cvmd::clock::{Clock, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// 24 bytes, for tests.
pub const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// How the next call is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With this status, these headers (`Retry-After: 5`) and this body.
    Status(u16, Vec<String>, String),
    /// Never.
    Hang,
    /// Like 200, but after so many milliseconds.
    Slow(i64),
    /// By closing the connection, the call taken.
    Cut,
    /// With this status and a body of ten gigabytes.
    Endless(u16),
}

impl Answer {
    pub fn status(code: u16) -> Self {
        Self::Status(code, vec![], String::new())
    }
}

/// A call that came in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether the signature is good for [`SECRET`] or what [`Receiver::trust`] named.
    pub verified: bool,
    /// When it came, by the machine's clock.
    pub at: cvmd::model::Instant,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id").unwrap_or_default()
    }
}

struct Inner {
    script: VecDeque<Answer>,
    always: Answer,
    calls: Vec<Call>,
    secret: String,
    open: usize,
    most_open: usize,
    /// Bytes of endless answers that were taken off us.
    written: u64,
}

/// A receiver on a free port of 127.0.0.1; it ends with the runtime of its test.
#[derive(Clone)]
pub struct Receiver {
    inner: Arc<Mutex<Inner>>,
    pub address: SocketAddr,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            script: VecDeque::new(),
            always: Answer::status(200),
            calls: vec![],
            secret: SECRET.into(),
            open: 0,
            most_open: 0,
            written: 0,
        };
        let receiver = Self { inner: Arc::new(Mutex::new(inner)), address: listener.local_addr().unwrap() };
        let accepting = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = accepting.clone();
                tokio::spawn(async move { receiver.serve(stream).await });
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Adds an answer for the next call.
    pub fn script(&self, answer: Answer) -> &Self {
        self.lock().script.push_back(answer);
        self
    }

    /// The answer when the script has nothing.
    pub fn always(&self, answer: Answer) {
        self.lock().always = answer;
    }

    /// Checks signatures by another secret from now on.
    pub fn trust(&self, secret: &str) {
        self.lock().secret = secret.into();
    }

    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many calls came.
    pub fn count(&self) -> usize {
        self.lock().calls.len()
    }

    /// The most calls that were ever under way at once.
    pub fn most_at_once(&self) -> usize {
        self.lock().most_open
    }

    /// How many bytes of endless answers were taken off us.
    pub fn written(&self) -> u64 {
        self.lock().written
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let (path, headers, body) = read_request(&mut stream).await?;
            let answer = self.take(path, headers, body);
            let whole = match answer {
                Answer::Status(code, headers, body) => response(code, &headers, &body),
                Answer::Hang => std::future::pending().await,
                Answer::Slow(wait) => {
                    super::breathe(wait).await;
                    response(200, &[], "")
                }
                Answer::Endless(code) => {
                    self.write_endless(&mut stream, code).await;
                    self.lock().open -= 1;
                    return None;
                }
                Answer::Cut => {
                    self.lock().open -= 1;
                    return None;
                }
            };
            self.lock().open -= 1;
            stream.write_all(whole.as_bytes()).await.ok()?;
        }
    }

    async fn write_endless(&self, stream: &mut BufReader<TcpStream>, code: u16) -> Option<()> {
        let head = format!("HTTP/1.1 {code} x\r\nContent-Length: 10737418240\r\n\r\n");
        stream.write_all(head.as_bytes()).await.ok()?;
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..10 << 10 {
            stream.write_all(&piece).await.ok()?;
            self.lock().written += 1 << 20;
        }
        Some(())
    }

    fn take(&self, path: String, headers: Vec<(String, String)>, body: String) -> Answer {
        let mut inner = self.lock();
        let verified = verify(&inner.secret, &headers, &body);
        inner.calls.push(Call { path, headers, body, verified, at: SystemClock.now() });
        inner.open += 1;
        inner.most_open = inner.most_open.max(inner.open);
        inner.script.pop_front().unwrap_or_else(|| inner.always.clone())
    }
}

fn verify(secret: &str, headers: &[(String, String)], body: &str) -> bool {
    let mut map = reqwest::header::HeaderMap::new();
    for (name, value) in headers {
        let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.insert(name, value.parse().unwrap());
    }
    standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), &map).is_ok()
}

fn response(code: u16, headers: &[String], body: &str) -> String {
    let headers = headers.iter().fold(String::new(), |all, header| all + header + "\r\n");
    format!("HTTP/1.1 {code} x\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<(String, String)>, String)> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((path, headers, String::from_utf8(body).ok()?))
}
