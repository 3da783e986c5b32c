//! The v4 envelope: the shape of every answer of the API.

use serde::{Deserialize, Serialize};

/// An answer. `result` is present, as `null`, on failure too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope<T, I = PageInfo> {
    /// Whether the operation was done.
    pub success: bool,
    /// Why it was not; empty on success.
    pub errors: Vec<ErrorInfo>,
    /// Remarks.
    pub messages: Vec<ErrorInfo>,
    /// What was asked for.
    pub result: Option<T>,
    /// Where a list's page stands in the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_info: Option<I>,
}

/// One error, or one remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// The number that clients react to.
    pub code: u32,
    /// What is wrong and what would be right.
    pub message: String,
    /// The part of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ErrorSource>,
}

/// The part of a request that an error is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSource {
    /// A JSON pointer into the body, or a parameter's name.
    pub pointer: String,
}

/// Where a page stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageInfo {
    /// The page, from 1.
    pub page: u32,
    /// The most items a page holds.
    pub per_page: u32,
    /// The items on this page.
    pub count: u32,
    /// The items in the whole list.
    pub total_count: u32,
    /// The pages of the whole list.
    pub total_pages: u32,
}

impl<T, I> Envelope<T, I> {
    /// A success that is a part of a list, whose place is told in a way of its own.
    pub const fn part(result: T, info: I) -> Self {
        Self {
            success: true,
            errors: Vec::new(),
            messages: Vec::new(),
            result: Some(result),
            result_info: Some(info),
        }
    }
}

impl<T> Envelope<T> {
    /// A success.
    pub const fn success(result: Option<T>) -> Self {
        Self {
            success: true,
            errors: Vec::new(),
            messages: Vec::new(),
            result,
            result_info: None,
        }
    }

    /// A success that is one page of a list.
    pub const fn page(result: T, info: PageInfo) -> Self {
        Self::part(result, info)
    }

    /// A failure.
    pub const fn failure(errors: Vec<ErrorInfo>) -> Self {
        Self {
            success: false,
            errors,
            messages: Vec::new(),
            result: None,
            result_info: None,
        }
    }
}

impl PageInfo {
    /// The description of page `page` with `count` of `total_count` items.
    pub fn new(page: u32, per_page: u32, count: usize, total_count: u32) -> Self {
        Self {
            page,
            per_page,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            total_count,
            total_pages: total_count.div_ceil(per_page.max(1)),
        }
    }
}
