//! What people write on versions and deployments.

use std::collections::BTreeMap;

use coffer_types::limits;

use crate::error::{Error, Problem, Result};

const MESSAGE: &str = "workers/message";
pub(crate) const TAG: &str = "workers/tag";
const TRIGGERED_BY: &str = "workers/triggered_by";

/// Annotations within their bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(BTreeMap<String, String>);

impl Annotations {
    /// Annotations as a client sends them. An empty one counts as absent; `workers/triggered_by` is the
    /// platform's to say and passed over.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key outside `workers/`, a text that is too long, or too many.
    pub fn parse(given: BTreeMap<String, String>) -> Result<Self> {
        if given.len() > limits::MAX_ANNOTATIONS {
            let rule = format!("at most {} annotations", limits::MAX_ANNOTATIONS);
            return Err(refused(rule));
        }
        let mut kept = BTreeMap::new();
        for (key, text) in given {
            if !key.starts_with("workers/") {
                return Err(refused(
                    "an annotation's name must start with workers/".to_owned(),
                ));
            }
            let bound = match key.as_str() {
                TAG => limits::MAX_TAG_BYTES,
                _ => limits::MAX_MESSAGE_BYTES,
            };
            if key.len() > limits::MAX_TAG_BYTES || text.len() > bound {
                let which = [MESSAGE, TAG].into_iter().find(|known| *known == key);
                let which = which.unwrap_or("workers/…");
                return Err(refused(format!(
                    "annotation {which} must be at most {bound} bytes"
                )));
            }
            if !text.is_empty() && key != TRIGGERED_BY {
                kept.insert(key, text);
            }
        }
        Ok(Self(kept))
    }

    /// These annotations, and what triggered the change.
    pub(super) fn triggered_by(mut self, trigger: &str) -> BTreeMap<String, String> {
        self.0.insert(TRIGGERED_BY.to_owned(), trigger.to_owned());
        self.0
    }

    /// The same with a message unless there is one.
    #[must_use]
    pub(super) fn or_message(mut self, message: &str) -> Self {
        self.0
            .entry(MESSAGE.to_owned())
            .or_insert_with(|| message.to_owned());
        self
    }
}

fn refused(rule: String) -> Error {
    Error::invalid("/annotations", Problem::Upload(rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(key: &str, text: &str) -> Result<Annotations> {
        Annotations::parse([(key.to_owned(), text.to_owned())].into())
    }

    #[test]
    fn bounds_are_kept() {
        assert!(parse(MESSAGE, &"m".repeat(1000)).is_ok());
        assert!(parse(MESSAGE, &"m".repeat(1001)).is_err());
        assert!(parse(TAG, &"t".repeat(100)).is_ok());
        assert!(parse(TAG, &"t".repeat(101)).is_err());
        assert!(parse("other", "x").is_err());
        let many = (0..=limits::MAX_ANNOTATIONS).map(|n| (format!("workers/{n}"), "x".to_owned()));
        assert!(Annotations::parse(many.collect()).is_err());
    }

    #[test]
    fn the_trigger_is_ours_to_say() {
        let given = parse(TRIGGERED_BY, "forged").unwrap();
        assert_eq!(given.triggered_by("upload")[TRIGGERED_BY], "upload");
        let given = parse(MESSAGE, "mine").unwrap().or_message("ours");
        assert_eq!(given.triggered_by("upload")[MESSAGE], "mine");
    }
}
