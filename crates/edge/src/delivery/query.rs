//! What a process says when it asks: `?since=7&0=12&3=1n`.
//!
//! `since` is the generation it has; each further pair is a secret's index and how often it was read since
//! it was last told, with `n` when its value is not there yet.

/// Pairs in one question; a version binds fewer secrets.
const MAX_PAIRS: usize = 1024;

/// What a process says when it asks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// The generation that the process has.
    pub(super) since: u64,
    /// Reads by secret.
    pub(super) reads: Vec<Reads>,
}

/// Reads of one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reads {
    /// The secret's index in the version.
    pub(super) index: usize,
    /// How many.
    pub(super) count: u64,
    /// Whether its value is wanted whatever the generation.
    pub(super) is_new: bool,
}

/// Reads a query. `None` for anything malformed: it is not our module that asks.
pub(super) fn parse(query: &str) -> Option<Query> {
    let mut pairs = query.split('&');
    let since = pairs.next()?.strip_prefix("since=")?.parse().ok()?;
    let mut reads = Vec::new();
    for pair in pairs {
        if reads.len() == MAX_PAIRS {
            return None;
        }
        let (index, count) = pair.split_once('=')?;
        let digits = count.strip_suffix('n');
        reads.push(Reads {
            index: index.parse().ok()?,
            count: digits.unwrap_or(count).parse().ok()?,
            is_new: digits.is_some(),
        });
    }
    Some(Query { since, reads })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_is_read() {
        let reads = |index, count, is_new| Reads {
            index,
            count,
            is_new,
        };
        assert_eq!(
            parse("since=7&0=12&3=1n"),
            Some(Query {
                since: 7,
                reads: vec![reads(0, 12, false), reads(3, 1, true)],
            })
        );
        for bad in [
            "",
            "since",
            "since=x",
            "since=1&",
            "since=1&a=1",
            "since=1&0=-1",
            "0=1",
            "since=1&0=1x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(
            parse(&format!("since=1{}", "&0=1".repeat(MAX_PAIRS + 1))),
            None
        );
    }
}
