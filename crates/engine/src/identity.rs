//! What an actor can learn of itself and its accounts, and change of them.

mod accounts;
mod memberships;
mod token_state;
mod user;

pub use accounts::AccountList;
pub use memberships::InvitationAnswer;
pub use user::UserChanges;
