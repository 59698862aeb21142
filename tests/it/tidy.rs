//! Holds the layers of ARCHITECTURE.md: which module may use which, and where a library may be used.

use std::path::{Path, PathBuf};

/// What each module may use inside the crate. What is not listed may use everything.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &["domain"]),
    ("keyfile", &["domain"]),
    ("images", &["domain"]),
    ("clock", &[]),
    ("tasks", &[]),
    ("store", &["domain", "wire"]),
    ("bus", &["domain"]),
    ("app", &["domain", "store", "bus", "clock", "images", "keyfile"]),
    ("webhook", &["domain", "store", "bus", "wire", "clock", "keyfile", "tasks", "telemetry", "config"]),
    ("integrations", &["app", "domain", "wire"]),
    ("chat", &["app", "domain", "wire", "store", "clock", "tasks", "telemetry", "config"]),
    ("protocols", &["app", "chat", "integrations", "bus", "domain", "wire", "clock", "tasks", "telemetry"]),
    ("seed", &["app", "domain", "store", "wire", "clock"]),
];

/// Where each library may be used; the first part is as it is written in a path.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("axum", &["protocols", "server"]),
    ("sqlx", &["store"]),
    ("rusqlite", &["store/sqlite"]),
    ("async_graphql", &["protocols/graphql"]),
    ("socketioxide", &["protocols/socketio"]),
    ("engineioxide", &["protocols/socketio"]),
    ("tokio_tungstenite", &["protocols"]),
    ("reqwest", &["webhook", "chat"]),
    ("async_openai", &["chat/openai"]),
    ("jsonwebtoken", &["app"]),
    ("governor", &["protocols/edge", "app/chat"]),
    ("tokio_rustls", &["server/accept"]),
    ("clap", &["cli"]),
    ("imagesize", &["images"]),
    ("prometheus_client", &["telemetry"]),
];

/// Files that a program wrote, or whose length is that of a table, may be longer.
const MAX_LINES: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the source").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 50, "only {} files were scanned; the source has moved", found.len());
    let relative = |path: &PathBuf| path.strip_prefix(&root).expect("below src").to_owned();
    found.iter().map(|path| (relative(path), std::fs::read_to_string(path).expect("a source file"))).collect()
}

/// The top module of a file: `app` for `app/pets.rs` and `clock` for `clock.rs`.
fn module(path: &Path) -> String {
    let first = path.components().next().expect("a file name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The lines of code, with their numbers; comments and what only tests see are left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_start()));
    lines.take_while(|(_, line)| *line != "#[cfg(test)]").filter(|(_, line)| !line.starts_with("//"))
}

/// The modules of this crate that a line names.
fn named(line: &str) -> Vec<String> {
    let after = line.split("crate::").skip(1);
    after
        .flat_map(|rest| {
            let list = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
            let names: Vec<&str> = list.map_or_else(|| vec![rest], |list| list.split(',').collect());
            names
                .into_iter()
                .map(|name| {
                    name.trim()
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or_default()
                        .to_owned()
                })
                .collect::<Vec<_>>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn modules_use_only_what_their_layer_may() {
    let mut breaches = Vec::new();
    let mut looked_at = 0;
    for (path, text) in sources() {
        let own = module(&path);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == own) else { continue };
        if path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        for (number, line) in code(&text) {
            for name in named(line) {
                looked_at += 1;
                if name != own && !allowed.contains(&name.as_str()) {
                    breaches.push(format!("src/{}:{number}: {own} may not use {name}", path.display()));
                }
            }
        }
    }
    assert!(looked_at > 100, "only {looked_at} uses were looked at");
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut breaches = Vec::new();
    let mut seen = vec![0; LIBRARIES.len()];
    for (path, text) in sources() {
        for (number, line) in code(&text) {
            for (index, (library, places)) in LIBRARIES.iter().enumerate() {
                let uses = line.contains(&format!("{library}::")) && !line.contains(&format!("_{library}::"));
                if !uses {
                    continue;
                }
                seen[index] += 1;
                let here = path.with_extension("");
                if !places.iter().any(|place| here.starts_with(place)) {
                    breaches.push(format!("src/{}:{number}: {library} is not for here", path.display()));
                }
            }
        }
    }
    for ((library, _), count) in LIBRARIES.iter().zip(seen) {
        assert!(count > 0, "{library} is used nowhere: the table is out of date");
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > MAX_LINES)
        .map(|(path, text)| format!("src/{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines:\n{}", long.join("\n"));
}
