//! Bytes between two sockets, both ways, until both have ended.
//!
//! What is read goes through a buffer that all connections of a thread share, so that one that waits for its next
//! message, as most WebSockets do most of the time, holds none. Only what a socket does not take at once is kept.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read at once: a large message in one piece, and no more than a socket usually holds.
const BUFFER_BYTES: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER_BYTES].into_boxed_slice());
}

/// Copies both ways until both sides have ended; tells how many bytes went from the first to the second, and back.
///
/// # Errors
/// When either side breaks; the other is not told.
pub(super) async fn join<One, Other>(one: One, other: Other) -> io::Result<(u64, u64)>
where
    One: AsyncRead + AsyncWrite + Unpin,
    Other: AsyncRead + AsyncWrite + Unpin,
{
    let (mut one, mut other) = (one, other);
    let (mut there, mut back) = (Way::default(), Way::default());
    poll_fn(|context| {
        let sent = there.poll(&mut one, &mut other, context)?;
        let received = back.poll(&mut other, &mut one, context)?;
        match (sent, received) {
            (Poll::Ready(sent), Poll::Ready(received)) => Poll::Ready(Ok((sent, received))),
            _ => Poll::Pending,
        }
    })
    .await
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// What was read and not yet taken, from `taken` on.
    kept: Vec<u8>,
    taken: usize,
    to_flush: bool,
    state: State,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Open,
    /// There is nothing more to read.
    Ended,
    /// The other side was told so.
    Over,
}

impl Way {
    fn poll<From, To>(
        &mut self,
        from: &mut From,
        to: &mut To,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<u64>>
    where
        From: AsyncRead + Unpin,
        To: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_kept(to, context))?;
            match self.state {
                State::Over => return Poll::Ready(Ok(self.bytes)),
                State::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                    self.state = State::Over;
                }
                State::Open => {
                    if let Poll::Ready(moved) = self.poll_move(from, to, context) {
                        moved?;
                    } else {
                        if self.to_flush {
                            ready!(Pin::new(&mut *to).poll_flush(context))?;
                            self.to_flush = false;
                        }
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Writes what was kept.
    fn poll_kept<To>(&mut self, to: &mut To, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        To: AsyncWrite + Unpin,
    {
        while let Some(rest) = self.kept.get(self.taken..)
            && !rest.is_empty()
        {
            self.taken += ready!(poll_write(to, rest, context))?;
        }
        self.kept = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes what was read, as far as it is taken. To be called when nothing is kept.
    fn poll_move<From, To>(
        &mut self,
        from: &mut From,
        to: &mut To,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        From: AsyncRead + Unpin,
        To: AsyncWrite + Unpin,
    {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(from).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            if read.is_empty() {
                self.state = State::Ended;
                return Poll::Ready(Ok(()));
            }
            self.bytes += read.len() as u64;
            self.to_flush = true;
            let taken = match poll_write(to, read, context) {
                Poll::Ready(taken) => taken?,
                Poll::Pending => 0,
            };
            let rest = read.get(taken..).unwrap_or_default();
            self.kept.extend_from_slice(rest);
            Poll::Ready(Ok(()))
        })
    }
}

/// Writes a part of something; nothing taken is an error, as it would be tried for ever.
fn poll_write<To>(to: &mut To, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>>
where
    To: AsyncWrite + Unpin,
{
    match ready!(Pin::new(to).poll_write(context, bytes))? {
        0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        taken => Poll::Ready(Ok(taken)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, duplex, split};

    use super::*;

    /// More than both a buffer and a pipe hold.
    fn long() -> Vec<u8> {
        (0..5 * BUFFER_BYTES + 3)
            .map(|place| (place % 253) as u8)
            .collect()
    }

    #[tokio::test]
    async fn long_streams_cross_whole_through_narrow_pipes() {
        let (client, one) = duplex(1000);
        let (other, process) = duplex(70);
        let joined = tokio::spawn(join(one, other));
        let (mut from_client, mut to_process) = split(client);
        let (mut from_process, mut to_client) = split(process);
        let sending = tokio::spawn(async move {
            to_process.write_all(&long()).await.unwrap();
            to_process.shutdown().await.unwrap();
        });
        let answering = tokio::spawn(async move {
            to_client.write_all(&long()[7..]).await.unwrap();
            to_client.shutdown().await.unwrap();
        });
        let (mut received, mut answered) = (Vec::new(), Vec::new());
        let receiving = from_process.read_to_end(&mut received);
        let answer = from_client.read_to_end(&mut answered);
        tokio::try_join!(receiving, answer).unwrap();
        assert!(received == long() && answered == long()[7..]);
        sending.await.unwrap();
        answering.await.unwrap();
        let length = long().len() as u64;
        assert_eq!(joined.await.unwrap().unwrap(), (length, length - 7));
    }

    #[tokio::test]
    async fn one_side_may_end_before_the_other() {
        let (mut client, one) = duplex(100);
        let (other, mut process) = duplex(100);
        let joined = tokio::spawn(join(one, other));
        client.write_all(b"last words").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = String::new();
        process.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "last words");
        process.write_all(b"answer").await.unwrap();
        process.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "answer");
        assert_eq!(joined.await.unwrap().unwrap(), (10, 6));
    }

    #[tokio::test]
    async fn what_a_socket_gathers_is_sent_when_nothing_follows() {
        let (mut client, one) = duplex(100);
        let (other, mut process) = duplex(100);
        let joined = tokio::spawn(join(one, BufWriter::new(other)));
        client.write_all(b"short").await.unwrap();
        let mut heard = [0; 5];
        process.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"short");
        joined.abort();
    }

    #[tokio::test]
    async fn a_side_that_is_gone_ends_it() {
        let (mut client, one) = duplex(100);
        let (other, process) = duplex(100);
        drop(process);
        let joined = tokio::spawn(join(one, other));
        client.write_all(b"to nobody").await.unwrap();
        assert!(joined.await.unwrap().is_err());
    }
}
