//! Watches the bytes of a connection, so that clients that are slow on purpose, or gone, do not pile up.
//!
//! Three things end a connection: the head of a request that takes too long, no request for too long, and a client that
//! does not take what it is sent. What lies between the head and the answer is looked after by the request's own time
//! limit, and a WebSocket by its pings.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

use super::options::Patience;

/// What an answer begins with that turns the connection into a WebSocket.
const SWITCHING: &[u8] = b"HTTP/1.1 101";

/// Guards every connection of the acceptor within; more connections than there is room for are closed at once.
#[derive(Clone)]
pub(super) struct Guarded<A> {
    pub(super) inner: A,
    pub(super) patience: Patience,
    pub(super) room: Arc<Semaphore>,
}

impl<A, S> Accept<TcpStream, S> for Guarded<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
{
    type Stream = Guard<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let room = self.room.clone().try_acquire_owned();
        // Answers are small and complete: waiting for more to send would only delay them.
        let without_delay = stream.set_nodelay(true);
        let (patience, accepted) = (self.patience, self.inner.accept(stream, service));
        Box::pin(async move {
            let room =
                room.map_err(|_| io::Error::new(ErrorKind::ConnectionRefused, "too many connections"))?;
            without_delay?;
            let (stream, service) = accepted.await?;
            Ok((Guard::new(stream, patience, room), service))
        })
    }
}

/// What the connection is doing.
enum Phase {
    /// Waits for a request.
    Idle,
    /// The head of a request is coming; how many of the bytes that end it have been seen.
    Head { ending: u8 },
    /// A request is worked on, or its answer is on the way.
    Busy,
    /// It is a WebSocket now.
    Socket,
}

/// A stream with time limits.
pub(super) struct Guard<S> {
    stream: S,
    patience: Patience,
    phase: Phase,
    /// When the phase ends the connection, unless it moves on.
    deadline: Instant,
    /// Since when the client takes nothing.
    stuck: Option<Instant>,
    /// Wakes at the earliest deadline or before, and is then set anew.
    alarm: Pin<Box<Sleep>>,
    _room: OwnedSemaphorePermit,
}

impl<S> Guard<S> {
    fn new(stream: S, patience: Patience, room: OwnedSemaphorePermit) -> Self {
        // A connection is opened to say something, so the first head has no long time to come.
        let deadline = Instant::now() + patience.head;
        let alarm = Box::pin(sleep_until(deadline));
        Self { stream, patience, phase: Phase::Idle, deadline, stuck: None, alarm, _room: room }
    }

    /// Bytes have come.
    fn heard(&mut self, bytes: &[u8]) {
        let mut ending = match self.phase {
            Phase::Idle => {
                self.deadline = Instant::now() + self.patience.head;
                0
            }
            Phase::Head { ending } => ending,
            Phase::Busy | Phase::Socket => return,
        };
        for byte in bytes {
            ending = match (byte, ending) {
                (b'\n', 0) => 1,
                // An empty line: the head is complete.
                (b'\n', _) => {
                    self.phase = Phase::Busy;
                    return;
                }
                (b'\r', ending) => ending,
                _ => 0,
            };
        }
        self.phase = Phase::Head { ending };
    }

    /// Bytes of an answer go out.
    fn said(&mut self, bytes: &[u8], context: &mut Context<'_>) {
        match self.phase {
            Phase::Socket => {}
            _ if bytes.starts_with(SWITCHING) => self.phase = Phase::Socket,
            _ => {
                self.phase = Phase::Idle;
                self.deadline = Instant::now() + self.patience.idle;
                // Nobody may ask to read again before something comes, so it is from here that the task is woken.
                let _ = self.is_past(self.deadline, context);
            }
        }
    }

    /// Whether the time of this phase is over.
    fn reading_is_over(&mut self, context: &mut Context<'_>) -> bool {
        match self.phase {
            Phase::Idle | Phase::Head { .. } => self.is_past(self.deadline, context),
            Phase::Busy | Phase::Socket => false,
        }
    }

    /// Whether a moment has passed; if not, the task is woken then, or before.
    fn is_past(&mut self, deadline: Instant, context: &mut Context<'_>) -> bool {
        if self.alarm.deadline() > deadline {
            self.alarm.as_mut().reset(deadline);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            self.alarm.as_mut().reset(deadline);
        }
        false
    }

    /// What writing gives, or an error where the client has taken nothing for too long.
    fn written<T>(&mut self, poll: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stuck = None;
            return poll;
        }
        let since = *self.stuck.get_or_insert_with(Instant::now);
        if self.is_past(since + self.patience.write, context) {
            return Poll::Ready(Err(late("the client takes nothing")));
        }
        Poll::Pending
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(Ok(())) => {
                self.heard(&buffer.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.reading_is_over(context) => {
                Poll::Ready(Err(late("no whole request has come")))
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(_)) = poll {
            self.said(bytes, context);
        }
        self.written(poll, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(_)) = poll {
            let first = slices.iter().find(|slice| !slice.is_empty());
            self.said(first.map_or(&[], |slice| slice), context);
        }
        self.written(poll, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.written(poll, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.written(poll, context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn guarded() -> (Guard<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(256);
        let patience = Patience {
            head: Duration::from_millis(40),
            idle: Duration::from_millis(80),
            write: Duration::from_millis(40),
            ..Patience::default()
        };
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        (Guard::new(near, patience, room), far)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (mut guard, _far) = guarded();
        let error = guard.write_all(&[b'x'; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_head_may_come_in_parts_but_not_for_ever() {
        let (mut guard, mut far) = guarded();
        far.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let mut buffer = [0; 100];
        assert_eq!(guard.read(&mut buffer).await.unwrap(), 16);
        far.write_all(b"host: x\r\n").await.unwrap();
        assert_eq!(guard.read(&mut buffer).await.unwrap(), 9);
        let error = guard.read(&mut buffer).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn neither_a_request_that_is_worked_on_nor_a_websocket_is_hurried() {
        let (mut guard, mut far) = guarded();
        let mut buffer = [0; 100];
        for answer in [None, Some(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")] {
            far.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            assert!(guard.read(&mut buffer).await.unwrap() > 0);
            if let Some(answer) = answer {
                guard.write_all(answer).await.unwrap();
            }
            let waited = tokio::time::timeout(Duration::from_millis(200), guard.read(&mut buffer)).await;
            assert!(waited.is_err(), "{waited:?}");
        }
    }
}
