//! One write that waits for the writer, whatever it results in.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::Written;
use crate::connection::Tx;
use crate::error::StoreError;
use crate::rows::audit::insert_event;

/// A write whose result type is forgotten.
pub(super) trait Job: Send {
    /// Runs in the transaction; `false` means that nothing of it may be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool>;
    /// Answers: with the outcome if there was a commit, else with the reason why there was none.
    fn answer(self: Box<Self>, committed: Result<(), String>);
}

/// A write with its operation, what became of it, and who waits for that.
pub(super) struct TypedJob<F, T, E> {
    operation: F,
    outcome: Option<Result<T, E>>,
    answer: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> TypedJob<F, T, E> {
    /// One that has not run.
    pub(super) const fn new(operation: F, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            operation,
            outcome: None,
            answer: Some(answer),
        }
    }
}

impl<F, T, E> Job for TypedJob<F, T, E>
where
    F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Written<T>, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            // Exclusive, because the operation can be sent to another thread but not shared with one.
            let operation = &mut self.operation;
            let run = async move {
                match operation(tx).await {
                    Ok(written) => record(tx, written).await.map_err(E::from),
                    Err(error) => Err(error),
                }
            };
            // A defect in one operation must not end the writer for all. The panic hook has told of it.
            let outcome = AssertUnwindSafe(run)
                .catch_unwind()
                .await
                .unwrap_or_else(|_panic| Err(StoreError::Panicked.into()));
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(mut self: Box<Self>, committed: Result<(), String>) {
        let outcome = match (committed, self.outcome.take()) {
            (Ok(()) | Err(_), Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(result))) => Ok(result),
            (Err(reason), _) => Err(E::from(StoreError::Unavailable(reason))),
            (Ok(()), None) => Err(E::from(StoreError::Unavailable(
                "the write did not run".to_owned(),
            ))),
        };
        if let Some(answer) = self.answer.take() {
            // A caller that went away has no use for the answer; the write stands.
            let _ = answer.send(outcome);
        }
    }
}

async fn record<T>(tx: &mut Tx<'_>, written: Written<T>) -> Result<T, StoreError> {
    for event in written.first_event.iter().chain(&written.further_events) {
        insert_event(tx, event).await?;
    }
    Ok(written.result)
}
