//! What files become that the code imports and that are no code.

use coffer_types::ModuleKind;
use coffer_wrangler_config::{Rule, RuleKind};

use super::failure::BundleError;
use super::glob;

/// Endings that esbuild reads as code.
const CODE: [&str; 9] = [
    ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".json",
];

/// The rules in their order, the configuration's before those that always hold.
#[derive(Debug)]
pub(super) struct Rules(Vec<(ModuleKind, Vec<String>)>);

impl Rules {
    /// Rules of a configuration. The first of a kind is the last of it, too, unless it falls through.
    pub(super) fn new(configured: &[Rule]) -> Self {
        let mut ended: Vec<ModuleKind> = Vec::new();
        let mut kept = Vec::new();
        let given = configured.iter().filter_map(|rule| {
            let kind = kind(rule.kind)?;
            Some((kind, rule.globs.clone(), rule.fallthrough == Some(true)))
        });
        for (kind, globs, falls_through) in given.chain(always()) {
            if ended.contains(&kind) {
                continue;
            }
            if !falls_through {
                ended.push(kind);
            }
            kept.push((kind, globs));
        }
        Self(kept)
    }

    /// What a file becomes, by its path with forward slashes.
    pub(super) fn kind_of(&self, path: &str) -> Option<ModuleKind> {
        let matches = |globs: &[String]| globs.iter().any(|one| glob::matches(plain(one), path));
        let found = self.0.iter().find(|(_, globs)| matches(globs));
        found.map(|(kind, _)| *kind)
    }

    /// The endings of files that esbuild is to leave as they are.
    ///
    /// # Errors
    /// For a rule whose files cannot be told by their ending.
    pub(super) fn copied_endings(&self) -> Result<Vec<String>, BundleError> {
        let mut endings = Vec::new();
        let not_code =
            |kind: &ModuleKind| !matches!(kind, ModuleKind::EsModule | ModuleKind::CommonJs);
        for (_, globs) in self.0.iter().filter(|(kind, _)| not_code(kind)) {
            for one in globs {
                let ending = ending(plain(one)).ok_or_else(|| {
                    BundleError::Rule(format!(
                        "the rule for {one:?} does not say how its files end; write it as \"**/*.txt\""
                    ))
                })?;
                if CODE.contains(&ending) && plain(one) != format!("**/*{ending}") {
                    return Err(BundleError::Rule(format!(
                        "the rule for {one:?} would take some files that end with {ending} as no code and leave others: \
                         give them an ending of their own, as .txt"
                    )));
                }
                endings.push(ending.to_owned());
            }
        }
        endings.sort();
        endings.dedup();
        Ok(endings)
    }
}

fn kind(kind: RuleKind) -> Option<ModuleKind> {
    match kind {
        RuleKind::EsModule => Some(ModuleKind::EsModule),
        RuleKind::CommonJs => Some(ModuleKind::CommonJs),
        RuleKind::CompiledWasm => Some(ModuleKind::Wasm),
        RuleKind::Text => Some(ModuleKind::Text),
        RuleKind::Data => Some(ModuleKind::Data),
        RuleKind::PythonModule | RuleKind::PythonRequirement => None,
    }
}

/// What holds without a word in the configuration.
fn always() -> impl Iterator<Item = (ModuleKind, Vec<String>, bool)> {
    let rules: [(ModuleKind, &[&str]); 5] = [
        (ModuleKind::Text, &["**/*.txt", "**/*.html", "**/*.sql"]),
        (ModuleKind::Data, &["**/*.bin"]),
        (ModuleKind::Wasm, &["**/*.wasm", "**/*.wasm?module"]),
        (ModuleKind::EsModule, &["**/*.js", "**/*.mjs"]),
        (ModuleKind::CommonJs, &["**/*.cjs"]),
    ];
    rules.into_iter().map(|(kind, globs)| {
        let globs = globs.iter().map(|&one| one.to_owned()).collect();
        (kind, globs, false)
    })
}

/// A pattern without the query that an import may have.
fn plain(glob: &str) -> &str {
    glob.strip_suffix("?module").unwrap_or(glob)
}

/// How files of a pattern end: what follows its last star, or the ending of the one file that it names.
fn ending(glob: &str) -> Option<&str> {
    let name = glob.rsplit('/').next()?;
    let from = match name.rfind(['*', '?']) {
        Some(star) => star + 1,
        None => name.rfind('.')?,
    };
    let ending = &name[from..];
    (ending.len() > 1 && ending.starts_with('.')).then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: RuleKind, globs: &[&str], fallthrough: Option<bool>) -> Rule {
        Rule {
            kind,
            globs: globs.iter().map(|&one| one.to_owned()).collect(),
            fallthrough,
        }
    }

    #[test]
    fn some_rules_always_hold() {
        let rules = Rules::new(&[]);
        for (path, expected) in [
            ("a.txt", Some(ModuleKind::Text)),
            ("x/page.html", Some(ModuleKind::Text)),
            ("x.bin", Some(ModuleKind::Data)),
            ("x.wasm", Some(ModuleKind::Wasm)),
            ("lib/x.mjs", Some(ModuleKind::EsModule)),
            ("x.cjs", Some(ModuleKind::CommonJs)),
            ("x.md", None),
        ] {
            assert_eq!(rules.kind_of(path), expected, "{path}");
        }
        assert_eq!(
            rules.copied_endings().unwrap(),
            [".bin", ".html", ".sql", ".txt", ".wasm"]
        );
    }

    #[test]
    fn a_rule_ends_its_kind_unless_it_falls_through() {
        let rules = Rules::new(&[rule(RuleKind::Text, &["**/*.md"], None)]);
        assert_eq!(rules.kind_of("a.md"), Some(ModuleKind::Text));
        assert_eq!(rules.kind_of("a.txt"), None);
        let rules = Rules::new(&[rule(RuleKind::Text, &["**/*.md"], Some(true))]);
        assert_eq!(rules.kind_of("a.txt"), Some(ModuleKind::Text));
    }

    #[test]
    fn a_rule_without_an_ending_is_refused_by_name() {
        for glob in ["**/*", "data/*", "**/*.", "templates/*.js"] {
            let rules = Rules::new(&[rule(RuleKind::Text, &[glob], None)]);
            let refused = rules.copied_endings().unwrap_err().to_string();
            assert!(refused.contains(glob), "{refused}");
        }
        let rules = Rules::new(&[rule(RuleKind::Data, &["keys/public.pem"], None)]);
        assert!(rules.copied_endings().unwrap().contains(&".pem".to_owned()));
    }
}
