//! The `functions/` of a Pages project, as one Worker: each file answers at the path that it has.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::failure::BundleError;
use super::{Bundled, Recipe, bundle, syntax};

/// Leads requests to the files.
const ROUTER: &str = include_str!("functions.js");
/// What code is written in.
const ENDINGS: [&str; 5] = ["js", "mjs", "jsx", "ts", "tsx"];
/// What a file exports that answers.
const HANDLERS: [&str; 8] = [
    "onRequest",
    "onRequestGet",
    "onRequestHead",
    "onRequestPost",
    "onRequestPut",
    "onRequestPatch",
    "onRequestDelete",
    "onRequestOptions",
];
/// The file of what comes before the functions of its directory and of those in it.
const MIDDLEWARE: &str = "_middleware";
/// The most rules of `_routes.json`.
const MAX_RULES: usize = 100;
/// The longest of them.
const MAX_RULE_CHARS: usize = 100;
/// More files than a project has functions.
const MAX_FILES: usize = 10_000;

/// Functions as one Worker.
#[derive(Debug)]
pub(crate) struct Functions {
    /// The Worker.
    pub(crate) bundled: Bundled,
    /// `_routes.json`: the paths that it is asked for.
    pub(crate) routes: String,
}

/// A file and where it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Function {
    file: PathBuf,
    /// As `/api/:id` or `/files/:path*`.
    path: String,
    /// The path of its directory.
    mount: String,
    is_middleware: bool,
}

/// Makes one Worker of a directory of functions; `None` if nothing in it answers. What the recipe says of where the code
/// begins does not count.
///
/// # Errors
/// As [`bundle`], and for a file whose name is no route.
pub(crate) async fn bundle_functions(
    directory: &Path,
    recipe: &Recipe,
) -> Result<Option<Functions>, BundleError> {
    let mut functions = Vec::new();
    walk(directory, "", &mut functions)?;
    if functions.is_empty() {
        return Ok(None);
    }
    functions.sort_by(compare);
    let place =
        tempfile::tempdir().map_err(|error| BundleError::read(&std::env::temp_dir(), &error))?;
    let entry = place.path().join("index.js");
    fs::write(&entry, worker(&functions)).map_err(|error| BundleError::read(&entry, &error))?;
    let mut recipe = recipe.clone();
    recipe.entry.clone_from(&entry);
    recipe.settings.no_bundle = false;
    recipe.settings.find_additional_modules = None;
    recipe.settings.base_dir = Some(directory.to_owned());
    let mut bundled = bundle(&recipe).await?;
    bundled.sources.retain(|source| *source != entry);
    Ok(Some(Functions {
        bundled,
        routes: routes(&functions),
    }))
}

fn walk(directory: &Path, below: &str, found: &mut Vec<Function>) -> Result<(), BundleError> {
    let unreadable = |error| BundleError::read(directory, &error);
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if path.is_dir() {
            if name != "node_modules" {
                walk(&path, &format!("{below}/{name}"), found)?;
            }
            continue;
        }
        let Some((stem, ending)) = name.rsplit_once('.') else {
            continue;
        };
        if ENDINGS.contains(&ending) && answers(&path)? {
            found.push(function(path, below, stem)?);
        }
        if found.len() > MAX_FILES {
            return Err(BundleError::TooManyFiles {
                directory: directory.to_owned(),
                most: MAX_FILES,
            });
        }
    }
    Ok(())
}

/// Whether a file has a handler: others are there to be imported.
fn answers(path: &Path) -> Result<bool, BundleError> {
    let code = fs::read(path).map_err(|error| BundleError::read(path, &error))?;
    let code = String::from_utf8_lossy(&code);
    Ok(HANDLERS.iter().any(|name| syntax::exports(&code, name)))
}

fn function(file: PathBuf, below: &str, stem: &str) -> Result<Function, BundleError> {
    let is_middleware = stem == MIDDLEWARE;
    let own = match stem {
        MIDDLEWARE | "index" => String::new(),
        stem => format!("/{stem}"),
    };
    let named = |text: &str| {
        route(text).ok_or_else(|| {
            BundleError::Rule(format!(
                "{} names no route: what is in brackets is of letters, digits and underscores, as [id] or [[path]]",
                file.display()
            ))
        })
    };
    let (path, mount) = (named(&format!("{below}{own}"))?, named(below)?);
    Ok(Function {
        file,
        path,
        mount,
        is_middleware,
    })
}

/// A path with `:name` for `[name]` and `:name*` for `[[name]]`.
fn route(text: &str) -> Option<String> {
    let mut route = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        route.push_str(&rest[..open]);
        let doubled = rest[open..].starts_with("[[");
        let (from, close, star) = if doubled {
            (2, "]]", "*")
        } else {
            (1, "]", "")
        };
        let inner = &rest[open + from..];
        let end = inner.find(close)?;
        let name = &inner[..end];
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return None;
        }
        route.push_str(&format!(":{name}{star}"));
        rest = &inner[end + close.len()..];
    }
    route.push_str(rest);
    Some(if route.is_empty() {
        "/".to_owned()
    } else {
        route
    })
}

/// The more specific first.
fn compare(one: &Function, other: &Function) -> Ordering {
    let segments = |path: &str| -> Vec<(bool, bool)> {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let dynamic = segments.map(|segment| (segment.contains('*'), segment.contains(':')));
        dynamic.collect()
    };
    let (ours, theirs) = (segments(&one.path), segments(&other.path));
    theirs
        .len()
        .cmp(&ours.len())
        .then_with(|| ours.cmp(&theirs))
        .then_with(|| one.path.cmp(&other.path))
        .then_with(|| one.file.cmp(&other.file))
}

fn worker(functions: &[Function]) -> String {
    let mut code = String::new();
    let mut files = Vec::new();
    for (index, function) in functions.iter().enumerate() {
        let file = json!(function.file.to_string_lossy());
        code.push_str(&format!("import * as file{index} from {file};\n"));
        let (path, mount) = (json!(function.path), json!(function.mount));
        let is_middleware = function.is_middleware;
        files.push(format!(
            "  {{ path: {path}, mount: {mount}, isMiddleware: {is_middleware}, module: file{index} }},\n"
        ));
    }
    code.push_str(&format!("const files = [\n{}];\n", files.concat()));
    code.push_str(ROUTER);
    code
}

/// `_routes.json`: every path that a function may answer, without those that another one means already.
fn routes(functions: &[Function]) -> String {
    let mut rules: Vec<String> = functions.iter().map(rule).collect();
    rules.sort();
    rules.dedup();
    let wide: Vec<String> = rules
        .iter()
        .filter(|rule| rule.ends_with("/*"))
        .cloned()
        .collect();
    rules.retain(|rule| {
        !wide.iter().any(|other| {
            let base = other.trim_end_matches('*');
            other != rule && (rule.starts_with(base) || *rule == base.trim_end_matches('/'))
        })
    });
    if rules.len() > MAX_RULES
        || rules
            .iter()
            .any(|rule| rule.chars().count() > MAX_RULE_CHARS)
    {
        rules = vec!["/*".to_owned()];
    }
    json!({ "version": 1, "include": rules, "exclude": [] }).to_string()
}

fn rule(function: &Function) -> String {
    let path = &function.path;
    if let Some(at) = path.find(':') {
        // Up to the slash before it: `*` stands for all that follows.
        let at = path[..at].rfind('/').map_or(0, |slash| slash + 1);
        return format!("{}*", &path[..at]);
    }
    if function.is_middleware {
        return format!("{}/*", path.trim_end_matches('/'));
    }
    path.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Vec<Function> {
        let function = |name: &&str| {
            let (below, stem) = name.rsplit_once('/').unwrap();
            function(PathBuf::from(name), below, stem).unwrap()
        };
        let mut functions: Vec<_> = names.iter().map(function).collect();
        functions.sort_by(compare);
        functions
    }

    #[test]
    fn files_answer_at_their_paths_the_most_specific_first() {
        let functions = of(&[
            "/index",
            "/[[all]]",
            "/api/[id]",
            "/api/_middleware",
            "/api/index",
            "/api/list",
            "/api/[id]/[[rest]]",
        ]);
        let paths: Vec<_> = functions
            .iter()
            .map(|one| (one.path.as_str(), one.mount.as_str(), one.is_middleware))
            .collect();
        assert_eq!(
            paths,
            [
                ("/api/:id/:rest*", "/api/:id", false),
                ("/api/list", "/api", false),
                ("/api/:id", "/api", false),
                ("/api", "/api", true),
                ("/api", "/api", false),
                ("/:all*", "/", false),
                ("/", "/", false),
            ]
        );
    }

    #[test]
    fn what_is_in_brackets_is_a_name() {
        for bad in ["/[]", "/[a-b]", "/[[a]", "/[a b]", "/[a"] {
            assert_eq!(route(bad), None, "{bad}");
        }
        assert_eq!(route("/x/[id]/[[rest]]").as_deref(), Some("/x/:id/:rest*"));
        assert_eq!(route("").as_deref(), Some("/"));
    }

    #[test]
    fn routes_say_what_the_worker_is_asked_for() {
        for (names, expected) in [
            (&["/hello"][..], r#"["/hello"]"#),
            (
                &["/api/[id]", "/api/list", "/hello"],
                r#"["/api/*","/hello"]"#,
            ),
            (&["/api/_middleware", "/api/index"], r#"["/api/*"]"#),
            (&["/_middleware", "/a/b"], r#"["/*"]"#),
            (&["/[[path]]"], r#"["/*"]"#),
        ] {
            let routes = routes(&of(names));
            assert!(routes.contains(expected), "{routes}");
        }
    }
}
