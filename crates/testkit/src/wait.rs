//! Waiting for a thing, instead of for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a loaded machine: reaching it means that the thing does not happen.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// The thing did not happen before the [`DEADLINE`].
#[derive(Debug, thiserror::Error)]
#[error("waited {} s for {thing}; at last: {last}", DEADLINE.as_secs())]
pub struct Late {
    thing: String,
    last: String,
}

/// Looks again and again until `look` gives `Ok`, and says how long that took.
///
/// The error that `look` gives is what it saw instead, and is told when the deadline passes.
///
/// # Errors
/// [`Late`] after the [`DEADLINE`].
pub async fn until<T, E, F, Look>(thing: &str, mut look: Look) -> Result<(T, Duration), Late>
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
    Look: FnMut() -> F,
{
    let started = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Ok((found, started.elapsed())),
            Err(seen) if started.elapsed() > DEADLINE => {
                return Err(Late {
                    thing: thing.to_owned(),
                    last: seen.to_string(),
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn looks_until_it_is_there() {
        let mut looks = 0;
        let (found, _) = until("the third look", || {
            looks += 1;
            let answer = if looks == 3 {
                Ok("there")
            } else {
                Err("not yet")
            };
            async move { answer }
        })
        .await
        .unwrap();
        assert_eq!((found, looks), ("there", 3));
    }
}
