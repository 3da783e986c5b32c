//! How many requests read the audit log at once.
//!
//! A filter that hardly anything matches reads a whole range of time. Whoever may view the log may ask for that again
//! and again, and everybody else's requests need the database, too.

use std::sync::Arc;
use std::time::Duration;

use coffer_store::rows::Slice;
use coffer_store::rows::audit_query::{self, EventQuery, Position, StoredEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::Engine;
use crate::error::{Error, Result};

/// Fewer than the database's connections for reading.
const PLACES: usize = 2;

/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(10);

/// Places for those who read the audit log, given in the order in which they are asked for.
#[derive(Debug)]
pub(crate) struct ReadingPlaces {
    places: Arc<Semaphore>,
    wait: Duration,
}

impl Default for ReadingPlaces {
    fn default() -> Self {
        Self::new(PLACES, WAIT)
    }
}

impl ReadingPlaces {
    fn new(places: usize, wait: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self { places, wait }
    }

    /// A place, until it is dropped.
    async fn take(&self) -> Result<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(self.wait, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable(
                "other requests read the audit log for too long".to_owned(),
            )),
        }
    }
}

impl Engine {
    /// A page of the log's rows, read in one of the places.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if none is free in time.
    pub(super) async fn read_audit(
        &self,
        query: &EventQuery,
        after: Option<Position>,
        slice: Slice,
    ) -> Result<Vec<StoredEvent>> {
        let place = self.reading_places.take().await?;
        let (store, query) = (self.store.clone(), query.clone());
        // The database goes on with a statement that nobody waits for any more, and takes up the place as long.
        let reading = tokio::spawn(async move {
            let _place = place;
            let mut reader = store.reader().await?;
            audit_query::page(&mut reader, &query, after, slice).await
        });
        let read = reading.await.map_err(|error| {
            Error::Internal(format!("reading the audit log did not end: {error}"))
        })?;
        Ok(read?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_finds_no_place_in_time_is_refused_and_may_come_again() {
        let places = ReadingPlaces::new(2, Duration::ZERO);
        let first = places.take().await.unwrap();
        let _second = places.take().await.unwrap();
        assert!(matches!(places.take().await, Err(Error::Unavailable(_))));
        drop(first);
        assert!(places.take().await.is_ok());
    }
}
