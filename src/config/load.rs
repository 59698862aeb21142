//! Layers of settings: default file < file < environment < command line.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::profile::CONFORMANCE;
use super::rules::{Allowed, RULES};
use super::{DEFAULT_FILE, Profile, Settings};
use crate::domain::Tenant;

const ENV_PREFIX: &str = "PETSTORE_";

/// Names that begin like a setting but are read elsewhere: the file itself, and the binary under test.
const ENV_OTHERS: [&str; 3] = ["PETSTORE_CONFIG", "PETSTORE_BIN", "PETSTORE_SOAK"];

/// Short names, those of the flags of `petstore serve`.
const ENV_SHORT: [(&str, &str); 6] = [
    ("PETSTORE_LISTEN", "server.listen"),
    ("PETSTORE_DATA", "server.data_dir"),
    ("PETSTORE_SEED", "server.seed"),
    ("PETSTORE_AUTH", "auth.mode"),
    ("PETSTORE_PROFILE", "server.profile"),
    ("PETSTORE_PUBLIC_URL", "server.public_url"),
];

/// How much of a refused value a message repeats, characters.
const SHOWN_CHARS: usize = 80;

/// The environment of this process as [`Settings::load`] takes it. A variable that is no UTF-8 comes with
/// replacement characters, so that it is refused by name when it is one of ours.
pub fn process_env() -> impl Iterator<Item = (String, String)> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (lossy(name), lossy(value)))
}

/// The settings were refused; carries every mistake that was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is refused:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// One mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Full name of the key (`server.listen`), variable or file.
    pub name: String,
    /// Where it was given.
    pub source: String,
    /// What is wrong with it, with the value that was given.
    pub given: String,
    /// What is allowed.
    pub allowed: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, source, given, allowed } = self;
        write!(f, "{name} ({source}): {given}; allowed: {allowed}")
    }
}

impl Settings {
    /// Reads the settings: defaults, then `file`, then the `PETSTORE_*` variables of `env`, then `overrides`
    /// (pairs of a full name such as `server.listen` and its value, from the command line).
    ///
    /// # Errors
    /// Every unknown name, value that is not allowed, and contradiction between values.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        overrides: Vec<(String, String)>,
    ) -> Result<Settings, ConfigError> {
        let mut layers = Layers::default();
        layers.add_text(DEFAULT_FILE, "built-in defaults");
        let env: Vec<(String, String)> = env.collect();
        if profile_of(file, &env, &overrides).as_deref() == Some("conformance") {
            layers.add_text(CONFORMANCE, "profile conformance");
        }
        if let Some(path) = file {
            layers.add_file(path);
        }
        layers.add_env(env.into_iter());
        for (name, value) in overrides {
            layers.set_text(&name, &value, "command line");
        }
        layers.finish()
    }
}

/// The profile that the layers name, the highest first. It is known before they are read, since the defaults depend on it.
fn profile_of(
    file: Option<&Path>,
    env: &[(String, String)],
    overrides: &[(String, String)],
) -> Option<String> {
    let given = |pairs: &[(String, String)], wanted: &[&str]| {
        let found = |name: &&str| pairs.iter().rev().find(|(given, _)| given == name);
        wanted.iter().find_map(found).map(|(_, value)| value.clone())
    };
    let of_file = || {
        let table = std::fs::read_to_string(file?).ok()?.parse::<Table>().ok()?;
        Some(table.get("server")?.get("profile")?.as_str()?.to_owned())
    };
    given(overrides, &["server.profile"])
        .or_else(|| given(env, &["PETSTORE_SERVER_PROFILE", "PETSTORE_PROFILE"]))
        .or_else(of_file)
}

#[derive(Default)]
struct Layers {
    values: Table,
    problems: Vec<ConfigProblem>,
}

impl Layers {
    fn add_file(&mut self, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.add_text(&text, &format!("file {}", path.display())),
            Err(error) => {
                let given = format!("cannot be read: {error}");
                self.refuse("--config", &format!("file {}", path.display()), given, "a readable UTF-8 file");
            }
        }
    }

    fn add_text(&mut self, text: &str, source: &str) {
        let sections = match text.parse::<Table>() {
            Ok(sections) => sections,
            Err(error) => {
                let given = format!("is not TOML: {}", error.to_string().trim_end());
                return self.refuse("syntax", source, given, "the form of config.default.toml");
            }
        };
        for (section, content) in sections {
            match content {
                Value::Table(keys) if is_section(&section) => {
                    for (key, value) in keys {
                        self.set(&format!("{section}.{key}"), source, |_| value);
                    }
                }
                _ => self.refuse_name(&section, source, &section),
            }
        }
    }

    fn add_env(&mut self, env: impl Iterator<Item = (String, String)>) {
        let mut ours: Vec<(String, String)> = env
            .filter(|(name, _)| name.starts_with(ENV_PREFIX) && !ENV_OTHERS.contains(&name.as_str()))
            .collect();
        // Short names first, so that the long form of the same setting wins; then by name, so that the
        // messages do not depend on the order of the environment.
        ours.sort_by_key(|(name, _)| (short_name(name).is_none(), name.clone()));
        for (name, value) in ours {
            let full = short_name(&name).map(str::to_owned).or_else(|| {
                let ours = |section, key| format!("{ENV_PREFIX}{section}_{key}").to_uppercase();
                RULES
                    .iter()
                    .find(|(section, key, _)| ours(section, key) == name)
                    .map(|(section, key, _)| format!("{section}.{key}"))
            });
            if let Some(full) = full {
                self.set_text(&full, &value, &format!("environment variable {name}"));
            } else {
                let allowed = "PETSTORE_<SECTION>_<KEY> of a key in config.default.toml";
                self.refuse(&name, "environment", "is no setting".to_owned(), allowed);
            }
        }
    }

    fn set_text(&mut self, name: &str, value: &str, source: &str) {
        self.set(name, source, |allowed| allowed.read(value));
    }

    fn set(&mut self, name: &str, source: &str, value: impl FnOnce(&Allowed) -> Value) {
        let rule = name.split_once('.').and_then(|(section, key)| {
            RULES.iter().find(|(of_section, of_key, _)| (*of_section, *of_key) == (section, key))
        });
        let Some((section, key, allowed)) = rule else {
            let section = name.split_once('.').map_or(name, |(section, _)| section);
            return self.refuse_name(name, source, section);
        };
        let value = value(allowed);
        if !allowed.admits(&value) {
            let given =
                if allowed.is_secret() { "is not that".to_owned() } else { format!("is {}", shown(&value)) };
            return self.refuse(name, source, given, &allowed.to_string());
        }
        let keys = self.values.entry(*section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(keys) = keys {
            keys.insert((*key).to_owned(), value);
        }
    }

    /// The value of an unknown name is not repeated: it may be a secret that strayed here.
    fn refuse_name(&mut self, name: &str, source: &str, section: &str) {
        let mut allowed: Vec<String> = if is_section(section) {
            let keys = RULES.iter().filter(|(of_section, _, _)| *of_section == section);
            keys.map(|(section, key, _)| format!("{section}.{key}")).collect()
        } else {
            RULES.iter().map(|(section, _, _)| format!("[{section}]")).collect()
        };
        allowed.dedup();
        self.refuse(name, source, "is no setting".to_owned(), &allowed.join(", "));
    }

    fn refuse(&mut self, name: &str, source: &str, given: String, allowed: &str) {
        let (name, source, allowed) = (name.to_owned(), source.to_owned(), allowed.to_owned());
        self.problems.push(ConfigProblem { name, source, given, allowed });
    }

    fn finish(mut self) -> Result<Settings, ConfigError> {
        let settings = match Settings::deserialize(std::mem::take(&mut self.values)) {
            Ok(settings) => settings,
            Err(error) => {
                self.refuse("settings", "all layers", error.to_string(), "the form of config.default.toml");
                return Err(ConfigError { problems: self.problems });
            }
        };
        let webhook = &settings.webhook;
        if webhook.lease_ms <= webhook.timeout_ms {
            // Else a second deliverer would take a delivery whose attempt is still under way.
            let given = format!("is {} with webhook.timeout_ms = {}", webhook.lease_ms, webhook.timeout_ms);
            self.refuse("webhook.lease_ms", "all layers", given, "more than webhook.timeout_ms");
        }
        let listen = settings.server.listen;
        if settings.server.profile == Profile::Conformance && !listen.ip().is_loopback() {
            // It lets in whoever knows what stands in its documentation.
            let given = format!("is {listen} with server.profile = \"conformance\"");
            self.refuse(
                "server.listen",
                "all layers",
                given,
                "a loopback address, for example 127.0.0.1:8080",
            );
        }
        self.check_inbound(&settings);
        if self.problems.is_empty() { Ok(settings) } else { Err(ConfigError { problems: self.problems }) }
    }
}

impl Layers {
    /// What reports here must be known by something, and the tokens and tenants must be some.
    fn check_inbound(&mut self, settings: &Settings) {
        let (provider, anyspend) = (&settings.provider, &settings.anyspend);
        let mut refuse = |name: &str, given: &str, allowed: &str| {
            self.refuse(name, "all layers", given.to_owned(), allowed);
        };
        if provider.enabled && provider.secret.0.is_empty() {
            refuse(
                "provider.secret",
                "is empty with provider.enabled = true",
                "the secret that the provider shows",
            );
        }
        if anyspend.enabled && anyspend.api_keys.is_empty() {
            refuse("anyspend.api_keys", "is empty with anyspend.enabled = true", "at least one key");
        }
        for (name, tenant) in [("provider.tenant", &provider.tenant), ("anyspend.tenant", &anyspend.tenant)] {
            if !tenant.is_empty() && Tenant::parse(tenant).is_err() {
                refuse(name, "is no tenant", "a UUID of version 4 or 7, or empty");
            }
        }
    }
}

fn is_section(name: &str) -> bool {
    RULES.iter().any(|(section, _, _)| *section == name)
}

fn short_name(name: &str) -> Option<&'static str> {
    ENV_SHORT.iter().find(|(short, _)| *short == name).map(|(_, full)| *full)
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
