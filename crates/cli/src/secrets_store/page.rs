//! Lists, whole or a page of them.

use clap::Args;
use coffer_types::Timestamp;
use coffer_types::limits::MAX_PAGE_SIZE;
use serde::de::DeserializeOwned;

use crate::api::{Answer, ApiError};
use crate::target::Target;

/// Items on a page where only its number is given.
const DEFAULT_PER_PAGE: u32 = 10;

/// How secrets are listed for people who look for one.
pub(super) const BY_NAME: [(&str, &str); 2] = [("order", "name"), ("direction", "asc")];

/// Which part of a list; without them it is the whole.
#[derive(Debug, Default, Args)]
pub(super) struct PageFlags {
    /// Show this page alone, counted from 1 [default: the whole list]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
    /// Show a page of so many [default: 10 with --page]
    #[arg(
        long,
        value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PAGE_SIZE))
    )]
    per_page: Option<u32>,
}

impl PageFlags {
    /// The list, and where it is a part of one, a sentence that says which.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        target: &Target,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        if self.page.is_none() && self.per_page.is_none() {
            return Ok((target.api().read_all(path, query).await?, None));
        }
        let page = self.page.unwrap_or(1).to_string();
        let per_page = self.per_page.unwrap_or(DEFAULT_PER_PAGE).to_string();
        let mut query = query.to_vec();
        query.extend([("page", page.as_str()), ("per_page", per_page.as_str())]);
        let answer: Answer<Vec<T>> = target.api().read(path, &query).await?;
        let part = answer.page.map_or_else(String::new, |info| {
            format!(
                "Page {page} of {}; {} in all",
                info.total_pages.max(1),
                info.total_count
            )
        });
        Ok((answer.result, Some(part)))
    }
}

/// The day of a moment, in UTC.
pub(super) fn day(moment: Timestamp) -> String {
    let moment = moment.to_string();
    moment
        .split_once('T')
        .map_or(moment.as_str(), |(day, _)| day)
        .to_owned()
}

/// A moment to the minute, in UTC.
pub(super) fn minute(moment: Timestamp) -> String {
    moment
        .to_string()
        .chars()
        .take(16)
        .collect::<String>()
        .replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_briefly() {
        let moment = Timestamp::from_micros(1_795_348_800_000_000);
        assert_eq!(day(moment), "2026-11-22");
        assert_eq!(minute(moment), "2026-11-22 12:00");
    }
}
