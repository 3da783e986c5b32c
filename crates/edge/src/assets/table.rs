//! Which file, or which other path, each path of a version leads to: worked out once, so that a request is one look.

use std::collections::{HashMap, HashSet};

use coffer_types::assets::{HtmlHandling, NotFoundHandling};
use coffer_types::{AssetManifest, Digest};

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// To the file with this number.
    File(usize),
    /// To another path, decoded.
    Path(Box<str>),
}

/// What is served where no path leads anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    Nothing,
    /// The file with this number, with 200.
    Page(usize),
    /// The nearest of the files at these directories, with 404.
    Nearest(HashMap<Box<str>, usize>),
}

/// The paths of a version.
#[derive(Clone, Debug)]
pub(super) struct Table {
    leads: HashMap<Box<str>, Lead>,
    fallback: Fallback,
}

impl Table {
    /// The table of these files, numbered in the manifest's order.
    pub(super) fn new(
        manifest: &AssetManifest,
        html: HtmlHandling,
        not_found: NotFoundHandling,
    ) -> Self {
        let files = Files::new(manifest);
        let fallback = fallback(&files, not_found);
        let rules = Rules {
            files: &files,
            html,
            fallback: &fallback,
        };
        let mut leads = HashMap::new();
        for path in files.numbers.keys() {
            for candidate in candidates(path, html) {
                if let Some(lead) = rules.lead(&candidate, true) {
                    leads.insert(candidate.into(), lead);
                }
            }
        }
        Self { leads, fallback }
    }

    /// Where a decoded path leads.
    pub(super) fn lead(&self, path: &str) -> Option<&Lead> {
        self.leads.get(path)
    }

    /// The file that is served where a path leads nowhere, and whether it says that nothing is there.
    pub(super) fn fallback(&self, path: &str) -> Option<(usize, bool)> {
        self.fallback.of(path)
    }
}

impl Fallback {
    fn of(&self, path: &str) -> Option<(usize, bool)> {
        match self {
            Self::Nothing => None,
            Self::Page(file) => Some((*file, false)),
            Self::Nearest(pages) => {
                let mut directory = path;
                while let Some((above, _)) = directory.rsplit_once('/') {
                    if let Some(file) = pages.get(above) {
                        return Some((*file, true));
                    }
                    directory = above;
                }
                None
            }
        }
    }
}

fn fallback(files: &Files<'_>, not_found: NotFoundHandling) -> Fallback {
    match not_found {
        NotFoundHandling::None => Fallback::Nothing,
        NotFoundHandling::SinglePageApplication => files
            .number("/index.html")
            .map_or(Fallback::Nothing, Fallback::Page),
        NotFoundHandling::NotFoundPage => {
            let pages = files.numbers.iter();
            let pages = pages
                .filter_map(|(path, file)| Some((path.strip_suffix("/404.html")?.into(), *file)));
            Fallback::Nearest(pages.collect())
        }
    }
}

/// The files by their paths.
struct Files<'m> {
    numbers: HashMap<&'m str, usize>,
    digests: Vec<Digest>,
}

impl<'m> Files<'m> {
    fn new(manifest: &'m AssetManifest) -> Self {
        let paths = manifest.0.keys().map(String::as_str);
        Self {
            numbers: paths.zip(0..).collect(),
            digests: manifest.0.values().map(|asset| asset.digest).collect(),
        }
    }

    fn number(&self, path: &str) -> Option<usize> {
        self.numbers.get(path).copied()
    }
}

/// Every path that may lead to a file or be led away from because of it.
fn candidates(path: &str, html: HtmlHandling) -> HashSet<String> {
    let mut found = HashSet::from([path.to_owned()]);
    if html == HtmlHandling::None {
        return found;
    }
    if let Some(bare) = path.strip_suffix(".html") {
        for end in ["", "/", "/index", "/index.html"] {
            found.insert(format!("{bare}{end}"));
        }
    }
    if let Some(directory) = path.strip_suffix("/index.html") {
        for end in ["", "/", "/index", ".html"] {
            found.insert(format!("{directory}{end}"));
        }
    }
    found.remove("");
    found
}

/// How paths of HTML files are written.
struct Rules<'f> {
    files: &'f Files<'f>,
    html: HtmlHandling,
    fallback: &'f Fallback,
}

impl Rules<'_> {
    /// Where a path leads. It leads to another path only if that one leads to the same content at once.
    fn lead(&self, path: &str, redirects: bool) -> Option<Lead> {
        let exact = self.files.number(path);
        for step in self.steps(path, exact.is_some()) {
            match step {
                Step::Serve(file) => {
                    if let Some(file) = self.files.number(&file) {
                        return Some(Lead::File(file));
                    }
                }
                Step::Lead { file, to } => {
                    if redirects && self.leads_safely(&file, &to) {
                        return Some(Lead::Path(to.into()));
                    }
                }
            }
        }
        None
    }

    fn leads_safely(&self, file: &str, to: &str) -> bool {
        let Some(file) = self.files.number(file) else {
            return false;
        };
        if self.files.number(to).is_some() {
            return false;
        }
        let reached = match self.lead(to, false) {
            Some(Lead::File(reached)) => Some(reached),
            Some(Lead::Path(_)) => None,
            None => self.fallback.of(to).map(|(reached, _)| reached),
        };
        reached.is_some_and(|reached| self.files.digests[reached] == self.files.digests[file])
    }

    /// What is tried for a path, in order.
    fn steps(&self, path: &str, is_file: bool) -> Vec<Step> {
        match self.html {
            HtmlHandling::None => vec![serve(path)],
            HtmlHandling::AutoTrailingSlash => auto(path, is_file),
            HtmlHandling::ForceTrailingSlash => force(path, is_file),
            HtmlHandling::DropTrailingSlash => drop_slash(path, is_file),
        }
    }
}

/// One thing that is tried.
enum Step {
    /// The file at this path.
    Serve(String),
    /// If the file at the first path is there, to the second.
    Lead { file: String, to: String },
}

fn serve(file: impl Into<String>) -> Step {
    Step::Serve(file.into())
}

fn lead(file: impl Into<String>, to: impl Into<String>) -> Step {
    Step::Lead {
        file: file.into(),
        to: to.into(),
    }
}

/// Without `.html`; with a slash at the end only for `index.html` of a directory.
fn auto(path: &str, is_file: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(directory) = path.strip_suffix("/index") {
        if is_file {
            return vec![serve(path)];
        }
        steps.push(lead(format!("{path}.html"), format!("{directory}/")));
        steps.push(lead(format!("{directory}.html"), directory));
    } else if let Some(directory) = path.strip_suffix("/index.html") {
        steps.push(lead(path, format!("{directory}/")));
        steps.push(lead(format!("{directory}.html"), directory));
    } else if let Some(bare) = path.strip_suffix('/') {
        steps.push(serve(format!("{path}index.html")));
        steps.push(lead(format!("{bare}.html"), bare));
    } else if let Some(bare) = path.strip_suffix(".html") {
        steps.push(lead(path, bare));
        steps.push(lead(format!("{bare}/index.html"), format!("{bare}/")));
    }
    steps.push(serve(path));
    steps.push(serve(format!("{path}.html")));
    steps.push(lead(format!("{path}/index.html"), format!("{path}/")));
    steps
}

/// Always with a slash at the end.
fn force(path: &str, is_file: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(directory) = path.strip_suffix("/index") {
        if is_file {
            return vec![serve(path)];
        }
        steps.push(lead(format!("{path}.html"), format!("{directory}/")));
        steps.push(lead(format!("{directory}.html"), format!("{directory}/")));
    } else if let Some(directory) = path.strip_suffix("/index.html") {
        steps.push(lead(path, format!("{directory}/")));
        steps.push(lead(format!("{directory}.html"), format!("{directory}/")));
    } else if let Some(bare) = path.strip_suffix('/') {
        steps.push(serve(format!("{path}index.html")));
        steps.push(serve(format!("{bare}.html")));
    } else if let Some(bare) = path.strip_suffix(".html") {
        steps.push(lead(path, format!("{bare}/")));
        steps.push(serve(path));
        steps.push(lead(format!("{bare}/index.html"), format!("{bare}/")));
    }
    steps.push(serve(path));
    steps.push(lead(format!("{path}.html"), format!("{path}/")));
    steps.push(lead(format!("{path}/index.html"), format!("{path}/")));
    steps
}

/// Never with a slash at the end.
fn drop_slash(path: &str, is_file: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(directory) = path.strip_suffix("/index") {
        if is_file {
            return vec![serve(path)];
        }
        if directory.is_empty() {
            steps.push(lead("/index.html", "/"));
        } else {
            steps.push(lead(format!("{directory}.html"), directory));
            steps.push(lead(format!("{path}.html"), directory));
        }
    } else if let Some(directory) = path.strip_suffix("/index.html") {
        if directory.is_empty() {
            steps.push(lead("/index.html", "/"));
        } else {
            steps.push(lead(path, directory));
            steps.push(serve(path));
            steps.push(lead(format!("{directory}.html"), directory));
        }
    } else if path == "/" {
        steps.push(serve("/index.html"));
    } else if let Some(bare) = path.strip_suffix('/') {
        steps.push(lead(format!("{bare}.html"), bare));
        steps.push(lead(format!("{bare}/index.html"), bare));
    } else if let Some(bare) = path.strip_suffix(".html") {
        steps.push(lead(path, bare));
        steps.push(lead(format!("{bare}/index.html"), bare));
    }
    steps.push(serve(path));
    steps.push(serve(format!("{path}.html")));
    steps.push(serve(format!("{path}/index.html")));
    steps
}

#[cfg(test)]
mod tests {
    use coffer_types::Asset;

    use super::*;

    fn table(paths: &[&str], html: HtmlHandling, not_found: NotFoundHandling) -> Table {
        let mut manifest = AssetManifest::default();
        for path in paths {
            let mut digest = [0; 32];
            let bytes = path.as_bytes();
            digest[..bytes.len()].copy_from_slice(bytes);
            let asset = Asset {
                digest: Digest(digest),
                size: 1,
                content_type: None,
            };
            manifest.0.insert((*path).to_owned(), asset);
        }
        Table::new(&manifest, html, not_found)
    }

    /// The file's path, `> ` and the path it leads to, or nothing.
    fn told(table: &Table, paths: &[&str], path: &str) -> String {
        let mut sorted = paths.to_vec();
        sorted.sort_unstable();
        match table.lead(path) {
            Some(Lead::File(file)) => sorted[*file].to_owned(),
            Some(Lead::Path(to)) => format!("> {to}"),
            None => String::new(),
        }
    }

    const FILES: [&str; 6] = [
        "/index.html",
        "/page.html",
        "/dir/index.html",
        "/both.html",
        "/both/index.html",
        "/app.js",
    ];

    #[test]
    fn auto_trailing_slash() {
        check(
            HtmlHandling::AutoTrailingSlash,
            &[
                ("/", "/index.html"),
                ("/index", "> /"),
                ("/index.html", "> /"),
                ("/page", "/page.html"),
                ("/page.html", "> /page"),
                ("/page/", "> /page"),
                ("/page/index", "> /page"),
                ("/page/index.html", "> /page"),
                ("/dir", "> /dir/"),
                ("/dir/", "/dir/index.html"),
                ("/dir.html", "> /dir/"),
                ("/dir/index", "> /dir/"),
                ("/dir/index.html", "> /dir/"),
                ("/both", "/both.html"),
                ("/both/", "/both/index.html"),
                ("/both.html", "> /both"),
                ("/both/index.html", "> /both/"),
                ("/app.js", "/app.js"),
                ("/app", ""),
                ("/nothing", ""),
            ],
        );
    }

    #[test]
    fn force_trailing_slash() {
        check(
            HtmlHandling::ForceTrailingSlash,
            &[
                ("/", "/index.html"),
                ("/index.html", "> /"),
                ("/page", "> /page/"),
                ("/page.html", "> /page/"),
                ("/page/", "/page.html"),
                ("/page/index", "> /page/"),
                ("/dir", "> /dir/"),
                ("/dir/", "/dir/index.html"),
                ("/dir.html", "> /dir/"),
                ("/both/", "/both/index.html"),
                ("/both.html", "/both.html"),
                ("/app.js", "/app.js"),
            ],
        );
    }

    #[test]
    fn drop_trailing_slash() {
        check(
            HtmlHandling::DropTrailingSlash,
            &[
                ("/", "/index.html"),
                ("/index", "> /"),
                ("/index.html", "> /"),
                ("/page", "/page.html"),
                ("/page/", "> /page"),
                ("/page.html", "> /page"),
                ("/dir", "/dir/index.html"),
                ("/dir/", "> /dir"),
                ("/dir.html", "> /dir"),
                ("/dir/index", "> /dir"),
                ("/dir/index.html", "> /dir"),
                ("/both", "/both.html"),
                ("/both/index.html", "/both/index.html"),
                ("/app.js", "/app.js"),
            ],
        );
    }

    #[test]
    fn none() {
        check(
            HtmlHandling::None,
            &[
                ("/", ""),
                ("/index.html", "/index.html"),
                ("/page", ""),
                ("/page.html", "/page.html"),
                ("/dir/", ""),
                ("/app.js", "/app.js"),
            ],
        );
    }

    fn check(html: HtmlHandling, expected: &[(&str, &str)]) {
        let table = table(&FILES, html, NotFoundHandling::None);
        for (path, expected) in expected {
            assert_eq!(told(&table, &FILES, path), *expected, "{path}");
        }
        assert_eq!(table.fallback("/nothing"), None);
    }

    #[test]
    fn what_is_not_there_is_answered_by_the_nearest_page() {
        let files = ["/404.html", "/blog/404.html", "/index.html"];
        let table = table(
            &files,
            HtmlHandling::default(),
            NotFoundHandling::NotFoundPage,
        );
        assert_eq!(table.fallback("/x"), Some((0, true)));
        assert_eq!(table.fallback("/x/y"), Some((0, true)));
        assert_eq!(table.fallback("/blog/x"), Some((1, true)));
        assert_eq!(table.fallback("/blog/x/y/"), Some((1, true)));
        assert_eq!(table.fallback("/blogs/x"), Some((0, true)));
    }

    #[test]
    fn a_single_page_application_is_everywhere() {
        let not_found = NotFoundHandling::SinglePageApplication;
        let with = table(&["/index.html"], HtmlHandling::default(), not_found);
        assert_eq!(with.fallback("/x/y"), Some((0, false)));
        assert_eq!(told(&with, &["/index.html"], "/index.html"), "> /");
        let without = table(&["/app.js"], HtmlHandling::default(), not_found);
        assert_eq!(without.fallback("/x/y"), None);
    }
}
