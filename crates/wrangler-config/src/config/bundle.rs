//! How a Worker's code is made of the project's files.

use std::path::PathBuf;

use crate::field::Field;
use crate::layers::Layers;

/// How the code is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// `no_bundle`: the files are uploaded as they are.
    pub no_bundle: bool,
    /// `find_additional_modules`; `None` is what `no_bundle` says.
    pub find_additional_modules: Option<bool>,
    /// `preserve_file_names`: modules beside the code keep their names.
    pub preserve_file_names: bool,
    /// `base_dir`: where additional modules are looked for; `None` is the directory of `main`.
    pub base_dir: Option<PathBuf>,
    /// `rules`, the first that fits a file counts.
    pub rules: Vec<Rule>,
    /// `minify`.
    pub minify: bool,
    /// `keep_names`; `None` is true.
    pub keep_names: Option<bool>,
    /// `upload_source_maps`.
    pub upload_source_maps: bool,
    /// `alias`: a module's name and what is taken in its place.
    pub alias: Vec<(String, String)>,
    /// `define`: an identifier and the code that takes its place.
    pub define: Vec<(String, String)>,
    /// `tsconfig`.
    pub tsconfig: Option<PathBuf>,
    /// `jsx_factory`; `None` is `React.createElement`.
    pub jsx_factory: Option<String>,
    /// `jsx_fragment`; `None` is `React.Fragment`.
    pub jsx_fragment: Option<String>,
    /// `build`.
    pub build: CustomBuild,
}

/// `build`: a command that makes the code before it is bundled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomBuild {
    /// The command, for a shell.
    pub command: Option<String>,
    /// Where it runs.
    pub cwd: Option<PathBuf>,
    /// Directories whose changes make it run again; `src` if the file names none.
    pub watch_dirs: Vec<PathBuf>,
}

/// A rule: what files become that the code imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind of module.
    pub kind: RuleKind,
    /// The files.
    pub globs: Vec<String>,
    /// Whether later rules of the kind count too; `None` if the file does not say.
    pub fallthrough: Option<bool>,
}

/// A kind of module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// `ESModule`.
    EsModule,
    /// `CommonJS`.
    CommonJs,
    /// `CompiledWasm`.
    CompiledWasm,
    /// `Text`.
    Text,
    /// `Data`.
    Data,
    /// `PythonModule`.
    PythonModule,
    /// `PythonRequirement`.
    PythonRequirement,
}

impl RuleKind {
    const ALL: [(&str, Self); 7] = [
        ("ESModule", Self::EsModule),
        ("CommonJS", Self::CommonJs),
        ("CompiledWasm", Self::CompiledWasm),
        ("Text", Self::Text),
        ("Data", Self::Data),
        ("PythonModule", Self::PythonModule),
        ("PythonRequirement", Self::PythonRequirement),
    ];
}

pub(super) fn read(layers: &Layers<'_>) -> Bundle {
    let boolean = |key: &str| layers.field(key)?.boolean();
    let text = |key: &str| layers.field(key)?.words();
    let path = |key: &str| layers.field(key)?.path();
    Bundle {
        no_bundle: boolean("no_bundle").unwrap_or(false),
        find_additional_modules: boolean("find_additional_modules"),
        preserve_file_names: boolean("preserve_file_names").unwrap_or(false),
        base_dir: path("base_dir"),
        rules: rules(layers).unwrap_or_default(),
        minify: boolean("minify").unwrap_or(false),
        keep_names: boolean("keep_names"),
        upload_source_maps: boolean("upload_source_maps").unwrap_or(false),
        alias: pairs(layers, "alias").unwrap_or_default(),
        define: pairs(layers, "define").unwrap_or_default(),
        tsconfig: path("tsconfig"),
        jsx_factory: text("jsx_factory"),
        jsx_fragment: text("jsx_fragment"),
        build: build(layers).unwrap_or_default(),
    }
}

fn rules(layers: &Layers<'_>) -> Option<Vec<Rule>> {
    let items = layers.field("rules")?.items()?;
    Some(items.iter().filter_map(rule).collect())
}

fn rule(item: &Field<'_>) -> Option<Rule> {
    let table = item.table()?;
    table.only(&["type", "globs", "fallthrough"]);
    let kind = table
        .required("type", "the kind of module, as \"Text\"")
        .and_then(|field| field.one_of(&RuleKind::ALL));
    let globs = table
        .required("globs", "the files, as [\"**/*.txt\"]")
        .and_then(|field| field.texts());
    let fallthrough = table.field("fallthrough").and_then(|field| field.boolean());
    Some(Rule {
        kind: kind?,
        globs: globs?,
        fallthrough,
    })
}

fn pairs(layers: &Layers<'_>, key: &str) -> Option<Vec<(String, String)>> {
    let table = layers.field(key)?.table()?;
    table.warn_of_repeated();
    let fields = table.fields().into_iter();
    Some(
        fields
            .filter_map(|(name, field)| Some((name.to_owned(), field.text()?)))
            .collect(),
    )
}

fn build(layers: &Layers<'_>) -> Option<CustomBuild> {
    let table = layers.field("build")?.table()?;
    table.only(&["command", "cwd", "watch_dir"]);
    let watched = match table.field("watch_dir") {
        Some(field) if field.is_list() => field.items()?.iter().filter_map(Field::path).collect(),
        Some(field) => field.path().into_iter().collect(),
        None => vec![layers.report.source.beside("src")],
    };
    Some(CustomBuild {
        command: table.field("command").and_then(|field| field.words()),
        cwd: table.field("cwd").and_then(|field| field.path()),
        watch_dirs: watched,
    })
}
