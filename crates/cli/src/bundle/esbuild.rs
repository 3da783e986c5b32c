//! esbuild, as a program.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use coffer_types::{Format, ModuleKind};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use super::builtins::{NAMES, NodeCompatibility};
use super::failure::BundleError;
use super::files::{self, Found, name_below};
use super::rules::Rules;
use super::{Bundled, Module, Purpose, Recipe};
use crate::{environment, output};

/// Where npm puts it: the program itself before the script that leads to it.
const PACKAGED: [&str; 3] = [
    "node_modules/@esbuild/linux-x64/bin/esbuild",
    "node_modules/@esbuild/linux-arm64/bin/esbuild",
    "node_modules/.bin/esbuild",
];
/// What packages say which of their files is for this runtime.
const CONDITIONS: &str = "workerd,worker,browser";
/// What the runtime knows at every compatibility date, and esbuild since long.
const TARGET: &str = "es2022";
/// The list of what was read and written.
const LIST: &str = ".list.json";

/// The program.
#[derive(Debug)]
pub(super) struct Esbuild(PathBuf);

/// What esbuild tells of a run.
#[derive(Debug, Deserialize)]
struct List {
    inputs: BTreeMap<String, serde::de::IgnoredAny>,
    outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
struct Output {
    #[serde(default)]
    imports: Vec<Import>,
    #[serde(default)]
    exports: Vec<String>,
    #[serde(default)]
    inputs: BTreeMap<String, serde::de::IgnoredAny>,
    #[serde(rename = "entryPoint")]
    entry: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Import {
    path: String,
    #[serde(default)]
    external: bool,
}

/// A run that went well.
struct Run {
    directory: TempDir,
    list: List,
    remarks: String,
}

impl Esbuild {
    /// Finds the program: in the packages of the project or of a directory above it, then beside this program, then in
    /// the directories of `PATH`.
    pub(super) fn find(directory: &Path) -> Result<Self, BundleError> {
        let program = std::env::current_exe().ok();
        let packaged = directory
            .ancestors()
            .chain(
                program
                    .iter()
                    .flat_map(|program| program.ancestors().skip(1)),
            )
            .flat_map(|place| PACKAGED.map(|package| place.join(package)));
        let path = std::env::var_os("PATH");
        let on_path = path
            .iter()
            .flat_map(std::env::split_paths)
            .map(|place| place.join("esbuild"));
        let found = packaged.chain(on_path).find(|place| place.is_file());
        found
            .map(Self)
            .ok_or_else(|| BundleError::EsbuildMissing(directory.to_owned()))
    }

    /// Bundles a project's code. `beside` are modules that are uploaded next to it.
    pub(super) async fn bundle(
        &self,
        recipe: &Recipe,
        rules: &Rules,
        beside: Vec<Found>,
    ) -> Result<Bundled, BundleError> {
        let outside: Vec<_> = beside
            .iter()
            .filter(|one| files::is_code(one.module.kind))
            .map(|one| one.path.as_path())
            .collect();
        let mut run = self.run(recipe, rules, &outside, Format::Modules).await?;
        let mut format = Format::Modules;
        if run.main()?.1.exports.is_empty() {
            format = Format::ServiceWorker;
            run = self.run(recipe, rules, &outside, format).await?;
        }
        let mut modules = run.modules(recipe, rules, format)?;
        let mut sources = run.sources(recipe);
        sources.extend(beside.iter().map(|one| one.path.clone()));
        if format == Format::ServiceWorker {
            if let Some(extra) = modules.iter().find(|one| one.kind == ModuleKind::Wasm) {
                return Err(BundleError::Rule(format!(
                    "{} is imported by code that listens for events: let the code have a default export, or bind the \
                     file with wasm_modules",
                    extra.name
                )));
            }
        } else {
            for Found { module, .. } in beside {
                if !modules.iter().any(|one| one.name == module.name) {
                    modules.push(module);
                }
            }
        }
        Ok(Bundled {
            modules,
            format,
            sources,
            remarks: run.remarks,
        })
    }

    async fn run(
        &self,
        recipe: &Recipe,
        rules: &Rules,
        outside: &[&Path],
        format: Format,
    ) -> Result<Run, BundleError> {
        let directory = tempfile::tempdir()
            .map_err(|error| BundleError::read(&std::env::temp_dir(), &error))?;
        let ran = Command::new(&self.0)
            .args(flags(recipe, rules, outside, format)?)
            .arg(flag("--outdir=", directory.path()))
            .arg(flag("--metafile=", &directory.path().join(LIST)))
            .arg(&recipe.entry)
            .current_dir(&recipe.directory)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|source| BundleError::EsbuildFails {
                program: self.0.clone(),
                source,
            })?;
        let remarks = String::from_utf8_lossy(&ran.stderr).trim_end().to_owned();
        if !ran.status.success() {
            return Err(BundleError::Refused(explained(remarks, recipe)));
        }
        let path = directory.path().join(LIST);
        let text = fs::read(&path).map_err(|error| BundleError::read(&path, &error))?;
        let list =
            serde_json::from_slice(&text).map_err(|error| BundleError::read(&path, &error))?;
        Ok(Run {
            directory,
            list,
            remarks,
        })
    }
}

impl Run {
    /// The name and the record of the file that the code begins with.
    fn main(&self) -> Result<(String, &Output), BundleError> {
        let mut outputs = self.list.outputs.iter();
        let found = outputs.find(|(_, output)| output.entry.is_some());
        let (path, output) = found
            .ok_or_else(|| BundleError::Refused("esbuild made nothing of the code".to_owned()))?;
        Ok((file_name(path).to_owned(), output))
    }

    /// Everything that was written, the code first.
    fn modules(
        &self,
        recipe: &Recipe,
        rules: &Rules,
        format: Format,
    ) -> Result<Vec<Module>, BundleError> {
        let (main, main_output) = self.main()?;
        let mut copied = Vec::new();
        for (path, output) in &self.list.outputs {
            let name = file_name(path).to_owned();
            if output.entry.is_some() || name.ends_with(".map") || name.ends_with(".css") {
                continue;
            }
            let input = output.inputs.keys().next().map_or("", String::as_str);
            let kind = self.kind_of(input, recipe, rules)?;
            let content = self.read(&name)?;
            copied.push(Module {
                name,
                kind,
                content,
            });
        }
        let code = String::from_utf8_lossy(&self.read(&main)?).into_owned();
        let place = self.directory.path();
        let code = with_names(code, place, recipe.base(), main_output, &copied);
        let mut modules = vec![Module {
            kind: match format {
                Format::Modules => ModuleKind::EsModule,
                Format::ServiceWorker => ModuleKind::CommonJs,
            },
            content: code.into_bytes(),
            name: main.clone(),
        }];
        modules.append(&mut copied);
        if recipe.source_map {
            let name = format!("{main}.map");
            modules.push(Module {
                kind: ModuleKind::SourceMap,
                content: self.read(&name)?,
                name,
            });
        }
        Ok(modules)
    }

    /// What a file becomes that esbuild copied. The rules speak of paths below the project or below the modules.
    fn kind_of(
        &self,
        input: &str,
        recipe: &Recipe,
        rules: &Rules,
    ) -> Result<ModuleKind, BundleError> {
        let input = without_query(input);
        let path = recipe.directory.join(input);
        let names = [
            name_below(recipe.base(), &path),
            name_below(&recipe.directory, &path),
            Some(input.trim_start_matches("../").to_owned()),
        ];
        let mut kinds = names
            .iter()
            .flatten()
            .filter_map(|name| rules.kind_of(name));
        kinds.next().ok_or_else(|| {
            BundleError::Rule(format!(
                "{input} is imported, and no rule of the configuration says what it becomes"
            ))
        })
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let path = self.directory.path().join(name);
        fs::read(&path).map_err(|error| BundleError::read(&path, &error))
    }

    /// The files that were read. Names in the list that are no files, as of virtual modules, are left out.
    fn sources(&self, recipe: &Recipe) -> Vec<PathBuf> {
        let inputs = self.list.inputs.keys();
        inputs
            .map(|input| recipe.directory.join(without_query(input)))
            .filter(|path| path.is_file())
            .collect()
    }
}

fn flags(
    recipe: &Recipe,
    rules: &Rules,
    outside: &[&Path],
    format: Format,
) -> Result<Vec<OsString>, BundleError> {
    let settings = &recipe.settings;
    let conditions = environment::first(&["WRANGLER_BUILD_CONDITIONS"]);
    let mut flags: Vec<OsString> = Vec::new();
    let mut add = |text: String| flags.push(text.into());
    add("--bundle".to_owned());
    add(match format {
        Format::Modules => "--format=esm".to_owned(),
        Format::ServiceWorker => "--format=iife".to_owned(),
    });
    add(format!("--target={TARGET}"));
    add(format!(
        "--conditions={}",
        conditions.as_deref().unwrap_or(CONDITIONS)
    ));
    add("--log-level=warning".to_owned());
    add(format!("--color={}", output::has_colour()));
    add("--asset-names=[name]-[hash]".to_owned());
    for ending in [".js", ".mjs", ".cjs"] {
        add(format!("--loader:{ending}=jsx"));
    }
    for ending in rules.copied_endings()? {
        add(format!("--loader:{ending}=copy"));
    }
    for module in [
        "node:*",
        "cloudflare:*",
        "workerd:*",
        "__STATIC_CONTENT_MANIFEST",
    ] {
        add(format!("--external:{module}"));
    }
    if NodeCompatibility::of(recipe) == NodeCompatibility::Second {
        let own = |name: &str| settings.alias.iter().any(|(from, _)| from == name);
        for name in NAMES.iter().filter(|name| !own(name)) {
            add(format!("--alias:{name}=node:{name}"));
        }
    }
    for (from, to) in &settings.alias {
        add(format!("--alias:{from}={to}"));
    }
    for (name, code) in defined(recipe) {
        add(format!("--define:{name}={code}"));
    }
    if settings.keep_names.unwrap_or(true) {
        add("--keep-names".to_owned());
    }
    if settings.minify {
        add("--minify".to_owned());
    }
    if recipe.source_map {
        add("--sourcemap".to_owned());
    }
    if let Some(factory) = &settings.jsx_factory {
        add(format!("--jsx-factory={factory}"));
    }
    if let Some(fragment) = &settings.jsx_fragment {
        add(format!("--jsx-fragment={fragment}"));
    }
    if let Some(tsconfig) = &settings.tsconfig {
        flags.push(flag("--tsconfig=", tsconfig));
    }
    flags.extend(outside.iter().map(|path| flag("--external:", path)));
    Ok(flags)
}

/// Identifiers and the code in their place: the configuration's own come last and count.
fn defined(recipe: &Recipe) -> Vec<(String, String)> {
    let purpose = match recipe.purpose {
        Purpose::Development => "development",
        Purpose::Deployment => "production",
    };
    let mode = environment::first(&["NODE_ENV"]).unwrap_or_else(|| purpose.to_owned());
    let mode = serde_json::Value::from(mode).to_string();
    let mut defined: Vec<(String, String)> = [
        "process.env.NODE_ENV",
        "global.process.env.NODE_ENV",
        "globalThis.process.env.NODE_ENV",
    ]
    .map(|name| (name.to_owned(), mode.clone()))
    .into();
    for (name, code) in &recipe.settings.define {
        defined.retain(|(one, _)| one != name);
        defined.push((name.clone(), code.clone()));
    }
    defined
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(OsStr::new(path));
    flag
}

/// Names modules in the code as they are uploaded: esbuild names code outside by its way from where it writes, and
/// keeps the query of an import.
fn with_names(
    mut code: String,
    written_to: &Path,
    base: &Path,
    main: &Output,
    copied: &[Module],
) -> String {
    let outside = main.imports.iter().filter(|import| import.external);
    let outside = outside.filter_map(|import| {
        let below = name_below(base, &resolved(written_to, &import.path))?;
        Some((import.path.clone(), format!("./{below}")))
    });
    let queried = copied.iter().map(|module| {
        let name = &module.name;
        (format!("./{name}?module"), format!("./{name}"))
    });
    for (from, to) in outside.chain(queried) {
        let from = serde_json::Value::from(from).to_string();
        let to = serde_json::Value::from(to).to_string();
        code = code.replace(&from, &to);
    }
    code
}

/// Where a relative path leads from a directory.
fn resolved(directory: &Path, path: &str) -> PathBuf {
    let mut place = directory.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                place.pop();
            }
            Component::CurDir => {}
            part => place.push(part),
        }
    }
    place
}

/// esbuild's words, with what is to be done where it is about this runtime.
fn explained(mut said: String, recipe: &Recipe) -> String {
    let about_node = said.contains("but is built into node");
    if about_node && NodeCompatibility::of(recipe) != NodeCompatibility::Second {
        said.push_str(
            "\nmodules of Node.js are there with \"nodejs_compat\" in compatibility_flags, and a compatibility_date of \
             2024-09-23 or later",
        );
    }
    said
}

/// The file of an import, which may have a query.
fn without_query(input: &str) -> &str {
    input.strip_suffix("?module").unwrap_or(input)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
