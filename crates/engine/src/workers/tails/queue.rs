//! What waits for one tail's client: bounded, and what does not fit is left out and said to be.

use std::collections::VecDeque;

use bytes::Bytes;
use coffer_types::Timestamp;
use coffer_types::limits::MAX_TAIL_QUEUE_BYTES;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Notify;

use super::follow::TailEnd;

const OVERLOAD: &str = "Tail is currently in sampling mode due to the high volume of messages. To prevent messages \
                        from being dropped consider adding filters.";
const OVERLOAD_STOP: &str = "Tail has exited sampling mode and is no longer dropping messages.";
const MICROS_PER_MILLISECOND: i64 = 1000;

/// What waits for one tail's client.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Bytes>,
    bytes: usize,
    // Whether something was left out since the client last had everything.
    sampling: bool,
    end: Option<TailEnd>,
}

impl Queue {
    /// Adds an event, or leaves it out if too much waits.
    pub(super) fn push(&self, frame: Bytes, now: Timestamp) {
        let mut state = self.state.lock();
        if state.end.is_some() {
            return;
        }
        if state.bytes + frame.len() <= MAX_TAIL_QUEUE_BYTES {
            state.add(frame);
        } else if !state.sampling {
            state.sampling = true;
            // Short, so it may be over the bound.
            state.add(notice("overload", OVERLOAD, now));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Ends it: what waits is still taken, then the end.
    pub(super) fn end(&self, end: TailEnd) {
        let mut state = self.state.lock();
        state.end.get_or_insert(end);
        drop(state);
        self.changed.notify_one();
    }

    /// What comes next. For one taker.
    pub(super) async fn next(
        &self,
        now: &(dyn Fn() -> Timestamp + Sync),
    ) -> Result<Bytes, TailEnd> {
        loop {
            if let Some(next) = self.take(now) {
                return next;
            }
            self.changed.notified().await;
        }
    }

    fn take(&self, now: &dyn Fn() -> Timestamp) -> Option<Result<Bytes, TailEnd>> {
        let mut state = self.state.lock();
        if let Some(frame) = state.frames.pop_front() {
            state.bytes -= frame.len();
            return Some(Ok(frame));
        }
        if let Some(end) = state.end {
            return Some(Err(end));
        }
        if std::mem::take(&mut state.sampling) {
            return Some(Ok(notice("overload-stop", OVERLOAD_STOP, now())));
        }
        None
    }
}

impl State {
    fn add(&mut self, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }
}

/// An event about the tail itself, in the form that Wrangler prints.
fn notice(kind: &str, message: &str, now: Timestamp) -> Bytes {
    let event = json!({
        "outcome": "ok",
        "scriptName": null,
        "exceptions": [],
        "logs": [],
        "eventTimestamp": now.as_micros() / MICROS_PER_MILLISECOND,
        "event": { "type": kind, "message": message },
    });
    Bytes::from(event.to_string())
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use serde_json::Value;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_micros(1_000_000)
    }

    fn taken(queue: &Queue) -> Option<Result<Bytes, TailEnd>> {
        queue.next(&now).now_or_never()
    }

    fn kind(frame: &Bytes) -> String {
        let event: Value = serde_json::from_slice(frame).unwrap();
        event["event"]["type"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_too_much_is_left_out_and_both_ends_of_it_are_told() {
        let queue = Queue::default();
        let large = Bytes::from(vec![b'x'; MAX_TAIL_QUEUE_BYTES / 4]);
        for _ in 0..100 {
            queue.push(large.clone(), now());
        }
        for _ in 0..4 {
            assert_eq!(taken(&queue), Some(Ok(large.clone())));
        }
        let notice = taken(&queue).unwrap().unwrap();
        assert_eq!(kind(&notice), "overload");
        // Nothing of the 96 others was kept.
        let notice = taken(&queue).unwrap().unwrap();
        assert_eq!(kind(&notice), "overload-stop");
        assert_eq!(taken(&queue), None);
        queue.push(large.clone(), now());
        assert_eq!(taken(&queue), Some(Ok(large)));
        assert_eq!(taken(&queue), None);
    }

    #[test]
    fn what_waits_comes_before_the_end() {
        let queue = Queue::default();
        queue.push(Bytes::from_static(b"last"), now());
        queue.end(TailEnd::Deleted);
        queue.end(TailEnd::Expired);
        queue.push(Bytes::from_static(b"too late"), now());
        assert_eq!(taken(&queue), Some(Ok(Bytes::from_static(b"last"))));
        for _ in 0..2 {
            assert_eq!(taken(&queue), Some(Err(TailEnd::Deleted)));
        }
    }
}
