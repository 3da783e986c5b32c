//! Static assets: files that a client uploads for a Worker before the version that serves them.
//!
//! A client names its files with hashes and sizes ([`manifest`]), is asked for those that its account has not
//! uploaded before ([`session`]), sends them ([`upload`]), and presents the upload's token ([`token`]) with the
//! version ([`of_version`]). Contents are kept once by their SHA-256, but asked for once per account: whoever knows
//! a hash learns nothing of another account's files.

mod manifest;
mod of_version;
mod session;
mod token;
mod upload;

pub(crate) use manifest::path_problem;
pub use manifest::{ManifestEntry, NewManifest};
pub use of_version::NewAssets;
pub(crate) use of_version::{KeptManifest, VersionAssets, check_config};
pub use session::AssetUpload;
pub use token::AssetPermit;
pub use upload::NewAsset;
pub(crate) use upload::{extension, is_hash_of, sha_256};
