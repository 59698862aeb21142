//! The built binary as a process: start, SIGTERM, kill -9, start again on the same folder and port.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio_util::task::AbortOnDropHandle;

use super::{Api, within};

const READY: &str = "listening on ";

/// A command of the binary (`PETSTORE_BIN` names another, such as that of a release), without the settings that this
/// process has inherited.
pub fn command(arguments: &[&str]) -> Command {
    let binary = std::env::var_os("PETSTORE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_petstore").into());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PETSTORE_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A server process with the demo store; it is killed when it is dropped.
pub struct Binary {
    child: Child,
    dir: Arc<TempDir>,
    env: Vec<(&'static str, &'static str)>,
    /// Lines of standard output up to the one that says that it is ready, over the last start.
    pub banner: Vec<String>,
    /// Lines of standard error, over all starts.
    pub log: Arc<Mutex<Vec<String>>>,
    pub url: String,
    readers: Vec<AbortOnDropHandle<()>>,
}

impl Binary {
    /// Starts it on a fresh folder and a free port.
    pub async fn start(env: &[(&'static str, &'static str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("petstore-it-").tempdir().unwrap();
        let cheap = [("PETSTORE_AUTH_ARGON2_MEMORY_KIB", "64"), ("PETSTORE_AUTH_ARGON2_ITERATIONS", "1")];
        let env = cheap.iter().chain(env).copied().collect();
        Self::launch(Arc::new(dir), env, "127.0.0.1:0", Arc::default()).await
    }

    async fn launch(
        dir: Arc<TempDir>,
        env: Vec<(&'static str, &'static str)>,
        listen: &str,
        log: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let data = dir.path().join("data");
        let arguments = ["serve", "--listen", listen, "--seed", "demo", "--data", data.to_str().unwrap()];
        let mut child = command(&arguments).envs(env.iter().copied()).spawn().unwrap();
        let mut readers = vec![collect(child.stderr.take().unwrap(), log.clone())];
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut banner = Vec::new();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                banner.push(line);
                if let Some(url) = banner.last().and_then(|line| line.strip_prefix(READY)) {
                    return Some(url.to_owned());
                }
            }
            None
        };
        let url = within("the line that says that it is ready", ready).await;
        let url = url.unwrap_or_else(|| panic!("it ended before it was ready: {:?}", log.lock()));
        readers.push(collect(lines.into_inner(), Arc::default()));
        Self { child, dir, env, banner, log, url, readers }
    }

    pub fn anonymous(&self) -> Api {
        Api::anonymous(&self.url)
    }

    /// Where its data is.
    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// kill -9; returns when the process is gone.
    pub async fn kill(&mut self) {
        self.child.start_kill().unwrap();
        within("the end after SIGKILL", self.child.wait()).await.unwrap();
    }

    /// Tells it to stop.
    pub async fn terminate(&self) {
        let pid = self.child.id().expect("it still runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub async fn exit(&mut self) -> ExitStatus {
        within("the end of the process", self.child.wait()).await.unwrap()
    }

    /// Starts it again, after its end, on the same folder and port.
    pub async fn restart(self) -> Self {
        let listen = self.url.strip_prefix("http://").unwrap().to_owned();
        let Self { dir, env, log, readers, .. } = self;
        // What is still in the pipes belongs to the log.
        for reader in readers {
            within("the end of the output", reader).await.unwrap();
        }
        Self::launch(dir, env, &listen, log).await
    }

    /// Lines of the log at level ERROR, and panics.
    pub fn errors(&self) -> Vec<String> {
        let log = self.log.lock();
        log.iter().filter(|line| line.contains("ERROR") || line.contains("panicked")).cloned().collect()
    }
}

fn collect(
    output: impl AsyncRead + Unpin + Send + 'static,
    into: Arc<Mutex<Vec<String>>>,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            into.lock().push(line);
        }
    }))
}
