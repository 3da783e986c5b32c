//! Parts of files on disk, as they are sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use rustix::io::{ReadWriteFlags, preadv2};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read at once: a socket takes less than twice as much, and what was read is still in the core's cache
/// when it is written.
const CHUNK_BYTES: u64 = 128 * 1024;

/// A part of a file that is read as it is asked for. What the system has in memory is read on the thread that asks,
/// which takes no longer than to hand it over; for the rest, another thread waits for the disk.
#[derive(Debug)]
pub(super) struct DiskPart {
    file: Arc<File>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl DiskPart {
    /// The bytes from `at` to before `end`.
    pub(super) const fn new(file: Arc<File>, at: u64, end: u64) -> Self {
        Self {
            file,
            at,
            end,
            reading: None,
        }
    }

    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// When the disk cannot be read, or the file ends before the part does.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => {
                let length = (self.end - self.at).min(CHUNK_BYTES);
                if length == 0 {
                    return Poll::Ready(Ok(Bytes::new()));
                }
                if let Some(data) = read_from_memory(&self.file, self.at, length) {
                    self.at += data.len() as u64;
                    return Poll::Ready(Ok(data));
                }
                let (file, at) = (Arc::clone(&self.file), self.at);
                spawn_blocking(move || read(&file, at, length))
            }
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let data = read.map_err(io::Error::other)??;
        self.at += data.len() as u64;
        Poll::Ready(Ok(data))
    }
}

/// What of a file the system has in memory. `None` if it is the disk's turn, or of a file system that cannot tell.
fn read_from_memory(file: &File, at: u64, length: u64) -> Option<Bytes> {
    let mut data = space(length);
    let slices = &mut [io::IoSliceMut::new(&mut data)];
    let read = preadv2(file, slices, at, ReadWriteFlags::NOWAIT).ok()?;
    data.truncate(read);
    (read > 0).then(|| data.into())
}

fn read(file: &File, at: u64, length: u64) -> io::Result<Bytes> {
    let mut data = space(length);
    let read = file.read_at(&mut data, at)?;
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    data.truncate(read);
    Ok(data.into())
}

fn space(length: u64) -> Vec<u8> {
    vec![0; usize::try_from(length).unwrap_or(usize::MAX)]
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write;

    use super::*;

    fn stored(content: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Arc::new(file)
    }

    fn content(bytes: u64) -> Vec<u8> {
        (0..bytes).map(|place| (place % 251) as u8).collect()
    }

    async fn all(mut part: DiskPart) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        loop {
            let data = poll_fn(|context| part.poll_next(context)).await?;
            if data.is_empty() {
                return Ok(read);
            }
            read.extend_from_slice(&data);
        }
    }

    #[tokio::test]
    async fn a_part_is_read_to_its_end() {
        let length = 3 * CHUNK_BYTES + 17;
        let content = content(length);
        let file = stored(&content);
        for (start, end) in [(0, length), (5, 5), (1, 2), (CHUNK_BYTES - 1, length - 1)] {
            let part = DiskPart::new(Arc::clone(&file), start, end);
            let expected = &content[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
            assert!(all(part).await.unwrap() == expected, "{start} to {end}");
        }
    }

    #[tokio::test]
    async fn another_thread_reads_the_same() {
        let content = content(1000);
        let file = stored(&content);
        assert_eq!(read(&file, 10, 20).unwrap(), content[10..30]);
        let in_memory = read_from_memory(&file, 10, 20);
        assert!(in_memory.is_none_or(|data| data == content[10..30]));
    }

    #[tokio::test]
    async fn a_file_that_became_shorter_breaks_off() {
        let file = stored(b"short");
        let error = all(DiskPart::new(file, 0, 6)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
