//! Request ids: unique, and cheap to make.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;

/// What follows the digits of an id in responses, where Cloudflare names a data centre.
const SUFFIX: &[u8; 6] = b"-LOCAL";
const DIGITS: usize = 16;

/// One request's id: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId([u8; DIGITS + SUFFIX.len()]);

impl RequestId {
    fn new(number: u64) -> Self {
        let mut text = [0; DIGITS + SUFFIX.len()];
        let (digits, suffix) = text.split_at_mut(DIGITS);
        let encoded = hex::encode_to_slice(number.to_be_bytes(), digits);
        debug_assert!(encoded.is_ok(), "8 bytes are 16 digits");
        suffix.copy_from_slice(SUFFIX);
        Self(text)
    }

    /// The id as a Worker reads it in `cf-ray`: the digits.
    pub(super) fn for_worker(&self) -> HeaderValue {
        value(self.0.get(..DIGITS).unwrap_or_default())
    }

    /// The id as a client reads it in `cf-ray`: the digits and the place.
    pub(super) fn for_client(&self) -> HeaderValue {
        value(&self.0)
    }

    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        let digits = self.0.get(..DIGITS).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

fn value(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static("-"))
}

/// A source of request ids; each gateway thread has its own.
#[derive(Debug)]
pub(super) struct RequestIds {
    state: AtomicU64,
}

impl RequestIds {
    /// Ids of the thread with this number. Different seeds and threads give different ids.
    pub(super) fn new(seed: u64, thread: usize) -> Self {
        let thread = u64::try_from(thread).unwrap_or(0);
        Self {
            state: AtomicU64::new(seed ^ mix(thread.wrapping_add(1))),
        }
    }

    /// The next id.
    pub(super) fn next(&self) -> RequestId {
        // The golden ratio's digits: every step reaches a new state before the first comes again.
        let state = self
            .state
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        RequestId::new(mix(state))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection, so different states stay
/// different. Not for secrets.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_between_requests_threads_and_seeds() {
        let mut seen = HashSet::new();
        for (seed, thread) in [(1, 0), (1, 1), (2, 0)] {
            let ids = RequestIds::new(seed, thread);
            for _ in 0..1000 {
                let id = ids.next();
                let text = id.as_str();
                assert_eq!(id.for_worker(), text);
                assert_eq!(id.for_client(), format!("{text}-LOCAL"));
                assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
                assert!(seen.insert(text.to_owned()), "{text} came twice");
            }
        }
    }
}
