//! Static files of deployments. A project's files are sent before the deployment that serves them, under a token that
//! lasts for an hour.
//!
//! Each file comes with a hash that is made of its content and of the extension of its path, and without that path.
//! So until a deployment names the path ([`manifest`]), nobody knows whether the hash is right. Files are for deployments
//! of Pages only: who sends one says what media type it is served as.

mod manifest;
mod token;
mod upload;

pub(super) use manifest::PagesFiles;
pub use token::PagesUploadPermit;
