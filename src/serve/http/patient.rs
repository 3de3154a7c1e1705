//! A stream to a client who takes the answer, or is given up: who asks and never reads would hold a
//! connection for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock::Clock;
use crate::model::Duration;

/// How long a client may take none of the answer.
const PATIENCE: Duration = Duration::seconds(30);

/// A stream whose writes fail when nothing goes out for long.
pub(super) struct Patient<S> {
    stream: S,
    clock: Arc<dyn Clock>,
    /// Runs while a write waits.
    waits: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<S> Patient<S> {
    pub(super) const fn new(stream: S, clock: Arc<dyn Clock>) -> Self {
        Self { stream, clock, waits: None }
    }

    /// Passes on what came of a write, or gives up.
    fn judge<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let clock = Arc::clone(&self.clock);
        let waits = self.waits.get_or_insert_with(|| Box::pin(async move { clock.sleep(PATIENCE).await }));
        match waits.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::clock::VirtualClock;
    use crate::model::Instant;

    #[tokio::test]
    async fn who_takes_nothing_is_given_up_and_who_takes_slowly_is_not() {
        let clock = VirtualClock::at(Instant(0));
        let (near, mut far) = duplex(10);
        let mut stream = Patient::new(near, Arc::new(clock.clone()));
        let writing = tokio::spawn(async move { stream.write_all(&[b'x'; 25]).await });
        for _ in 0..2 {
            while clock.next_waking().is_none() {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::seconds(29));
            let mut taken = [0; 5];
            far.read_exact(&mut taken).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(!writing.is_finished());
        while clock.next_waking().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::seconds(31));
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
