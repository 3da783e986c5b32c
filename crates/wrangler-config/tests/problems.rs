//! What is told of files that are wrong, as it looks on a terminal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

use std::path::Path;

use coffer_wrangler_config::{Project, Read, Refusal};

fn read(file: &str, text: &str) -> Result<Read, Refusal> {
    Project::parse(Path::new(file), text)?.config(None)
}

fn refused(file: &str, text: &str) -> String {
    read(file, text).unwrap_err().to_string()
}

fn warnings(file: &str, text: &str) -> Vec<String> {
    let read = read(file, text).unwrap();
    read.warnings
        .iter()
        .map(coffer_wrangler_config::Problem::headline)
        .collect()
}

#[test]
fn a_broken_file_is_shown_where_it_breaks() {
    assert_eq!(
        refused(
            "a/wrangler.jsonc",
            "{\n  \"name\": \"w\"\n  \"main\": \"x.js\"\n}"
        ),
        "a/wrangler.jsonc:2:14: a comma must stand here\n 2 |   \"name\": \"w\"\n   |              ^"
    );
    let refusal = refused("wrangler.toml", "name = \"w\"\nmain = x.js\n");
    assert!(refusal.starts_with("wrangler.toml:2:"), "{refusal}");
    assert!(
        refusal.contains("\n 2 | main = x.js\n   |        ^"),
        "{refusal}"
    );
}

#[test]
fn each_way_to_break_a_file_has_its_sentence() {
    for (text, place, sentence) in [
        ("", "1:1", "the file is empty"),
        ("// nothing\n", "1:1", "the file is empty"),
        ("[]", "1:1", "the file must hold one object, not a list"),
        (
            "\"name\"",
            "1:1",
            "the file must hold one object, not the text \"name\"",
        ),
        ("{ \"name\": 'w' }", "1:11", "double quotes"),
        ("{ name: \"w\" }", "1:3", "double quotes"),
        ("{ \"name\" \"w\" }", "1:10", "a colon must follow the key"),
        ("{ \"name\": }", "1:11", "value"),
        (
            "{ \"name\": \"w\"",
            "1:1",
            "the } that closes this object is missing",
        ),
        ("{ \"a\": [1, 2 }", "1:14", "this closes nothing"),
        ("{ \"a\": \"w\n\" }", "1:8", "no closing quote on its line"),
        ("{} {}", "1:4", "nothing but a comment may follow it"),
        ("{ \"a\": /* }", "1:8", "*/"),
        ("{ \"a\": 0x10 }", "1:8", "hexadecimal"),
        ("{ \"a\": 1e999 }", "1:8", "number"),
        ("{ \"a\": NaN }", "1:8", ""),
        ("{ \"a\": \"\\q\" }", "1:", ""),
        ("{ \"a\" }", "1:", "colon"),
    ] {
        let refusal = refused("wrangler.json", text);
        let begin = format!("wrangler.json:{place}");
        assert!(refusal.starts_with(&begin), "{text:?}: {refusal}");
        assert!(refusal.contains(sentence), "{text:?}: {refusal}");
    }
    let deep = format!("{{ \"a\": {}{} }}", "[".repeat(70), "]".repeat(70));
    assert!(refused("wrangler.json", &deep).contains("at most 64 deep"));
    for depth in [5_000, 200_000] {
        let deep = format!("{{ \"a\": {}", "[".repeat(depth));
        assert!(refused("wrangler.json", &deep).contains("at most 64 deep"));
        let deep = format!("a = {}", "[".repeat(depth));
        assert!(refused("wrangler.toml", &deep).contains("wrangler.toml:1:"));
    }
}

#[test]
fn carets_stand_under_what_is_meant() {
    // Tabs, a letter of two columns, a letter of two characters, and a line break of Windows.
    let text = "{\r\n\t\"alias\": {\"\u{6f22}e\u{301}\":\t7},\r\n}";
    assert_eq!(
        refused("w.json", text),
        "w.json:2:19: \"alias.\u{6f22}e\u{301}\" must be text, not the number 7\n \
         2 |     \"alias\": {\"\u{6f22}e\u{301}\":    7},\n   \
           |                         ^"
    );
    // What would steer the terminal or turn the line around is not shown as it is.
    let text = "{\"\\u001b[2J\": 1, \"\u{202e}\": 2, \"main\": 3}";
    assert_eq!(
        refused("w.json", text),
        "w.json:1:34: \"main\" must be text, not the number 3\n \
         1 | {\"\\u001b[2J\": 1, \"\u{fffd}\": 2, \"main\": 3}\n   \
           |                                  ^"
    );
}

#[test]
fn a_long_line_is_shown_around_the_place() {
    let text = format!(
        "{{\"vars\":{{\"A\":\"{}\"}},\"main\":5,\"define\":{{\"B\":\"{}\"}}}}",
        "a".repeat(5000),
        "b".repeat(5000)
    );
    let refusal = refused("wrangler.json", &text);
    let lines: Vec<_> = refusal.lines().collect();
    assert!(
        lines[1].chars().count() < 120 && lines[1].contains("\"main\":5,"),
        "{refusal}"
    );
    let caret = lines[2].find('^').unwrap();
    assert_eq!(lines[1].chars().nth(caret), Some('5'), "{refusal}");
    assert!(
        lines[1].contains(" \u{2026}a") && lines[1].ends_with("b\u{2026}"),
        "{refusal}"
    );
}

#[test]
fn a_value_of_another_type_is_told_with_what_would_be_right() {
    for (text, sentence) in [
        ("\"main\": 5", "\"main\" must be text, not the number 5"),
        ("\"main\": \" \"", "\"main\" must not be empty"),
        (
            "\"name\": \"My Worker\"",
            "\"name\" must be of lower-case letters",
        ),
        ("\"name\": \"-w\"", "\"name\" must be of lower-case letters"),
        (
            "\"compatibility_date\": \"2026-02-30\"",
            "must be a date as \"2026-11-22\", not \"2026-02-30\"",
        ),
        (
            "\"compatibility_date\": \"2026\u{2013}02\u{2013}03\"",
            "must be a date as",
        ),
        (
            "\"compatibility_flags\": \"nodejs_compat\"",
            "must be a list of texts, not the text",
        ),
        (
            "\"compatibility_flags\": [1]",
            "\"compatibility_flags[0]\" must be text, not the number 1",
        ),
        (
            "\"workers_dev\": \"true\"",
            "\"workers_dev\" must be true or false, not the text \"true\"",
        ),
        (
            "\"routes\": [{ \"pattern\": \"a.b\" }]",
            "\"routes[0]\" needs \"custom_domain\", \"zone_name\" or \"zone_id\"",
        ),
        (
            "\"routes\": [7]",
            "\"routes[0]\" must be a pattern, or an object",
        ),
        (
            "\"route\": \"a/*\", \"routes\": []",
            "\"route\" and \"routes\" may not both be there",
        ),
        (
            "\"routes\": [{ \"pattern\": \"a\", \"zone_id\": \"x\", \"zone_name\": \"y\" }]",
            "not by both",
        ),
        (
            "\"triggers\": { \"crons\": \"* * * * *\" }",
            "\"triggers.crons\" must be a list of texts",
        ),
        ("\"vars\": [1]", "\"vars\" must be an object, not a list"),
        (
            "\"vars\": { \"A\": 9007199254740993 }",
            "\"vars.A\": this number is too large for JavaScript",
        ),
        (
            "\"secrets_store_secrets\": [{}]",
            "\"secrets_store_secrets[0]\" needs \"store_id\": the id of a Secrets Store",
        ),
        (
            "\"secrets_store_secrets\": { \"bindings\": [] }",
            "\"secrets_store_secrets\" must be a list, not an object",
        ),
        (
            "\"services\": [{ \"binding\": \"A\" }]",
            "\"services[0]\" needs \"service\": the name of a Worker",
        ),
        (
            "\"services\": [{ \"binding\": \"A\", \"service\": \"b\", \"props\": 1 }]",
            "\"services[0].props\" must be an object",
        ),
        (
            "\"secrets\": [\"A\"]",
            "\"secrets\" must be an object, not a list",
        ),
        (
            "\"secrets\": { \"required\": \"A\" }",
            "\"secrets.required\" must be a list of names",
        ),
        (
            "\"assets\": \"./public\"",
            "as { \"directory\": \"./public\" }",
        ),
        (
            "\"assets\": { \"html_handling\": \"x\" }",
            "\"drop-trailing-slash\" or \"none\", not the text \"x\"",
        ),
        (
            "\"assets\": { \"run_worker_first\": \"x\" }",
            "must be true, false or a list of paths",
        ),
        (
            "\"rules\": [{ \"type\": \"Txt\", \"globs\": [] }]",
            "\"rules[0].type\" must be \"ESModule\"",
        ),
        (
            "\"dev\": { \"port\": 70000 }",
            "\"dev.port\" must be a whole number from 0 to 65535, not the number 70000",
        ),
        ("\"dev\": { \"port\": 1.5 }", "not the number 1.5"),
        (
            "\"dev\": { \"local_protocol\": \"ftp\" }",
            "must be \"http\" or \"https\"",
        ),
        (
            "\"limits\": { \"cpu_ms\": 0 }",
            "\"limits.cpu_ms\" must be a whole number from 1",
        ),
        (
            "\"version_metadata\": \"V\"",
            "\"version_metadata\" must be an object",
        ),
        (
            "\"version_metadata\": {}",
            "\"version_metadata\" needs \"binding\"",
        ),
        (
            "\"define\": { \"A\": 1 }",
            "\"define.A\" must be text, not the number 1",
        ),
        ("\"env\": []", "\"env\" must be an object, not a list"),
        (
            "\"tail_consumers\": [{}]",
            "\"tail_consumers[0]\" needs \"service\"",
        ),
        (
            "\"observability\": true",
            "\"observability\" must be an object, not true",
        ),
        ("\"main\": null", "\"main\" must be text, not null"),
        (
            "\"vars\": { \"A\": 1 }, \"secrets\": { \"required\": [\"A\"] }",
            "the name \"A\" is taken by \"vars.A\"",
        ),
    ] {
        let refusal = refused("wrangler.json", &format!("{{ {text} }}"));
        assert!(refusal.contains(sentence), "{text}: {refusal}");
        assert!(refusal.contains('^'), "{text}: {refusal}");
    }
    let refusal = refused(
        "wrangler.toml",
        "compatibility_date = 2026-11-22\n[vars]\nA = 2026-11-22\n",
    );
    assert!(
        refusal.contains("put the date 2026-11-22 in quotes"),
        "{refusal}"
    );
    assert!(
        refusal.contains("wrangler.toml:3:5: \"vars.A\": there are no dates in JSON"),
        "{refusal}"
    );
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let refusal = refused("wrangler.toml", "main = 1\nname = 2\nworkers_dev = 3\n");
    let places: Vec<_> = refusal
        .lines()
        .filter(|line| line.starts_with("wrangler"))
        .collect();
    assert_eq!(places.len(), 3);
    assert!(places[0].starts_with("wrangler.toml:1:8:"), "{refusal}");
    let many: String = (0..500)
        .map(|number| format!("\"V{number}\": 1, "))
        .collect();
    let refusal = refused("wrangler.json", &format!("{{ \"define\": {{ {many} }} }}"));
    assert_eq!(
        refusal
            .lines()
            .filter(|line| line.contains(" must be "))
            .count(),
        50
    );
    assert!(refusal.contains("(there are more, which are not shown)"));
}

#[test]
fn keys_that_are_not_read_are_told_by_name_and_line() {
    let text = r#"{
        "nmae": "w",
        "compatibilityDate": "2026-11-22",
        "kv_namespaces": [{}],
        "node_compat": true,
        "wholly_of_my_own": 1,
        "main": "a.js",
        "main": "b.js",
        "assets": { "dirctory": "./public", "binding": "A" },
        "env": { "staging": { "varz": {}, "keep_vars": true, "d1_databases": [{}], "queues": { "producers": [] } } },
        "$schema": "node_modules/wrangler/config-schema.json",
        "observability": { "enabled": true },
        "services": [{ "binding": "S", "service": "s", "entry_point": "E" }],
    }"#;
    assert_eq!(
        warnings("wrangler.jsonc", text),
        [
            "wrangler.jsonc:2:9: \"nmae\" is no key; did you mean \"name\"?",
            "wrangler.jsonc:3:9: \"compatibilityDate\" is no key; did you mean \"compatibility_date\"?",
            "wrangler.jsonc:4:9: \"kv_namespaces\" belongs to what Coffer does not run; it is not read",
            "wrangler.jsonc:5:9: \"node_compat\" is no longer read; put \"nodejs_compat\" into \"compatibility_flags\"",
            "wrangler.jsonc:6:9: \"wholly_of_my_own\" is no key and is not read",
            "wrangler.jsonc:8:9: \"main\" is given twice; this one counts, not that of line 7",
            "wrangler.jsonc:9:21: \"dirctory\" is no key of \"assets\"; did you mean \"directory\"?",
            "wrangler.jsonc:13:56: \"entry_point\" is no key of \"services[0]\"; did you mean \"entrypoint\"?",
        ]
    );
    let project = Project::parse(Path::new("wrangler.jsonc"), text).unwrap();
    let read = project.config(Some("staging")).unwrap();
    assert!(read.config.main.unwrap().ends_with("b.js"));
    let own = read.warnings.iter().filter(|one| one.line == 10);
    let own: Vec<_> = own.map(|one| one.message.as_str()).collect();
    assert_eq!(
        own,
        [
            "\"varz\" is no key of \"env.staging\"; did you mean \"vars\"?",
            "\"env.staging.keep_vars\" is not read: \"keep_vars\" belongs to the top level of the file",
            "\"env.staging.d1_databases\" belongs to what Coffer does not run; it is not read",
        ]
    );
}

#[test]
fn files_that_are_none_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Project::open(&path).unwrap_err().to_string()
    };
    assert!(refused("wrangler.json", b"\xff\xfe{\0}\0").contains("is not UTF-8"));
    assert!(refused("wrangler.yaml", b"name: w").contains("is neither .json, .jsonc nor .toml"));
    let large = " ".repeat(1024 * 1024 + 1);
    assert!(refused("wrangler.jsonc", large.as_bytes()).contains("has more than 1048576 bytes"));
    let gone = Project::open(&place.path().join("gone.json")).unwrap_err();
    assert!(gone.to_string().contains("failed to read"));
    let directory = Project::open(place.path()).unwrap_err();
    assert!(directory.to_string().contains("failed to read"));
}
