//! The same project as JSON and as TOML, and what its environments take over.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

use std::path::{Path, PathBuf};

use coffer_wrangler_config::{
    Config, CustomBuild, HtmlHandling, Json, LocalProtocol, NotFoundHandling, PagesEnvironment,
    Project, Route, Rule, RuleKind, RunWorkerFirst, Zone,
};

const JSONC: &str = include_str!("files/full.jsonc");
const TOML: &str = include_str!("files/full.toml");

fn config(file: &str, text: &str, environment: Option<&str>) -> Config {
    let project = Project::parse(Path::new(file), text).unwrap();
    let read = project.config(environment).unwrap();
    read.config
}

fn text(value: &str) -> Json {
    Json::Text(value.to_owned())
}

#[test]
fn both_formats_say_the_same() {
    let (json, mut toml) = (
        config("p/w.jsonc", JSONC, None),
        config("p/w.toml", TOML, None),
    );
    toml.path.clone_from(&json.path);
    assert_eq!(format!("{json:#?}"), format!("{toml:#?}"));
    for environment in ["staging", "bare"] {
        let json = config("p/w.jsonc", JSONC, Some(environment));
        let mut toml = config("p/w.toml", TOML, Some(environment));
        toml.path.clone_from(&json.path);
        assert_eq!(format!("{json:#?}"), format!("{toml:#?}"));
    }
    for (file, text) in [("w.jsonc", JSONC), ("w.toml", TOML)] {
        let project = Project::parse(Path::new(file), text).unwrap();
        let warnings = project.config(None).unwrap().warnings;
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(project.environments(), ["staging", "bare"]);
    }
}

#[test]
fn every_key_is_in_the_model() {
    let read = config("p/w.jsonc", JSONC, None);
    assert_eq!(read.name.as_deref(), Some("full"));
    assert_eq!(read.main, Some(PathBuf::from("p/src/index.ts")));
    assert_eq!(
        read.account_id.as_deref(),
        Some("0123456789abcdef0123456789abcdef")
    );
    assert_eq!(read.compatibility_date.as_deref(), Some("2026-11-01"));
    assert_eq!(read.compatibility_flags, ["nodejs_compat"]);
    assert_eq!(
        (read.workers_dev, read.preview_urls),
        (Some(true), Some(false))
    );
    let route = |pattern: &str, zone, custom_domain| Route {
        pattern: pattern.to_owned(),
        zone,
        custom_domain,
    };
    assert_eq!(
        read.routes.unwrap(),
        [
            route("example.com/api/*", None, false),
            route("shop.example.com", None, true),
            route(
                "*.example.com/*",
                Some(Zone::Name("example.com".to_owned())),
                false
            ),
        ]
    );
    assert_eq!(read.crons.unwrap(), ["*/5 * * * *"]);
    let vars: Vec<_> = read
        .vars
        .iter()
        .map(|var| (var.name.as_str(), &var.value))
        .collect();
    let object = Json::Object(vec![
        (
            "z".to_owned(),
            Json::List(vec![Json::Boolean(true), Json::Number(1.into())]),
        ),
        ("a".to_owned(), text("\u{1f512}")),
    ]);
    assert_eq!(vars[0], ("TEXT", &text("hello \"you\"")));
    assert_eq!(vars[1], ("OBJECT", &object));
    assert_eq!(
        serde_json::to_string(vars[1].1).unwrap(),
        "{\"z\":[true,1],\"a\":\"\u{1f512}\"}"
    );
    assert_eq!(
        vars[2],
        (
            "NUMBER",
            &Json::Number(serde_json::Number::from_f64(1.5).unwrap())
        )
    );
    let secret = &read.secrets_store_secrets[0];
    assert_eq!(
        [&secret.binding, &secret.store_id, &secret.secret_name],
        [
            "API_KEY",
            "8f7a1cdced6342c18d223ece462fd88d",
            "service_x_key"
        ]
    );
    assert_eq!(read.required_secrets.unwrap(), ["TOKEN"]);
    let service = &read.services[0];
    assert_eq!(
        (service.binding.as_str(), service.service.as_str()),
        ("AUTH", "auth")
    );
    assert_eq!(service.entrypoint.as_deref(), Some("Admin"));
    assert_eq!(
        service.props,
        Some(Json::Object(vec![("role".to_owned(), text("x"))]))
    );
    let assets = read.assets.unwrap();
    assert_eq!(assets.directory, Some(PathBuf::from("p/public")));
    assert_eq!(assets.binding.as_deref(), Some("FILES"));
    assert_eq!(assets.html_handling, Some(HtmlHandling::DropTrailingSlash));
    assert_eq!(
        assets.not_found_handling.map(NotFoundHandling::as_str),
        Some("404-page")
    );
    let first = RunWorkerFirst::Paths(vec!["/api/*".to_owned(), "!/api/docs".to_owned()]);
    assert_eq!(assets.run_worker_first, Some(first));
    assert_eq!(read.version_metadata.as_deref(), Some("VERSION"));
    assert!(read.keep_vars);
    assert_eq!(read.dev.port, Some(8123));
    assert_eq!(read.dev.local_protocol, Some(LocalProtocol::Https));
    assert_eq!(
        read.limits,
        Some(Json::Object(vec![(
            "cpu_ms".to_owned(),
            Json::Number(50.into())
        )]))
    );
    assert_eq!(read.logpush, Some(true));
}

#[test]
fn how_the_code_is_built_is_in_the_model() {
    let read = config("p/w.jsonc", JSONC, None);
    let rule = Rule {
        kind: RuleKind::Text,
        globs: vec!["**/*.sql".to_owned()],
        fallthrough: Some(true),
    };
    assert_eq!(read.bundle.rules, [rule]);
    let build = CustomBuild {
        command: Some("npm run build".to_owned()),
        cwd: Some(PathBuf::from("p/web")),
        watch_dirs: vec![PathBuf::from("p/web/src"), PathBuf::from("p/lib")],
    };
    assert_eq!(read.bundle.build, build);
    let bundle = read.bundle;
    assert!(bundle.no_bundle && bundle.minify && bundle.upload_source_maps);
    assert_eq!(
        (bundle.find_additional_modules, bundle.keep_names),
        (Some(true), Some(false))
    );
    assert_eq!(bundle.base_dir, Some(PathBuf::from("p/src")));
    assert_eq!(bundle.alias, [("foo".to_owned(), "./bar".to_owned())]);
    assert_eq!(bundle.define, [("DEBUG".to_owned(), "false".to_owned())]);
    assert_eq!(
        bundle.tsconfig,
        Some(PathBuf::from("p/tsconfig.build.json"))
    );
    assert_eq!(bundle.jsx_factory.as_deref(), Some("h"));
}

#[test]
fn an_environment_takes_over_what_is_inherited() {
    let staging = config("p/w.jsonc", JSONC, Some("staging"));
    assert_eq!(staging.environment.as_deref(), Some("staging"));
    assert_eq!(staging.name.as_deref(), Some("full-staging"));
    assert_eq!(staging.top_level_name.as_deref(), Some("full"));
    assert_eq!(staging.main, Some(PathBuf::from("p/src/staging.ts")));
    assert_eq!(staging.compatibility_date.as_deref(), Some("2026-11-01"));
    assert_eq!(staging.routes.unwrap()[0].pattern, "staging.example.com/*");
    assert_eq!(staging.vars.len(), 1);
    assert_eq!(staging.secrets_store_secrets[0].secret_name, "staging_key");
    assert!(staging.services.is_empty() && staging.version_metadata.is_none());
    assert_eq!(staging.required_secrets, None);
    assert!(staging.keep_vars);
    assert_eq!(staging.bundle.alias.len(), 1);
    assert!(staging.bundle.define.is_empty());
    let bare = config("p/w.jsonc", JSONC, Some("bare"));
    assert_eq!(bare.name.as_deref(), Some("its-own"));
    assert_eq!(bare.routes.unwrap().len(), 3);
    assert_eq!(bare.crons.unwrap(), ["*/5 * * * *"]);
    assert!(bare.vars.is_empty() && bare.secrets_store_secrets.is_empty());
}

#[test]
fn what_an_environment_lacks_is_told() {
    let project = Project::parse(Path::new("w.jsonc"), JSONC).unwrap();
    let warnings = project.config(Some("bare")).unwrap().warnings;
    let told: Vec<_> = warnings.iter().map(|one| one.message.as_str()).collect();
    for key in [
        "vars",
        "secrets_store_secrets",
        "secrets",
        "services",
        "define",
        "version_metadata",
    ] {
        let begin = format!("\"{key}\" is not inherited, and \"env.bare\" has none");
        assert!(
            told.iter().any(|one| one.starts_with(&begin)),
            "{key}: {told:?}"
        );
    }
    assert!(
        told.iter()
            .any(|one| one.contains("inherits the custom domains shop.example.com")),
        "{told:?}"
    );
    let warnings = project.config(Some("staging")).unwrap().warnings;
    let lacks = "the variable \"OBJECT\" is not inherited, and \"env.staging.vars\" lacks it";
    assert!(
        warnings.iter().any(|one| one.message.starts_with(lacks)),
        "{warnings:?}"
    );
    assert!(
        !warnings
            .iter()
            .any(|one| one.message.contains("custom domains"))
    );
}

#[test]
fn an_environment_that_is_not_there_is_refused_with_those_that_are() {
    let project = Project::parse(Path::new("w.jsonc"), JSONC).unwrap();
    let refusal = project.config(Some("production")).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "w.jsonc has no environment \"production\"; it has staging, bare"
    );
    let project = Project::parse(Path::new("w.toml"), "name = \"a\"").unwrap();
    let refusal = project.config(Some("x")).unwrap_err().to_string();
    assert!(
        refusal.contains("has no environment \"x\"; it has none"),
        "{refusal}"
    );
}

#[test]
fn a_pages_project_has_two_environments() {
    let text = "name = \"site\"\npages_build_output_dir = \"dist\"\nvars.A = \"top\"\n[env.preview.vars]\nA = \"preview\"\n";
    let project = Project::parse(Path::new("wrangler.toml"), text).unwrap();
    assert!(project.is_pages());
    let value = |environment| {
        let config = project.pages_config(environment).unwrap().config;
        assert_eq!(config.name.as_deref(), Some("site"));
        assert_eq!(config.pages_build_output_dir, Some(PathBuf::from("dist")));
        config.vars[0].value.clone()
    };
    assert_eq!(value(PagesEnvironment::Preview), text_value("preview"));
    assert_eq!(value(PagesEnvironment::Production), text_value("top"));

    let wrong = "main = \"x.js\"\npages_build_output_dir = \"dist\"\n[triggers]\ncrons = []\n[env.staging]\n[[services]]\nbinding = \"ASSETS\"\nservice = \"s\"\n";
    let project = Project::parse(Path::new("wrangler.toml"), wrong).unwrap();
    let refusal = project
        .pages_config(PagesEnvironment::Production)
        .unwrap_err()
        .to_string();
    for sentence in [
        "\"main\" is for a Worker",
        "\"triggers\" is not for Pages projects",
        "needs \"name\" at the top level",
        "\"env.staging\" is no environment of a Pages project",
        "the name \"ASSETS\" belongs to",
    ] {
        assert!(refusal.contains(sentence), "{sentence}: {refusal}");
    }
}

fn text_value(value: &str) -> Json {
    text(value)
}

#[test]
fn comments_byte_order_marks_and_line_breaks_of_windows_are_read() {
    let plain = format!("{:?}", config("w.jsonc", JSONC, None));
    let windows = format!("\u{feff}{}", JSONC.replace('\n', "\r\n"));
    assert_eq!(format!("{:?}", config("w.jsonc", &windows, None)), plain);
    let windows = format!("\u{feff}{}", TOML.replace('\n', "\r\n"));
    let mut toml = config("w.toml", &windows, None);
    toml.path = PathBuf::from("w.jsonc");
    assert_eq!(format!("{toml:?}"), plain);
}
