//! What a file may hold. All are our own bounds, far above what people write.

/// Bytes of a configuration file, and of a file of local values.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Lists and objects inside each other.
pub(crate) const MAX_DEPTH: usize = 64;
/// Problems that are told of one file; the last one says that there are more.
pub const MAX_PROBLEMS: usize = 50;
/// Columns of a line that a problem shows.
pub(crate) const MAX_EXCERPT_COLUMNS: usize = 100;
/// Characters of a text that a message repeats.
pub(crate) const MAX_QUOTED_CHARS: usize = 40;
