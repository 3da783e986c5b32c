//! API tokens, of users and of accounts.

mod create;
mod delete;
mod find;
mod groups;
mod list;
mod permit;
mod roll;
mod rules;
mod settings;
mod update;
mod view;

pub use create::CreatedToken;
pub use groups::{AccountGroupList, TokenGroupList};
pub use list::{TokenList, TokenPage};
pub use permit::TokensPermit;
pub use settings::TokenSettings;
