//! Where a project's configuration is.

use std::path::{Path, PathBuf};

/// The names of the file, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// The configuration file of a directory or of the nearest one above it. As Wrangler looks for them, a `wrangler.json`
/// further up comes before a `wrangler.toml` in the directory itself.
#[must_use]
pub fn find(directory: &Path) -> Option<PathBuf> {
    let directory = std::path::absolute(directory).ok()?;
    FILE_NAMES.iter().find_map(|name| {
        directory
            .ancestors()
            .map(|above| above.join(name))
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
