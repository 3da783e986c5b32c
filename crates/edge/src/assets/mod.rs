//! Static assets: files of a version, served before or beside its code.
//!
//! What a path leads to is worked out once per version ([`table`]), so that a request is one look in a map whose keys
//! are the version's own paths: nothing of a request ever names a file on disk. [`site`] decides between files and
//! code, [`respond`] answers, [`files`] holds the contents, [`sites`] the versions. A version's code asks for its own
//! assets on a private socket ([`serve`]). Must never know which host or version a request is for.

mod disk;
mod files;
mod glob;
mod headers;
mod path;
mod pattern;
mod range;
mod redirects;
mod respond;
mod routes;
mod serve;
mod site;
mod sites;
mod table;

pub(crate) use files::AssetBody;
pub(crate) use serve::serve;
pub(crate) use site::{Asked, Site};
pub(crate) use sites::Sites;
