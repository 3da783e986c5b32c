use proptest::prelude::*;

use super::*;
use crate::Project;

/// A directory with files, and what is read of it.
struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(place.path().join(name), text).unwrap();
        }
        Self(place)
    }

    fn read(&self, config: &str, change: impl FnOnce(&mut LocalSources<'_>)) -> LocalValues {
        self.read_files(&[], config, change)
    }

    fn read_files(
        &self,
        files: &[PathBuf],
        config: &str,
        change: impl FnOnce(&mut LocalSources<'_>),
    ) -> LocalValues {
        let project = Project::parse(&self.0.path().join("wrangler.json"), config).unwrap();
        let config = project.config(None).unwrap().config;
        let process = || {
            [("FROM_PROCESS", "p"), ("B", "process")]
                .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())))
                .into()
        };
        let mut sources = LocalSources {
            directory: self.0.path(),
            environment: None,
            files,
            dot_env: true,
            process_values: false,
            process: &process,
        };
        change(&mut sources);
        sources.read(&config).unwrap()
    }
}

fn pairs(found: &LocalValues) -> Vec<(&str, &str)> {
    let values = found.values.iter();
    values
        .map(|one| (one.name.as_str(), one.value.as_str()))
        .collect()
}

#[test]
fn dev_vars_of_the_environment_comes_before_all_others() {
    let place = Place::new(&[
        (".dev.vars", "A=all\nB=$A"),
        (".dev.vars.staging", "A=staging\nnonsense"),
        (".env", "A=env\nC=c"),
    ]);
    let found = place.read("{}", |sources| sources.environment = Some("staging"));
    assert_eq!(pairs(&found), [("A", "staging")]);
    assert_eq!(found.ignored_lines[0].1, [2]);
    let found = place.read("{}", |sources| sources.environment = Some("other"));
    assert_eq!(pairs(&found), [("A", "all"), ("B", "$A")]);
    assert!(found.files[0].ends_with(".dev.vars"));
}

#[test]
fn env_files_are_laid_over_each_other() {
    let place = Place::new(&[
        (".env", "A=1\nB=1\nC=1\nD=1\nE=${A}x"),
        (".env.local", "B=2\nC=2\nD=2"),
        (".env.staging", "C=3\nD=3"),
        (".env.staging.local", "D=4"),
    ]);
    let staging = |sources: &mut LocalSources<'_>| sources.environment = Some("staging");
    let expected = [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4"), ("E", "1x")];
    assert_eq!(pairs(&place.read("{}", staging)), expected);
    let expected = [("A", "1"), ("B", "2"), ("C", "2"), ("D", "2"), ("E", "1x")];
    assert_eq!(pairs(&place.read("{}", |_| ())), expected);
    let off = place.read("{}", |sources| sources.dot_env = false);
    assert!(off.values.is_empty() && off.files.is_empty());
    let named = [PathBuf::from(".env.staging"), PathBuf::from(".env.local")];
    let found = place.read_files(&named, "{}", |_| ());
    assert_eq!(pairs(&found), [("C", "2"), ("D", "2"), ("B", "2")]);
}

#[test]
fn required_secrets_are_all_that_is_read() {
    let config =
        r#"{ "vars": { "A": "var" }, "secrets": { "required": ["B", "FROM_PROCESS", "GONE"] } }"#;
    let place = Place::new(&[(".env", "A=1\nB=2\nOTHER=3")]);
    let found = place.read(config, |_| ());
    // The process's environment counts more than the file, and only where a name is required.
    assert_eq!(
        pairs(&found),
        [("A", "1"), ("B", "process"), ("FROM_PROCESS", "p")]
    );
    assert_eq!(found.missing, ["GONE"]);
    let place = Place::new(&[(".dev.vars", "B=2\nOTHER=3")]);
    let found = place.read(config, |_| ());
    assert_eq!(pairs(&found), [("B", "2")]);
    assert_eq!(found.missing, ["FROM_PROCESS", "GONE"]);
}

#[test]
fn the_process_s_environment_is_read_if_it_is_asked_for() {
    let place = Place::new(&[(".env", "A=$FROM_PROCESS")]);
    assert_eq!(pairs(&place.read("{}", |_| ())), [("A", "")]);
    let found = place.read("{}", |sources| sources.process_values = true);
    assert_eq!(
        pairs(&found),
        [("A", "p"), ("B", "process"), ("FROM_PROCESS", "p")]
    );
}

#[test]
fn a_named_file_must_be_there_and_values_are_never_shown() {
    let place = Place::new(&[(".dev.vars", "A=canary")]);
    assert!(!format!("{:?}", place.read("{}", |_| ())).contains("canary"));
    let config = Project::parse(Path::new("wrangler.json"), "{}").unwrap();
    let config = config.config(None).unwrap().config;
    let sources = LocalSources {
        directory: place.0.path(),
        environment: None,
        files: &[PathBuf::from("nothing")],
        dot_env: true,
        process_values: false,
        process: &Vec::new,
    };
    let refusal = sources.read(&config).unwrap_err().to_string();
    assert!(refusal.contains("nothing"), "{refusal}");
}

fn expanded(text: &str) -> Vec<(String, String)> {
    let place = Place::new(&[(".env", text)]);
    let found = place.read("{}", |_| ());
    let values = found.values.into_iter();
    values
        .map(|one| (one.name, one.value.to_string()))
        .collect()
}

#[test]
fn references_are_those_of_dotenv_expand() {
    for (value, expected) in [
        ("$X", "x"),
        ("${X}", "x"),
        ("a${X}b$X.c", "axbx.c"),
        ("$NONE", ""),
        ("${NONE:-d}", "d"),
        ("${NONE-d-e}", "d-e"),
        ("${X:-d}", "x"),
        ("${EMPTY:-d}", "d"),
        ("${X:+other}", "other"),
        ("${NONE:+other}", ""),
        ("${X+other}", "other"),
        ("\\$X", "$X"),
        ("\\${X}", "${X}"),
        ("$1", "$1"),
        ("$", "$"),
        ("${}", "${}"),
        ("${X", "${X"),
        ("pa$$word", "pa$"),
        ("${NONE:-${X}}", "x"),
        ("$SELF", ""),
        ("$Y", "x!"),
    ] {
        let all = expanded(&format!("X=x\nEMPTY=\nY=$X!\nSELF='{value}'"));
        assert_eq!(all[3].1, expected, "{value}");
    }
}

#[test]
fn a_value_that_grows_without_end_is_refused_by_its_name() {
    let mut text = format!("V0={}", "x".repeat(1000));
    for number in 1..16 {
        let before = number - 1;
        text.push_str(&format!("\nV{number}=$V{before}$V{before}"));
    }
    let place = Place::new(&[(".env", &text)]);
    let project = Project::parse(Path::new("wrangler.json"), "{}").unwrap();
    let config = project.config(None).unwrap().config;
    let sources = LocalSources {
        directory: place.0.path(),
        environment: None,
        files: &[],
        dot_env: true,
        process_values: false,
        process: &Vec::new,
    };
    let refusal = sources.read(&config).unwrap_err().to_string();
    assert!(
        refusal.contains("V11") && !refusal.contains("xx"),
        "{refusal}"
    );
}

proptest! {
    #[test]
    fn any_value_can_be_expanded(value in "[${}A:+\\\\a-]{0,40}", other in "[${}SELF:+-]{0,12}") {
        let text = format!("A='{other}'\nSELF='{value}'");
        prop_assert_eq!(expanded(&text).len(), 2);
    }
}
