//! A stream on which no reply is longer than a reply can be: a server that talks without an end must cost
//! neither memory nor time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest that is read between two things that we say, in bytes; a line of a reply has 512 at most
/// (RFC 5321, 4.5.3.1.5), and the longest replies have some dozens.
const LONGEST_REPLY: usize = 16 * 1024;

/// A stream, and how much was read since we last said something.
#[derive(Debug)]
pub(super) struct Bounded {
    stream: Box<dyn AsyncTokioStream>,
    read: usize,
}

impl Bounded {
    pub(super) fn new(stream: Box<dyn AsyncTokioStream>) -> Self {
        Self { stream, read: 0 }
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.read += buf.filled().len() - before;
        if self.read > LONGEST_REPLY {
            return Poll::Ready(Err(io::Error::other("its reply has no end")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.read = 0;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Bounded {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
