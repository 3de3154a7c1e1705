//! A mail server that follows a script and keeps what it took.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use cvmd::clock::{Clock, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::certificates::acceptor;
pub use super::certificates::{Certificate, authority};

/// A plain or an encrypted stream.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Where in a transaction something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before the greeting.
    Greeting,
    /// STARTTLS.
    StartTls,
    /// EHLO, where no STARTTLS follows it.
    Hello,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The dot that ends the text.
    Dot,
}

/// What happens there, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Answers this line instead of `250`.
    Say(String),
    /// Answers this line, then closes.
    SayAndClose(String),
    /// Answers this line, then bytes that are no TLS and no SMTP either.
    SayAndBabble(String),
    /// Answers as usual, but a byte each so many milliseconds.
    Drip(u64),
    /// Answers as usual, but only after so many milliseconds.
    Late(u64),
    /// Never answers.
    Hang,
    /// Closes without an answer. At the dot the message was taken.
    Cut,
    /// At the dot: closes without an answer and forgets the message.
    Forget,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: String,
    /// As they came, dots unstuffed, with the last line's CR LF.
    pub bytes: Vec<u8>,
    /// Which connection it came over, from 0.
    pub connection: usize,
    /// When it came, by the machine's clock.
    pub at: cvmd::model::Instant,
}

impl Mail {
    /// A header's value with folding undone.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes).replace("\r\n ", " ").replace("\r\n\t", " ");
        let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// A fault and what it hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub at: At,
    pub act: Act,
    /// The recipient of the message in flight; empty before one was named.
    pub to: String,
    pub connection: usize,
}

#[derive(Default)]
struct Inner {
    script: VecDeque<(At, Act)>,
    hits: Vec<Hit>,
    /// By the recipient's domain: what always happens to its messages.
    towards: BTreeMap<String, (At, Act)>,
    /// By the recipient's domain: how many of its messages were in a transaction at once.
    busy: BTreeMap<String, (usize, usize)>,
    open: usize,
    taken: Vec<Mail>,
    connections: usize,
    /// Said to every message at this place, when the script has nothing.
    always: Option<(At, Act)>,
    /// Who may send: user and password; none: anybody.
    login: Option<(String, String)>,
}

/// How the server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    /// From the first byte.
    Tls,
    /// After STARTTLS.
    StartTls,
    /// Does not offer STARTTLS.
    NoStartTls,
    /// Somebody on the way adds a plain reply behind the one to STARTTLS.
    Injected,
}

/// A server on a free port of 127.0.0.1; it ends with the runtime of its test.
#[derive(Clone)]
pub struct SmtpServer {
    inner: Arc<Mutex<Inner>>,
    pub address: SocketAddr,
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_with(Protection::None).await
    }

    pub async fn start_with(protection: Protection) -> Self {
        Self::start_as(protection, Certificate::Good).await
    }

    pub async fn start_as(protection: Protection, certificate: Certificate) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), protection, certificate)
    }

    /// On a port of one's choice, such as one that was dead so far.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::listen(TcpListener::bind(address).await.unwrap(), Protection::None, Certificate::Good)
    }

    fn listen(listener: TcpListener, protection: Protection, certificate: Certificate) -> Self {
        let server = Self { inner: Arc::default(), address: listener.local_addr().unwrap() };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let number = accepting.count_connection();
                let server = accepting.clone();
                tokio::spawn(async move {
                    server.lock().open += 1;
                    server.welcome(stream, number, protection, certificate).await;
                    server.lock().open -= 1;
                });
            }
        });
        server
    }

    /// Adds something that happens the next time the place is reached.
    pub fn script(&self, at: At, act: Act) -> &Self {
        self.lock().script.push_back((at, act));
        self
    }

    /// What happens whenever the place is reached, until told otherwise.
    pub fn always(&self, always: Option<(At, Act)>) {
        self.lock().always = always;
    }

    /// What always happens to messages to a domain, until told otherwise.
    pub fn towards(&self, domain: &str, always: Option<(At, Act)>) {
        match always {
            Some(always) => drop(self.lock().towards.insert(domain.into(), always)),
            None => drop(self.lock().towards.remove(domain)),
        }
    }

    /// The faults so far, and what they hit.
    pub fn hits(&self) -> Vec<Hit> {
        self.lock().hits.clone()
    }

    /// Fails where a scripted fault hit nothing.
    pub fn assert_all_hit(&self) {
        let left = self.lock().script.clone();
        assert!(left.is_empty(), "these faults hit no message: {left:?}");
    }

    /// To how many recipients of a domain messages were in a transaction at once, at most.
    pub fn most_at_once(&self, domain: &str) -> usize {
        self.lock().busy.get(domain).map_or(0, |(_, most)| *most)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    /// From now on takes mail only from whoever signs in.
    pub fn demand_login(&self, user: &str, password: &str) {
        self.lock().login = Some((user.into(), password.into()));
    }

    pub fn taken(&self) -> Vec<Mail> {
        self.lock().taken.clone()
    }

    /// How many mails were taken.
    pub fn count(&self) -> usize {
        self.lock().taken.len()
    }

    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn count_connection(&self) -> usize {
        let mut inner = self.lock();
        inner.connections += 1;
        inner.connections - 1
    }

    fn act(&self, at: At, to: &str, connection: usize) -> Option<Act> {
        let mut inner = self.lock();
        let towards = inner.towards.get(domain_of(to)).filter(|(place, _)| *place == at).cloned();
        let act = if inner.script.front().is_some_and(|(place, _)| *place == at) {
            inner.script.pop_front().map(|(_, act)| act)
        } else {
            towards.or_else(|| inner.always.clone().filter(|(place, _)| *place == at)).map(|(_, act)| act)
        };
        if let Some(act) = &act {
            inner.hits.push(Hit { at, act: act.clone(), to: to.into(), connection });
        }
        act
    }

    /// Answers; whether the connection goes on.
    async fn answer<S: Stream>(
        &self,
        stream: &mut BufReader<S>,
        (at, to, connection): (At, &str, usize),
        usual: &str,
    ) -> Option<bool> {
        let act = self.act(at, to, connection);
        perform(stream, act, usual).await
    }

    async fn welcome(
        &self,
        stream: TcpStream,
        number: usize,
        protection: Protection,
        certificate: Certificate,
    ) -> Option<()> {
        let acceptor = acceptor(certificate);
        let after_220 = match protection {
            Protection::None => return self.serve(stream, number, true).await,
            Protection::Tls => return self.serve(acceptor.accept(stream).await.ok()?, number, true).await,
            Protection::NoStartTls | Protection::StartTls => "",
            Protection::Injected => "250 never mind\r\n",
        };
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test\r\n").await.ok()?;
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let offer: &[u8] = if protection == Protection::NoStartTls {
            b"250 test\r\n"
        } else {
            b"250-test\r\n250 STARTTLS\r\n"
        };
        stream.write_all(offer).await.ok()?;
        stream.read_line(&mut line).await.ok().filter(|_| line.ends_with("STARTTLS\r\n"))?;
        let act = self.act(At::StartTls, "", number);
        if matches!(act, Some(Act::SayAndBabble(_))) {
            perform(&mut stream, act, "").await;
            return None;
        }
        perform(
            &mut stream,
            act,
            &format!("220 go on{}{}", if after_220.is_empty() { "" } else { "\r\n" }, after_220.trim_end()),
        )
        .await
        .filter(|good| *good)?;
        let stream = acceptor.accept(stream.into_inner()).await.ok()?;
        self.serve(stream, number, false).await
    }

    async fn serve<S: Stream>(&self, stream: S, number: usize, greets: bool) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), String::new());
        let login = self.lock().login.clone();
        let mut is_known = login.is_none();
        if greets {
            self.answer(&mut stream, (At::Greeting, "", number), "220 test").await?;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let auth = if login.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
                    let offers = format!("250-test\r\n{auth}250 8BITMIME");
                    self.answer(&mut stream, (At::Hello, "", number), &offers).await?;
                }
                "AUTH" => {
                    is_known =
                        login.as_ref().is_some_and(|login| line == format!("AUTH PLAIN {}", plain(login)));
                    let reply: &[u8] = if is_known { b"235 2.7.0 ok\r\n" } else { b"535 5.7.8 no\r\n" };
                    stream.write_all(reply).await.ok()?;
                }
                "MAIL" if !is_known => stream.write_all(b"530 5.7.0 sign in first\r\n").await.ok()?,
                "MAIL" => {
                    from = between(&line);
                    self.answer(&mut stream, (At::Mail, "", number), "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    to = between(&line);
                    let _busy = Busy::with(self, &to);
                    self.answer(&mut stream, (At::Rcpt, &to, number), "250 2.1.5 ok").await?;
                }
                "DATA" => {
                    let _busy = Busy::with(self, &to);
                    if self.answer(&mut stream, (At::Data, &to, number), "354 go on").await? {
                        let bytes = read_text(&mut stream).await?;
                        let at = SystemClock.now();
                        let mail = Mail { from: from.clone(), to: to.clone(), bytes, connection: number, at };
                        self.end(&mut stream, mail).await?;
                    }
                }
                "RSET" | "NOOP" => stream.write_all(b"250 ok\r\n").await.ok()?,
                "QUIT" => return stream.write_all(b"221 bye\r\n").await.ok(),
                _ => stream.write_all(b"500 what?\r\n").await.ok()?,
            }
        }
    }

    /// Takes the message unless the script refuses or forgets it.
    async fn end<S: Stream>(&self, stream: &mut BufReader<S>, mail: Mail) -> Option<()> {
        let act = self.act(At::Dot, &mail.to, mail.connection);
        let is_taken = match &act {
            None | Some(Act::Cut | Act::Hang | Act::Drip(_) | Act::Late(_)) => true,
            Some(Act::Say(line) | Act::SayAndClose(line) | Act::SayAndBabble(line)) => line.starts_with('2'),
            Some(Act::Forget) => false,
        };
        let reply = format!("250 2.0.0 queued as {}", self.lock().taken.len());
        if is_taken {
            self.lock().taken.push(mail);
        }
        perform(stream, act, &reply).await.map(|_| ())
    }
}

/// While a message to a domain is in the server's hands.
struct Busy<'a>(&'a SmtpServer, String);

impl<'a> Busy<'a> {
    fn with(server: &'a SmtpServer, to: &str) -> Self {
        let domain = domain_of(to).to_owned();
        let mut inner = server.lock();
        let (now, most) = inner.busy.entry(domain.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        drop(inner);
        Self(server, domain)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some((now, _)) = self.0.lock().busy.get_mut(&self.1) {
            *now -= 1;
        }
    }
}

fn domain_of(to: &str) -> &str {
    to.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Does what the script says, else the usual. Whether that was the usual; none: the connection ends.
async fn perform<S: Stream>(stream: &mut BufReader<S>, act: Option<Act>, usual: &str) -> Option<bool> {
    let sleep = async |ms: u64| {
        crate::support::breathe(i64::try_from(ms).unwrap()).await;
    };
    let (line, goes_on, good) = match act {
        None => (usual.to_owned(), true, true),
        Some(Act::Say(line)) => (line, true, false),
        Some(Act::SayAndClose(line)) => (line, false, false),
        Some(Act::SayAndBabble(line)) => (format!("{line}\r\n\u{1}\u{2}\u{3} what is this"), false, false),
        Some(Act::Late(ms)) => {
            sleep(ms).await;
            (usual.to_owned(), true, true)
        }
        Some(Act::Drip(ms)) => {
            for byte in format!("{usual}\r\n").into_bytes() {
                stream.write_all(&[byte]).await.ok()?;
                sleep(ms).await;
            }
            return Some(true);
        }
        Some(Act::Hang) => {
            // Until the other side has gone.
            let mut rest = String::new();
            while stream.read_line(&mut rest).await.ok()? > 0 {}
            return None;
        }
        Some(Act::Cut | Act::Forget) => return None,
    };
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    goes_on.then_some(good)
}

/// What a client that signs in as this says (RFC 4616).
fn plain((user, password): &(String, String)) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{password}"))
}

fn between(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split_once('>').unwrap_or_default().0.to_owned()
}

async fn read_text<S: Stream>(stream: &mut BufReader<S>) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let start = text.len();
        if stream.read_until(b'\n', &mut text).await.ok()? == 0 {
            return None;
        }
        if &text[start..] == b".\r\n" {
            text.truncate(start);
            return Some(text);
        }
        if text[start] == b'.' {
            text.remove(start);
        }
    }
}

/// A port on which nobody listens.
pub async fn dead_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}
