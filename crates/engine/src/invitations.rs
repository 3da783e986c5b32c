//! Invitations as those see them who hold their links.

mod accept;
mod find;

pub use find::Invitation;
