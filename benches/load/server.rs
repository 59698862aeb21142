//! The servers under load: processes of their own, measured from /proc.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::http::Connection;

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: &str) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A server that says on standard output where it listens.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    pid: u32,
}

impl Process {
    /// Starts it; it ends with this value.
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        let child = child.expect("the server's binary");
        let pid = child.id().unwrap();
        Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), child, pid }
    }

    /// Waits until it listens, and learns where.
    pub async fn listening(&mut self) {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("it ended before it listened");
            if let Some(address) = line.strip_prefix("listening on http://") {
                self.address = address.parse().unwrap();
                return;
            }
        }
    }

    /// Its standard input, when that is a pipe.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// CPU time that it has used, user and system.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        // utime and stime, in ticks of 1/100 s (proc(5); USER_HZ is 100 on every Linux).
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    }

    /// Resident memory, in KiB.
    pub fn resident_kib(&self) -> i64 {
        resident_kib(&self.pid.to_string())
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A running petstore with a fresh demo store.
pub struct Petstore {
    pub process: Process,
    data: tempfile::TempDir,
}

impl Petstore {
    /// Starts the binary on a free port of loopback and waits until it listens.
    pub async fn start(binary: &str) -> Self {
        Self::start_in(binary, tempfile::tempdir().unwrap()).await
    }

    /// Starts it with the store that is in `data`.
    pub async fn start_in(binary: &str, data: tempfile::TempDir) -> Self {
        let mut process = Process::start(
            Command::new(binary)
                .args(["serve", "--listen", "127.0.0.1:0", "--seed", "demo", "--data"])
                .arg(data.path())
                // All of the load comes from one address.
                .env("PETSTORE_RATE_LIMIT_ENABLED", "false")
                // One account asks for all of them.
                .env("PETSTORE_CHAT_MESSAGES_PER_MINUTE", "1000000"),
        );
        process.listening().await;
        Self { process, data }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// An access token of a demo account.
    pub async fn login(&self, username: &str) -> String {
        let mut connection = Connection::open(self.address()).await;
        let body = format!("{{\"username\":\"{username}\",\"password\":\"petstore-demo\"}}");
        connection.post("/v1/auth/tokens", "", &body).await.field("accessToken")
    }

    /// Commits so far and the changes that shared them, from the metrics.
    pub async fn commits(&self) -> String {
        let mut connection = Connection::open(self.address()).await;
        let text = connection.get("/metrics").await.body;
        let value = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim).to_owned()
        };
        format!("{}, {}", value("petstore_commit_writes_count"), value("petstore_commit_writes_sum"))
    }

    /// Ends it, and its store with it.
    pub async fn stop(self) {
        self.kill().await;
    }

    /// Kills it and leaves its store.
    pub async fn kill(self) -> tempfile::TempDir {
        self.process.stop().await;
        self.data
    }
}
