//! Query parameters of lists.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use coffer_engine::{Direction, Error, Problem, Slice};
use coffer_protocol::v4::PageInfo;
use percent_encoding::percent_decode_str;

use super::error::{ApiError, ApiResult};

/// A request's query parameters, in order, decoded.
#[derive(Clone, Debug)]
pub(crate) struct Query(Vec<(String, String)>);

/// The page a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    number: u32,
    size: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    fn parse(query: &str) -> ApiResult<Self> {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decoded(name)?, decoded(value)?))
            });
        pairs.collect::<ApiResult<_>>().map(Self)
    }

    /// The last value of a parameter; an empty one counts as absent.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().rev().filter(|(other, _)| other == name);
        found
            .find(|(_, value)| !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn values<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0
            .iter()
            .filter(move |(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All parameters with their values, as they came.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a flag such as `force=true` is set.
    pub(crate) fn flag(&self, name: &str) -> ApiResult<bool> {
        match self.value(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(refused(name, "must be true or false")),
        }
    }

    /// The page asked for, within these bounds of its size.
    pub(crate) fn page(
        &self,
        sizes: std::ops::RangeInclusive<u32>,
        default_size: u32,
    ) -> ApiResult<Page> {
        let number = self.number("page", 1..=u32::MAX, 1)?;
        let size = self.number("per_page", sizes, default_size)?;
        Ok(Page { number, size })
    }

    /// The direction of sorting.
    pub(crate) fn direction(&self, default: Direction) -> ApiResult<Direction> {
        match self.value("direction") {
            None => Ok(default),
            Some("asc") => Ok(Direction::Ascending),
            Some("desc") => Ok(Direction::Descending),
            Some(_) => Err(refused("direction", "must be asc or desc")),
        }
    }

    /// A number within these bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> ApiResult<u32> {
        let Some(text) = self.value(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| {
                refused(
                    name,
                    &format!(
                        "must be a number from {} to {}",
                        bounds.start(),
                        bounds.end()
                    ),
                )
            })
    }
}

impl Page {
    /// The page's number, from 1.
    pub(crate) const fn number(self) -> u32 {
        self.number
    }

    /// The part of the list that this page is.
    pub(crate) fn slice(self) -> Slice {
        Slice {
            limit: self.size,
            offset: u64::from(self.number - 1) * u64::from(self.size),
        }
    }

    /// How this page, with `count` items, stands in a list of `total`.
    pub(crate) fn info(self, count: usize, total: u32) -> PageInfo {
        PageInfo::new(self.number, self.size, count, total)
    }

    /// This page of a list that is in memory, with its place in it.
    pub(crate) fn of<T>(self, items: Vec<T>) -> (Vec<T>, PageInfo) {
        let total = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let slice = self.slice();
        let offset = usize::try_from(slice.offset).unwrap_or(usize::MAX);
        let items: Vec<T> = items
            .into_iter()
            .skip(offset)
            .take(slice.limit as usize)
            .collect();
        let info = self.info(items.len(), total);
        (items, info)
    }
}

/// The refusal of a parameter.
pub(crate) fn refused(name: &str, rule: &str) -> ApiError {
    Error::invalid(name, Problem::Parameter(format!("{name} {rule}"))).into()
}

fn decoded(text: &str) -> ApiResult<String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| refused("query", "must be percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_may_repeat() {
        let query =
            Query::parse("scopes=workers&scopes=dex&search=a%20b+c&empty=&flag=true").unwrap();
        assert_eq!(
            query.values("scopes").collect::<Vec<_>>(),
            ["workers", "dex"]
        );
        assert_eq!(query.value("search"), Some("a b c"));
        assert_eq!(query.value("empty"), None);
        assert!(query.flag("flag").unwrap());
        assert!(!query.flag("force").unwrap());
        assert!(Query::parse("a=%ff").is_err());
    }

    #[test]
    fn pages_are_bounded() {
        let page = |text: &str| Query::parse(text).unwrap().page(0..=100, 20);
        assert_eq!(
            page("page=3&per_page=10").unwrap().slice(),
            Slice {
                limit: 10,
                offset: 20
            }
        );
        for bad in [
            "page=0",
            "page=-1",
            "page=x",
            "per_page=101",
            "page=99999999999",
        ] {
            assert!(page(bad).is_err(), "{bad}");
        }
        let (items, info) = page("page=2&per_page=2").unwrap().of(vec![1, 2, 3]);
        assert_eq!((items, info.total_pages, info.count), (vec![3], 2, 1));
        let (items, _) = page("page=9").unwrap().of(vec![1, 2, 3]);
        assert!(items.is_empty());
    }
}
