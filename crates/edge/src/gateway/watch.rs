//! What a client connection is doing and since when, so that one sweep can end the ones that hang.
//!
//! A timer per connection would be set and cleared several times per request. Here a request only
//! writes down a coarse time; a sweep over all connections, a few times per second, looks for what is
//! overdue.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::config::GatewayConfig;

/// Stands for "not blocked" where a time is expected.
const NEVER: u64 = u64::MAX;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests.
    Idle = 0,
    /// A request's head is coming in.
    Head = 1,
    /// The request is with the Worker, whose response has not begun.
    Waiting = 2,
    /// The response is on its way, or a WebSocket is open.
    Answering = 3,
}

/// One client connection under watch.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Arc<CoarseClock>,
    phase: AtomicU8,
    since_ms: AtomicU64,
    write_blocked_since_ms: AtomicU64,
    timed_out: AtomicBool,
    closing: AtomicBool,
    draining: AtomicBool,
    has_begun: AtomicBool,
    waker: AtomicWaker,
}

impl Watch {
    fn new(clock: Arc<CoarseClock>) -> Self {
        let now_ms = clock.now_ms();
        Self {
            clock,
            phase: AtomicU8::new(Phase::Idle as u8),
            since_ms: AtomicU64::new(now_ms),
            write_blocked_since_ms: AtomicU64::new(NEVER),
            timed_out: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            has_begun: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// A request's head is complete.
    pub(super) fn request_began(&self) {
        self.timed_out.store(false, Ordering::Relaxed);
        self.has_begun.store(true, Ordering::Relaxed);
        self.enter(Phase::Waiting);
    }

    /// The response's head is there.
    pub(super) fn response_began(&self) {
        self.enter(Phase::Answering);
    }

    /// The response is over.
    pub(super) fn response_ended(&self) {
        self.enter(Phase::Idle);
    }

    /// Whether the response is overdue.
    pub(super) fn timed_out(&self) -> bool {
        self.timed_out.load(Ordering::Relaxed)
    }

    /// Whether the connection has to be dropped.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Whether the connection has to end after its present request.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether a request ever began on the connection.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Lets the sweep wake the task that polls with this context.
    pub(super) fn register(&self, context: &Context<'_>) {
        self.waker.register(context.waker());
    }

    /// Asks the connection to end after its present request.
    fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.waker.wake();
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.since_ms.store(self.clock.now_ms(), Ordering::Relaxed);
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    fn has_read(&self) {
        if self.is_in(Phase::Idle) {
            self.enter(Phase::Head);
        } else if self.is_in(Phase::Waiting) {
            // A part of the body: the Worker's time to answer starts anew.
            self.enter(Phase::Waiting);
        }
    }

    fn write_blocked(&self, blocked: bool) {
        let since = self.write_blocked_since_ms.load(Ordering::Relaxed);
        if blocked != (since != NEVER) {
            let since = if blocked { self.clock.now_ms() } else { NEVER };
            self.write_blocked_since_ms.store(since, Ordering::Relaxed);
        }
    }

    /// Ends what is overdue.
    fn check(&self, limits: &Limits) {
        let now_ms = self.clock.now_ms();
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        let lasts_ms = now_ms.saturating_sub(since_ms);
        let blocked_ms = now_ms.saturating_sub(self.write_blocked_since_ms.load(Ordering::Relaxed));
        let too_long = (self.is_in(Phase::Idle) && lasts_ms > limits.idle_ms)
            || (self.is_in(Phase::Head) && lasts_ms > limits.head_ms)
            || blocked_ms > limits.stall_ms;
        if too_long {
            self.closing.store(true, Ordering::Relaxed);
            self.waker.wake();
        } else if self.is_in(Phase::Waiting) && lasts_ms > limits.response_ms {
            self.timed_out.store(true, Ordering::Relaxed);
            self.waker.wake();
        }
    }
}

/// Milliseconds since a moment, as of the last sweep.
#[derive(Debug)]
struct CoarseClock {
    start: Instant,
    now_ms: AtomicU64,
}

impl CoarseClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }

    fn tick(&self) {
        self.now_ms
            .store(millis(self.start.elapsed()), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Limits {
    head_ms: u64,
    idle_ms: u64,
    response_ms: u64,
    stall_ms: u64,
}

/// The open connections of one gateway thread.
#[derive(Debug)]
pub(super) struct Watches {
    clock: Arc<CoarseClock>,
    limits: Limits,
    open: Mutex<Vec<Arc<Watch>>>,
}

impl Watches {
    /// Watches over connections with the limits of this configuration.
    pub(super) fn new(config: &GatewayConfig) -> Self {
        Self {
            clock: Arc::new(CoarseClock {
                start: Instant::now(),
                now_ms: AtomicU64::new(0),
            }),
            limits: Limits {
                head_ms: millis(config.head_timeout),
                idle_ms: millis(config.idle_timeout),
                response_ms: millis(config.response_timeout),
                stall_ms: millis(config.stall_timeout),
            },
            open: Mutex::new(Vec::new()),
        }
    }

    /// Begins to watch a new connection, for as long as the watch is kept.
    pub(super) fn watch(&self) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(self.clock.clone()));
        self.open.lock().push(watch.clone());
        watch
    }

    /// Looks once at every connection and forgets those that are gone.
    pub(super) fn sweep(&self) {
        self.clock.tick();
        self.open.lock().retain(|watch| {
            watch.check(&self.limits);
            Arc::strong_count(watch) > 1
        });
    }

    /// Asks every connection to end after its present request.
    pub(super) fn drain(&self) {
        for watch in self.open.lock().iter() {
            watch.drain();
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A socket that tells its watch of progress.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
}

impl<S> Watched<S> {
    /// The socket of this watched connection.
    pub(super) fn new(stream: S, watch: Arc<Watch>) -> Self {
        Self { stream, watch }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch.write_blocked(outcome.is_pending());
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch.write_blocked(outcome.is_pending());
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
