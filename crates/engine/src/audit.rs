//! The audit log as it is read, and what it tells of refused requests.

mod cursor;
mod denials;
mod filter;
mod first_version;
mod found;
mod history;
mod list;
mod names;
mod products;
mod reading;
mod view;

pub use denials::Denied;
pub use filter::{AuditField, AuditFilter};
pub use first_version::FirstVersionQuery;
pub use history::HistoryQuery;
pub use list::{AuditPage, AuditQuery, TimeRange};
pub use products::categories;

pub(crate) use denials::Denials;
pub(crate) use reading::ReadingPlaces;
