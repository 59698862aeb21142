//! The command line: parsed here, carried out by `main`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::webhook::tools::{Listen, Login};

const MANUAL: &str = "Every setting can also come from a file (--config) or from an environment variable \
    PETSTORE_<SECTION>_<KEY>; config.default.toml lists them all with their defaults. \
    The command line wins over the environment, the environment over the file.";

/// Real-time store server: one domain, every protocol, every change live.
#[derive(Debug, Parser)]
#[command(name = "petstore", version, arg_required_else_help = true, after_long_help = MANUAL)]
struct CommandLine {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Run the server until SIGTERM or Ctrl-C.
    #[command(after_long_help = MANUAL)]
    Serve(ServeFlags),
    /// Write the golden schemas of every protocol.
    Schema {
        /// Folder that the schemas are written to; made when it does not exist.
        #[arg(long, value_name = "DIR", default_value = "schema")]
        out: PathBuf,
    },
    /// Fill an empty database with the demo store, then exit.
    #[command(after_long_help = MANUAL)]
    Seed(SeedFlags),
    /// Show or change the keys that sign access tokens.
    #[command(subcommand)]
    Keys(KeysSubcommands),
    /// Forward a running store's events to a receiver on this machine, signed as webhooks are.
    Listen {
        /// Where the events are posted.
        #[arg(long, value_name = "URL")]
        forward: String,
        /// Which events, as webhook endpoints name them: order.created, order.* or *.
        #[arg(long, value_name = "TYPES", value_delimiter = ',', default_value = "*")]
        events: Vec<String>,
        #[command(flatten)]
        login: LoginFlags,
    },
    /// Tools for receivers of webhooks.
    #[command(subcommand)]
    Webhook(WebhookTools),
    /// Make an event happen in a running store, with real resources.
    Trigger {
        /// The type, such as order.statusChanged.
        #[arg(value_name = "TYPE")]
        event: String,
        #[command(flatten)]
        login: LoginFlags,
    },
}

#[derive(Debug, Subcommand)]
enum KeysSubcommands {
    /// List the keys, oldest first.
    List(SeedFlags),
    /// Make a new key. The older ones go on verifying until the last of their tokens has expired. A running server takes
    /// the new key up within a minute.
    Rotate {
        /// Take the older keys away at once, and with them every token that they signed.
        #[arg(long)]
        end_old: bool,
        #[command(flatten)]
        flags: SeedFlags,
    },
}

#[derive(Debug, Subcommand)]
enum WebhookTools {
    /// Check the signatures of a captured request.
    Verify {
        /// The endpoint's secret (whsec_…) or public key (whpk_…).
        #[arg(long, value_name = "KEY")]
        key: String,
        /// File with the header lines, an empty line and the body; - is the standard input.
        #[arg(long, value_name = "FILE", default_value = "-")]
        request: PathBuf,
        /// How long ago it may have been signed, seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 300)]
        tolerance_s: u32,
    },
}

#[derive(Debug, Args)]
struct LoginFlags {
    /// Where the store is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Who asks.
    #[arg(long, default_value = "staff")]
    username: String,
    /// The user's password.
    #[arg(long, default_value = "petstore-demo")]
    password: String,
    /// An access token, in place of user name and password.
    #[arg(long)]
    token: Option<String>,
}

impl From<LoginFlags> for Login {
    fn from(LoginFlags { server, username, password, token }: LoginFlags) -> Self {
        Self { server, username, password, token }
    }
}

#[derive(Debug, Args)]
struct ServeFlags {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<String>,
    /// Folder of the database and of uploaded files [default: ./data].
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// What an empty database is filled with [default: none].
    #[arg(long, value_name = "demo|none")]
    seed: Option<String>,
    /// How tokens are taken: strict checks every one, open takes any string as staff [default: strict].
    #[arg(long, value_name = "strict|open")]
    auth: Option<String>,
    /// What the server is for: conformance has what protocol suites expect, on loopback only [default: standard].
    #[arg(long, value_name = "standard|conformance")]
    profile: Option<String>,
    /// Where clients reach the server, used in links; left out, it follows from the bound address.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// PEM file with the certificate and its chain; with --tls-key the server speaks TLS.
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// PEM file with the private key of the certificate.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// File with settings, in the form of config.default.toml.
    #[arg(long, value_name = "FILE", env = "PETSTORE_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SeedFlags {
    /// Folder of the database [default: ./data].
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// File with settings, in the form of config.default.toml.
    #[arg(long, value_name = "FILE", env = "PETSTORE_CONFIG")]
    config: Option<PathBuf>,
}

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the server.
    Serve(SettingsSource),
    /// Write the golden schemas.
    Schema {
        /// Folder to write to.
        out: PathBuf,
    },
    /// Fill an empty database with the demo store.
    Seed(SettingsSource),
    /// List the keys that sign access tokens.
    ListKeys(SettingsSource),
    /// Make a new key that signs access tokens.
    RotateKeys {
        /// Where the data directory is named.
        source: SettingsSource,
        /// Whether the older keys are taken away at once.
        end_old: bool,
    },
    /// Forward events to a receiver on this machine.
    Listen(Listen),
    /// Check the signatures of a captured request.
    VerifyWebhook {
        /// A secret or a public key.
        key: String,
        /// The file with the request.
        request: PathBuf,
        /// How long ago it may have been signed, seconds.
        tolerance_s: u32,
    },
    /// Make an event happen.
    Trigger {
        /// Where, and who asks.
        login: Login,
        /// Its type.
        event: String,
    },
}

/// Where the settings come from, as `Settings::load` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsSource {
    /// The file, when one was given.
    pub config: Option<PathBuf>,
    /// Full names (`server.listen`) and values of the flags that were given; not checked yet.
    pub overrides: Vec<(String, String)>,
}

/// Reads the command line of this process. Prints and exits for `--help`, `--version` and mistakes.
#[must_use]
pub fn parse() -> Command {
    command(CommandLine::parse())
}

fn command(line: CommandLine) -> Command {
    match line.command {
        Subcommands::Serve(flags) => {
            let overrides = [
                ("server.listen", flags.listen),
                ("server.data_dir", flags.data),
                ("server.seed", flags.seed),
                ("auth.mode", flags.auth),
                ("server.profile", flags.profile),
                ("server.public_url", flags.public_url),
                ("tls.cert", flags.tls_cert),
                ("tls.key", flags.tls_key),
            ];
            Command::Serve(source(flags.config, overrides))
        }
        Subcommands::Schema { out } => Command::Schema { out },
        Subcommands::Seed(flags) => Command::Seed(flags.source()),
        Subcommands::Keys(KeysSubcommands::List(flags)) => Command::ListKeys(flags.source()),
        Subcommands::Keys(KeysSubcommands::Rotate { end_old, flags }) => {
            Command::RotateKeys { source: flags.source(), end_old }
        }
        Subcommands::Listen { forward, events, login } => {
            Command::Listen(Listen { login: login.into(), forward, events })
        }
        Subcommands::Webhook(WebhookTools::Verify { key, request, tolerance_s }) => {
            Command::VerifyWebhook { key, request, tolerance_s }
        }
        Subcommands::Trigger { event, login } => Command::Trigger { login: login.into(), event },
    }
}

impl SeedFlags {
    fn source(self) -> SettingsSource {
        source(self.config, [("server.data_dir", self.data)])
    }
}

fn source<const N: usize>(config: Option<PathBuf>, flags: [(&str, Option<String>); N]) -> SettingsSource {
    let given = flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    SettingsSource { config, overrides: given.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use clap::CommandFactory;

    fn read(line: &str) -> Result<Command, clap::Error> {
        CommandLine::try_parse_from(line.split(' ')).map(command)
    }

    #[test]
    fn definition_is_sound_and_everything_is_documented() {
        let mut line = CommandLine::command();
        line.clone().debug_assert();
        line.build();
        for sub in line.get_subcommands().filter(|sub| sub.get_name() != "help") {
            assert!(sub.get_about().is_some(), "{} lacks help", sub.get_name());
            for arg in sub.get_arguments() {
                assert!(arg.get_help().is_some(), "{} {} lacks help", sub.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn help_names_the_defaults_of_the_settings() {
        let settings = Settings::load(None, std::iter::empty(), vec![]).unwrap();
        let help =
            CommandLine::command().find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        assert!(help.contains(&format!("[default: {}]", settings.server.listen)), "{help}");
        assert!(help.contains(&format!("[default: {}]", settings.server.data_dir.display())));
        assert!(help.contains("PETSTORE_<SECTION>_<KEY>"));
    }

    #[test]
    fn flags_become_overrides_that_the_settings_accept() {
        let all = "petstore serve --listen [::1]:0 --data /tmp/x --seed demo --auth open \
                   --public-url https://pets.example --tls-cert c.pem --tls-key k.pem --config my.toml";
        let Ok(Command::Serve(source)) = read(all) else { panic!("must parse") };
        assert_eq!(source.config, Some(PathBuf::from("my.toml")));
        assert_eq!(source.overrides.len(), 7);
        let settings = Settings::load(None, std::iter::empty(), source.overrides).unwrap();
        assert_eq!(settings.server.listen.to_string(), "[::1]:0");
        assert_eq!(settings.server.public_url, "https://pets.example");
        assert_eq!(settings.auth.mode, crate::config::AuthMode::Open);

        let Ok(Command::Seed(source)) = read("petstore seed --data /tmp/x") else { panic!("must parse") };
        assert_eq!(source.overrides, [("server.data_dir".to_owned(), "/tmp/x".to_owned())]);
        let rotate = read("petstore keys rotate --end-old --data /tmp/x");
        assert!(matches!(rotate, Ok(Command::RotateKeys { end_old: true, .. })));
        assert!(matches!(read("petstore keys list"), Ok(Command::ListKeys(_))));
        assert_eq!(read("petstore schema --out api").unwrap(), Command::Schema { out: PathBuf::from("api") });
    }

    #[test]
    fn the_tools_know_where_the_store_is_and_who_asks() {
        let Ok(Command::Listen(listen)) =
            read("petstore listen --forward http://x/hook --events order.*,pet.created")
        else {
            panic!("must parse")
        };
        assert_eq!((listen.forward.as_str(), listen.events.len()), ("http://x/hook", 2));
        assert_eq!(listen.login.server, "http://127.0.0.1:8080");
        let Ok(Command::Trigger { login, event }) = read("petstore trigger pet.created --token t") else {
            panic!("must parse")
        };
        assert_eq!((login.token.as_deref(), event.as_str()), (Some("t"), "pet.created"));
        let Ok(Command::VerifyWebhook { tolerance_s, .. }) = read("petstore webhook verify --key whsec_AAAA")
        else {
            panic!("must parse")
        };
        assert_eq!(tolerance_s, 300);
        assert!(read("petstore listen").is_err(), "somewhere to forward to");
    }

    #[test]
    fn mistakes_are_refused_and_the_version_is_known() {
        assert!(read("petstore serve --port 80").unwrap_err().to_string().contains("--port"));
        assert!(read("petstore dance").is_err());
        let version = read("petstore --version").unwrap_err();
        assert_eq!(version.to_string(), format!("petstore {}\n", env!("CARGO_PKG_VERSION")));
    }
}
