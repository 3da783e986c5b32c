//! Members of accounts: invited, listed, given roles, removed.

mod ending;
mod find;
mod invite;
mod list;
mod remove;
mod roles;
mod update;
mod view;

pub use coffer_store::rows::members::MemberOrder;
pub use invite::Invited;
pub use list::{MemberList, MemberPage};

pub(crate) use ending::{end_membership, keep_a_super_administrator};
pub(crate) use view::{areas, described, policies};
