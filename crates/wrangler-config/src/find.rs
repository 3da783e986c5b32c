//! Where a project's configuration is.

use std::path::{Path, PathBuf};

/// The names of the file, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// The configuration file of a directory or of the nearest one above it. As Wrangler looks for them, a `wrangler.json`
/// further up comes before a `wrangler.toml` in the directory itself. A file of the directory itself is named as the
/// directory is, one above it in full.
#[must_use]
pub fn find(directory: &Path) -> Option<PathBuf> {
    let full = std::path::absolute(directory).ok()?;
    FILE_NAMES.iter().find_map(|name| {
        let here = if directory == Path::new(".") {
            PathBuf::from(name)
        } else {
            directory.join(name)
        };
        let above = full.ancestors().skip(1).map(|above| above.join(name));
        std::iter::once(here)
            .chain(above)
            .find(|path| path.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_the_first_name_is_found() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let write = |path: &str| {
            let path = top.path().join(path);
            std::fs::write(&path, "{}").unwrap();
            path
        };
        let toml = write("a/b/wrangler.toml");
        assert_eq!(find(&inner), Some(toml));
        let jsonc = write("a/wrangler.jsonc");
        assert_eq!(find(&inner), Some(jsonc));
        let json = write("wrangler.json");
        assert_eq!(find(&inner), Some(json));
        std::fs::create_dir(inner.join("wrangler.json")).unwrap();
        assert_eq!(find(&inner), Some(top.path().join("wrangler.json")));
    }
}
