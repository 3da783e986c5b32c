//! The guide: its pages, in order.

use std::sync::LazyLock;

use super::PATH;
use super::markdown::{Document, render};

/// A page's name in its address, and its text.
macro_rules! page {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../../../docs/guide/", $name, ".md")),
        )
    };
}

/// A heading of the list of pages, with the pages below it.
type Part = (&'static str, &'static [(&'static str, &'static str)]);

const PARTS: &[Part] = &[
    (
        "Begin",
        &[
            page!("getting-started"),
            page!("command-line"),
            page!("wrangler-and-sdks"),
        ],
    ),
    (
        "Secrets",
        &[
            page!("secrets-store"),
            page!("secrets-in-workers"),
            page!("variables-and-secrets"),
        ],
    ),
    (
        "Workers & Pages",
        &[
            page!("deployments"),
            page!("workers"),
            page!("local-development"),
            page!("project-configuration"),
            page!("pages"),
        ],
    ),
    (
        "Account",
        &[
            page!("members-and-roles"),
            page!("api-tokens"),
            page!("audit-log"),
        ],
    ),
    (
        "Operate",
        &[
            page!("operating"),
            page!("security"),
            page!("limits"),
            page!("troubleshooting"),
        ],
    ),
];

/// One page of the guide.
#[derive(Debug)]
pub(super) struct GuidePage {
    /// Its name in the address.
    pub(super) name: &'static str,
    /// The part of the guide that it stands in.
    pub(super) part: &'static str,
    /// Its text, as it was written.
    pub(super) markdown: &'static str,
    pub(super) document: Document,
}

static GUIDE: LazyLock<Vec<GuidePage>> = LazyLock::new(|| {
    let pages = PARTS
        .iter()
        .flat_map(|(part, pages)| pages.iter().map(move |page| (*part, *page)));
    pages
        .map(|(part, (name, markdown))| GuidePage {
            name,
            part,
            markdown,
            document: render(markdown, address),
        })
        .collect()
});

impl GuidePage {
    /// Where the page is.
    pub(super) fn path(&self) -> String {
        format!("{PATH}/{}", self.name)
    }
}

/// Every page, in order. They are rendered when the first is asked for.
pub(super) fn pages() -> &'static [GuidePage] {
    &GUIDE
}

/// The parts with their pages.
pub(super) fn parts() -> Vec<(&'static str, Vec<&'static GuidePage>)> {
    let in_part = |part| pages().iter().filter(move |page| page.part == part);
    PARTS
        .iter()
        .map(|(part, _)| (*part, in_part(*part).collect()))
        .collect()
}

/// The page of this name, and its place among all.
pub(super) fn find(name: &str) -> Option<(usize, &'static GuidePage)> {
    pages()
        .iter()
        .enumerate()
        .find(|(_, page)| page.name == name)
}

/// A link's address where pages are served: `other.md#part` leads to `/docs/other#part`.
fn address(written: &str) -> String {
    let (file, part) = match written.split_once('#') {
        Some((file, part)) => (file, Some(part)),
        None => (written, None),
    };
    match (file.strip_suffix(".md"), part) {
        (Some(name), Some(part)) => format!("{PATH}/{name}#{part}"),
        (Some(name), None) => format!("{PATH}/{name}"),
        (None, _) => written.to_owned(),
    }
}
