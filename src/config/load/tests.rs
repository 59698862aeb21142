use std::io::Write as _;

use super::*;
use crate::config::{AuthMode, LogFormat, Seed};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn load(file: Option<&str>, env: Pairs, flags: Pairs) -> Result<Settings, ConfigError> {
    let owned = |pairs: Pairs| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let written = file.map(|text| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    });
    Settings::load(written.as_ref().map(tempfile::NamedTempFile::path), owned(env).into_iter(), owned(flags))
}

fn problems(result: Result<Settings, ConfigError>) -> Vec<(String, String, String)> {
    let error = result.expect_err("must be refused");
    error.problems.into_iter().map(|problem| (problem.name, problem.given, problem.allowed)).collect()
}

fn problem(name: &str, given: &str, allowed: &str) -> (String, String, String) {
    (name.to_owned(), given.to_owned(), allowed.to_owned())
}

#[test]
fn defaults_are_accepted() {
    let settings = load(None, &[], &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((settings.server.seed, settings.auth.mode), (Seed::None, AuthMode::Strict));
    assert_eq!(settings.log.format, LogFormat::Text);
    assert_eq!(settings.webhook.retry_schedule_s.len(), 12);
}

#[test]
fn default_file_and_rules_name_the_same_keys_and_ranges() {
    let mut section = String::new();
    let mut comment = String::new();
    let mut found = Vec::new();
    for line in DEFAULT_FILE.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
            comment.push('\n');
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            comment.clear();
        } else if let Some((key, _)) = line.split_once(" = ") {
            let rule = RULES.iter().find(|rule| (rule.0, rule.1) == (section.as_str(), key));
            let (_, _, allowed) = rule.unwrap_or_else(|| panic!("no rule for {section}.{key}"));
            let manual = format!(" Allowed: {allowed}.\n");
            assert!(
                comment.ends_with(&manual),
                "{section}.{key}: the manual must say{manual}but says{comment}"
            );
            found.push((section.clone(), key.to_owned()));
            comment.clear();
        }
    }
    let rules: Vec<_> = RULES.iter().map(|rule| (rule.0.to_owned(), rule.1.to_owned())).collect();
    assert_eq!(found, rules, "same keys in the same order");
}

#[test]
fn names_of_variables_are_unambiguous() {
    let mut names: Vec<String> =
        RULES.iter().map(|(section, key, _)| format!("{ENV_PREFIX}{section}_{key}").to_uppercase()).collect();
    names.extend(ENV_SHORT.iter().map(|(short, _)| (*short).to_owned()));
    names.extend(ENV_OTHERS.map(str::to_owned));
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn later_layers_win() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nseed = \"demo\"\n[feed]\nring_events = 1\n";
    let env = [("PETSTORE_SERVER_LISTEN", "127.0.0.1:2"), ("PETSTORE_FEED_PAGE_EVENTS", "7"), ("HOME", "/x")];
    let settings = load(Some(file), &env, &[("server.listen", "[::1]:3")]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "[::1]:3");
    assert_eq!(settings.server.seed, Seed::Demo);
    assert_eq!((settings.feed.ring_events, settings.feed.page_events), (1, 7));
    let settings = load(Some(file), &env, &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:2");
}

#[test]
fn short_names_work_and_the_long_form_wins() {
    let env = [
        ("PETSTORE_LISTEN", "127.0.0.1:1"),
        ("PETSTORE_SERVER_LISTEN", "127.0.0.1:2"),
        ("PETSTORE_DATA", "/tmp/store"),
        ("PETSTORE_SEED", "demo"),
        ("PETSTORE_AUTH", "open"),
        ("PETSTORE_PUBLIC_URL", "https://pets.example"),
        ("PETSTORE_CONFIG", "ignored here"),
        ("PETSTORE_BIN", "ignored here"),
    ];
    let settings = load(None, &env, &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:2");
    assert_eq!(settings.server.data_dir.to_str(), Some("/tmp/store"));
    assert_eq!((settings.server.seed, settings.auth.mode), (Seed::Demo, AuthMode::Open));
    assert_eq!(settings.server.public_url, "https://pets.example");
}

#[test]
fn every_kind_of_value_is_read_from_the_environment() {
    let env = [
        ("PETSTORE_GRAPHQL_GRAPHIQL", "false"),
        ("PETSTORE_WEBHOOK_RETRY_SCHEDULE_S", "0, 1,2"),
        ("PETSTORE_LOG_FILTER", "warn,petstore=debug"),
        ("PETSTORE_AUTH_ARGON2_MEMORY_KIB", "64"),
    ];
    let settings = load(None, &env, &[("webhook.retry_jitter_percent", "0")]).unwrap();
    assert!(!settings.graphql.graphiql);
    assert_eq!(settings.webhook.retry_schedule_s, [0, 1, 2]);
    assert_eq!((settings.log.filter.as_str(), settings.auth.argon2_memory_kib), ("warn,petstore=debug", 64));
    let bracketed = load(None, &[("PETSTORE_WEBHOOK_RETRY_SCHEDULE_S", "[5]")], &[]).unwrap();
    assert_eq!(bracketed.webhook.retry_schedule_s, [5]);
}

#[test]
fn unknown_names_are_refused_with_what_is_known_but_without_their_value() {
    let file = "top = 1\n[log]\ncolour = \"secret-1\"\n[sever]\nlisten = \"x\"\n";
    let refused = problems(load(Some(file), &[("PETSTORE_TOKEN", "secret-2")], &[("log.x.y", "secret-3")]));
    let sections = "[server], [tls], [cors], [rate_limit], [auth], [oauth], [store], [feed], [sse], [websocket], [socketio], [graphql], [echo], [images], [webhook], [provider], [anyspend], [chat], [log]";
    assert!(refused.contains(&problem("top", "is no setting", sections)), "{refused:?}");
    assert!(
        refused.contains(&problem("log.colour", "is no setting", "log.format, log.filter")),
        "{refused:?}"
    );
    assert!(refused.contains(&problem("sever", "is no setting", sections)));
    assert!(refused.contains(&problem("log.x.y", "is no setting", "log.format, log.filter")));
    assert!(refused.iter().any(|(name, _, _)| name == "PETSTORE_TOKEN"));
    assert_eq!(refused.len(), 5);
    assert!(!format!("{refused:?}").contains("secret"));
}

#[test]
fn bad_values_are_refused_all_together() {
    let file = "[server]\nlisten = \"localhost\"\nmax_connections = 0\n[store]\ncache_kib = \"big\"\n";
    let env = [
        ("PETSTORE_SEED", "Demo"),
        ("PETSTORE_GRAPHQL_INTROSPECTION", "yes"),
        ("PETSTORE_WEBHOOK_RETRY_SCHEDULE_S", "1,x"),
        ("PETSTORE_LOG_FILTER", "petstore=loud"),
    ];
    let refused = problems(load(Some(file), &env, &[("server.public_url", "http://pets.example/")]));
    let address = "IP:PORT, for example 127.0.0.1:8080 or [::1]:8080";
    let expected = [
        problem("server.listen", "is \"localhost\"", address),
        problem("server.max_connections", "is 0", "a whole number from 1 to 1000000"),
        problem("store.cache_kib", "is \"big\"", "a whole number from 256 to 16777216"),
        problem("server.seed", "is \"Demo\"", "\"demo\" or \"none\""),
        problem("graphql.introspection", "is \"yes\"", "true or false"),
    ];
    for one in &expected {
        assert!(refused.contains(one), "{one:?} is missing in {refused:?}");
    }
    for name in ["webhook.retry_schedule_s", "log.filter", "server.public_url"] {
        assert!(refused.iter().any(|(of, _, _)| of == name), "{name} is missing in {refused:?}");
    }
    assert_eq!(refused.len(), 8);
}

#[test]
fn bounds_of_every_number_are_allowed_and_their_neighbours_are_not() {
    for (section, key, allowed) in RULES {
        let Allowed::Number(range) = allowed else { continue };
        let name = format!("{section}.{key}");
        for (number, fits) in [
            (*range.start(), true),
            (*range.end(), true),
            (range.start() - 1, false),
            (range.end() + 1, false),
        ] {
            let refused = load(None, &[], &[(&name, &number.to_string())]).err();
            let ranged = refused
                .into_iter()
                .flat_map(|error| error.problems)
                .any(|p| p.allowed == allowed.to_string());
            assert_eq!(!ranged, fits, "{name} = {number}");
        }
    }
}

#[test]
fn broken_files_and_contradictions_are_named() {
    let refused = problems(load(Some("[server\n"), &[], &[]));
    assert!(refused[0].1.starts_with("is not TOML"), "{refused:?}");
    let missing = Settings::load(Some(Path::new("/nonexistent/petstore.toml")), std::iter::empty(), vec![]);
    assert!(missing.unwrap_err().to_string().contains("/nonexistent/petstore.toml"));
    let refused = problems(load(None, &[("PETSTORE_WEBHOOK_LEASE_MS", "15000")], &[]));
    let given = "is 15000 with webhook.timeout_ms = 15000";
    assert_eq!(refused, [problem("webhook.lease_ms", given, "more than webhook.timeout_ms")]);
}

#[test]
fn the_message_shows_name_source_value_and_what_is_allowed() {
    let long = "x".repeat(200);
    let error = load(None, &[("PETSTORE_LISTEN", &long)], &[]).unwrap_err().to_string();
    let expected = format!(
        "the configuration is refused:\n  server.listen (environment variable PETSTORE_LISTEN): is \"{}…; allowed: \
         IP:PORT, for example 127.0.0.1:8080 or [::1]:8080",
        "x".repeat(SHOWN_CHARS - 1)
    );
    assert_eq!(error, expected);
}
