//! A person's browser against a real Coffer: headless Chromium drives the dashboard as the documents' steps do.
//!
//! A scenario is a file of `specs/`, run by Node.js on a server of its own. Every page that one visits is looked at:
//! nothing in the console, nothing that the content security policy had to refuse, no barrier that axe-core finds,
//! nothing wider than the window, and nowhere the marked value that every secret of a scenario holds.
//!
//! Needs Chromium and the packages of `package.json` in this package (`make test` installs them). Nothing here
//! reaches past the loopback address. To add a scenario: its file, and its line in [`scenarios`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod scenario;
mod scenarios;
