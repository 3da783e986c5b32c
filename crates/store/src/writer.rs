//! The one writer: waiting writes are committed together, each answered after the commit is durable.

mod job;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};

use self::job::{Job, TypedJob};
use crate::batch::Batch;
use crate::cache::{Caches, Touched};
use crate::connection::Tx;
use crate::error::StoreError;
use crate::log::tail::{self, Tail};
use crate::log::{LogHead, SignCheckpoint};
use crate::rows::audit::NewEvent;

/// Writes that may wait for the writer; a further one waits at the door.
const MAX_WAITING: usize = 1024;
/// Writes committed together at the most: bounds how long the first of them waits.
const MAX_GROUP: usize = 256;

/// Writes whose statements are sent to the database at once: half a dozen save most of the thread switches,
/// and keep small the number of texts that the database has to keep prepared.
const MAX_WRITES_SENT_TOGETHER: usize = 8;

/// What a write did: its result and its audit events. Outside this crate there is at least one event, because
/// nothing may change without one.
#[derive(Debug)]
pub struct Written<T> {
    result: T,
    first_event: Option<NewEvent>,
    further_events: Vec<NewEvent>,
}

impl<T> Written<T> {
    /// A write with its event.
    pub const fn new(result: T, event: NewEvent) -> Self {
        Self {
            result,
            first_event: Some(event),
            further_events: Vec::new(),
        }
    }

    /// A write of an observation, which has none: only [`crate::Observation`] comes by this way.
    pub(crate) const fn observed(result: T) -> Self {
        Self {
            result,
            first_event: None,
            further_events: Vec::new(),
        }
    }

    /// The result.
    pub const fn result(&self) -> &T {
        &self.result
    }

    /// A write of several things, with an event for each; `None` if there are no events.
    pub fn with_events(result: T, events: Vec<NewEvent>) -> Option<Self> {
        let mut events = events.into_iter();
        let first_event = events.next()?;
        Some(Self {
            result,
            first_event: Some(first_event),
            further_events: events.collect(),
        })
    }
}

/// Counts of the writer, for metrics.
#[derive(Debug, Default)]
pub(crate) struct WriterCounts {
    pub(crate) commits: AtomicU64,
    pub(crate) writes: AtomicU64,
}

/// A handle to the writer's queue.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    pub(crate) counts: Arc<WriterCounts>,
}

impl Writer {
    /// Starts the writer on this connection. It ends when the last handle is dropped.
    pub(crate) fn start(
        connection: SqliteConnection,
        caches: Arc<Caches>,
        last_change: watch::Sender<u64>,
        log: WriterLog,
    ) -> Self {
        let (queue, messages) = mpsc::channel(MAX_WAITING);
        let counts = Arc::new(WriterCounts::default());
        let task = WriterTask {
            connection,
            batch: Batch::default(),
            messages,
            caches,
            last_change,
            log,
            counts: Arc::clone(&counts),
        };
        tokio::spawn(task.run());
        Self { queue, counts }
    }

    /// From here on the log is signed, unless it has events already.
    pub(crate) async fn sign_log(&self, signer: Arc<dyn SignCheckpoint>) -> Result<(), StoreError> {
        let gone = || StoreError::Unavailable("the writer has stopped".to_owned());
        let (answer, answered) = oneshot::channel();
        let message = Message::SignLog(signer, answer);
        self.queue.send(message).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }

    /// Commits what is waiting and closes the database; later writes are refused.
    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Message::Close(answer)).await.is_ok() {
            let _ = answered.await;
        }
    }

    /// Runs an operation in a transaction and answers after the commit. The operation may run twice: its
    /// first run may be undone together with another's failure.
    pub(crate) async fn write<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Written<T>, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = TypedJob::new(operation, answer);
        let gone = || E::from(StoreError::Unavailable("the writer has stopped".to_owned()));
        self.queue
            .send(Message::Write(Box::new(job)))
            .await
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// What the writer is asked to do.
enum Message {
    /// Commit a write.
    Write(Box<dyn Job>),
    /// Sign the log from the next write on, and say that it will be.
    SignLog(Arc<dyn SignCheckpoint>, oneshot::Sender<()>),
    /// Commit what came before, then close the database and say so.
    Close(oneshot::Sender<()>),
}

/// The audit log as the writer grows it.
pub(crate) struct WriterLog {
    /// Where it ends in the database.
    pub(crate) tail: Tail,
    /// Nobody until the keys are open.
    pub(crate) signer: Option<Arc<dyn SignCheckpoint>>,
    /// Tells the rest of the process.
    pub(crate) head: watch::Sender<LogHead>,
}

impl WriterLog {
    fn sign(&mut self, signer: Arc<dyn SignCheckpoint>) {
        self.head.send_modify(|head| self.tail.check_empty(head));
        self.signer = Some(signer);
    }

    /// Takes over what was committed.
    fn adopt(&mut self, tail: Tail, note: Option<String>) {
        self.tail = tail;
        self.head.send_modify(|head| {
            head.size = self.tail.last_seq();
            if let Some(note) = note {
                head.note = Some(Arc::from(note));
            }
        });
    }
}

struct WriterTask {
    connection: SqliteConnection,
    batch: Batch,
    messages: mpsc::Receiver<Message>,
    caches: Arc<Caches>,
    last_change: watch::Sender<u64>,
    log: WriterLog,
    counts: Arc<WriterCounts>,
}

impl WriterTask {
    async fn run(mut self) {
        let mut messages = Vec::with_capacity(MAX_GROUP);
        let mut group = Vec::with_capacity(MAX_GROUP);
        while self.messages.recv_many(&mut messages, MAX_GROUP).await > 0 {
            let mut closed = Vec::new();
            for message in messages.drain(..) {
                match message {
                    Message::Write(job) => group.push(job),
                    Message::SignLog(signer, answer) => {
                        // What came before it is committed after it, and so signed.
                        self.log.sign(signer);
                        let _ = answer.send(());
                    }
                    Message::Close(answer) => closed.push(answer),
                }
            }
            if !group.is_empty() {
                self.commit(&mut group).await;
            }
            if !closed.is_empty() {
                return self.close(closed).await;
            }
        }
    }

    async fn commit(&mut self, group: &mut Vec<Box<dyn Job>>) {
        let committed = self.commit_group(group).await;
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
        self.counts
            .writes
            .fetch_add(group.len() as u64, Ordering::Relaxed);
        for job in group.drain(..) {
            job.answer(committed.clone());
        }
    }

    async fn close(self, answers: Vec<oneshot::Sender<()>>) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
        }
        for answer in answers {
            // Whoever asked may have stopped waiting.
            let _ = answer.send(());
        }
    }

    /// Runs all together; if one is refused, runs them again with a savepoint around each.
    async fn commit_group(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), String> {
        if self.try_together(group).await {
            return Ok(());
        }
        self.abandon().await;
        let committed = self.try_apart(group).await;
        if let Err(error) = committed {
            tracing::error!(%error, "a group of writes was not committed");
            self.abandon().await;
            return Err(error.to_string());
        }
        Ok(())
    }

    /// Commits all writes of a group, sending their statements together; `false` if one did not go through.
    async fn try_together(&mut self, group: &mut [Box<dyn Job>]) -> bool {
        let before = *self.last_change.borrow();
        let tail = self.log.tail.clone();
        let (size, signer) = (tail.last_seq(), self.log.signer.as_deref());
        let mut tx = Tx::new(&mut self.connection, &mut self.batch, true, before, tail);
        if tx.execute("BEGIN IMMEDIATE", Vec::new()).await.is_err() {
            return false;
        }
        let last = group.len();
        for (count, job) in (1..).zip(group) {
            if !job.run(&mut tx).await {
                return false;
            }
            // Writes of one kind make one of a few texts, which the database prepares once.
            let is_full = count % MAX_WRITES_SENT_TOGETHER == 0 && count != last;
            if is_full && tx.flush().await.is_err() {
                return false;
            }
        }
        let Ok(note) = tail::seal(&mut tx, signer, size).await else {
            return false;
        };
        if tx.execute("COMMIT", Vec::new()).await.is_err() || tx.flush().await.is_err() {
            return false;
        }
        let Tx {
            touched,
            last_change,
            tail,
            ..
        } = tx;
        self.log.adopt(tail, note);
        self.announce(&touched, last_change);
        true
    }

    /// Commits those writes of a group that are not refused, each for itself.
    async fn try_apart(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let (mut tail, signer) = (self.log.tail.clone(), self.log.signer.clone());
        let size = tail.last_seq();
        let (mut touched, mut last_change) = (Vec::new(), *self.last_change.borrow());
        execute(&mut self.connection, "BEGIN IMMEDIATE").await?;
        for job in group {
            execute(&mut self.connection, "SAVEPOINT one").await?;
            let copy = tail.clone();
            let mut tx = Tx::new(
                &mut self.connection,
                &mut self.batch,
                false,
                last_change,
                copy,
            );
            if job.run(&mut tx).await {
                (last_change, tail) = (tx.last_change, tx.tail);
                touched.append(&mut tx.touched);
            } else {
                self.batch.clear();
                execute(&mut self.connection, "ROLLBACK TO one").await?;
            }
            execute(&mut self.connection, "RELEASE one").await?;
        }
        let mut tx = Tx::new(
            &mut self.connection,
            &mut self.batch,
            false,
            last_change,
            tail,
        );
        let note = tail::seal(&mut tx, signer.as_deref(), size).await?;
        let tail = tx.tail;
        execute(&mut self.connection, "COMMIT").await?;
        self.log.adopt(tail, note);
        self.announce(&touched, last_change);
        Ok(())
    }

    /// Tells the rest of the process what was committed, before anyone is answered.
    fn announce(&self, touched: &[Touched], last_change: u64) {
        self.caches.forget(touched);
        self.last_change
            .send_if_modified(|last| std::mem::replace(last, last_change) != last_change);
    }

    /// Leaves no transaction open and nothing waiting, so that the next group can begin.
    async fn abandon(&mut self) {
        self.batch.clear();
        if let Err(error) = execute(&mut self.connection, "ROLLBACK").await {
            tracing::debug!(%error, "no transaction was open");
        }
    }
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(drop)
}
