//! Secrets of a store.

mod create;
mod delete;
mod delete_several;
mod duplicate;
mod find;
mod list;
mod update;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use delete_several::delete_several;
pub(super) use duplicate::duplicate;
pub(super) use find::find;
pub(super) use list::list;
pub(super) use update::update;
