//! Stores.

mod create;
mod delete;
mod find;
mod list;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use find::find;
pub(super) use list::list;
