//! Which part of a list a page shows, and the links to the other parts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in a query: all but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The links below a list.
#[derive(Debug)]
pub(super) struct Pager {
    /// The number of the first entry that is shown, from 1; zero if there is none.
    pub(super) first: u64,
    /// The number of the last.
    pub(super) last: u64,
    /// How many there are.
    pub(super) total: u64,
    /// The address of the part before.
    pub(super) previous: Option<String>,
    /// The address of the part after.
    pub(super) next: Option<String>,
}

impl Pager {
    /// The links of page `page`, from 1, of `size` entries each, where `address` tells each page's.
    pub(super) fn new(page: u64, size: u32, total: u64, address: impl Fn(u64) -> String) -> Self {
        let size = u64::from(size);
        let before = (page - 1).saturating_mul(size).min(total);
        let last = before.saturating_add(size).min(total);
        Self {
            first: if total == 0 {
                0
            } else {
                before.saturating_add(1).min(total)
            },
            last,
            total,
            previous: (page > 1).then(|| address(page - 1)),
            next: (last < total).then(|| address(page + 1)),
        }
    }
}

/// A query of these parameters, without those that are empty; empty if all are.
pub(super) fn query(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.extend(utf8_percent_encode(value, RESERVED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_list_lead_to_each_other() {
        let at = |page, total| {
            let pager = Pager::new(page, 25, total, |page| page.to_string());
            (pager.first, pager.last, pager.previous, pager.next)
        };
        let link = |page: &str| Some(page.to_owned());
        assert_eq!(at(1, 0), (0, 0, None, None));
        assert_eq!(at(1, 25), (1, 25, None, None));
        assert_eq!(at(1, 26), (1, 25, None, link("2")));
        assert_eq!(at(2, 26), (26, 26, link("1"), None));
        // Past the end there is a way back.
        assert_eq!(at(9, 26), (26, 26, link("8"), None));
    }

    #[test]
    fn a_query_names_what_is_chosen() {
        assert_eq!(
            query(&[("search", "a b&c#"), ("scope", ""), ("order", "-name_1")]),
            "?search=a%20b%26c%23&order=-name_1"
        );
        assert_eq!(query(&[("search", "")]), "");
    }
}
