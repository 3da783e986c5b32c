//! Sessions: users who signed in with their password.
//!
//! A session's text is in its user's cookie and nowhere else; a MAC of it is kept. It ends when nobody used it for
//! some hours, some days after it began however much it is used, or when its user or a change of the password ends it.

mod create;
mod end;
mod form_token;
mod list;
mod recognise;

pub use create::SignedIn;
pub use end::Ended;

use coffer_types::limits::{SESSION_HOURS, SESSION_IDLE_HOURS};

const HOUR_MICROS: i64 = 3600 * 1_000_000;
/// How long a session lasts that nobody uses.
const IDLE_MICROS: i64 = SESSION_IDLE_HOURS * HOUR_MICROS;
/// How long a session lasts at the most.
const LIFE_MICROS: i64 = SESSION_HOURS * HOUR_MICROS;
