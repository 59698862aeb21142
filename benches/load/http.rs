//! A keep-alive HTTP/1.1 client that costs the load process little.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection; one request at a time.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    pub body: String,
}

impl Answer {
    /// The first string value of that name.
    pub fn field(&self, name: &str) -> String {
        let start =
            self.body.find(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("no {name} in {}", self.body));
        self.body[start + name.len() + 4..].split('"').next().unwrap().to_owned()
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(4096) }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    pub async fn post(&mut self, path: &str, token: &str, body: &str) -> Answer {
        self.send("POST", path, token, body).await
    }

    pub async fn put(&mut self, path: &str, token: &str, body: &str) -> Answer {
        self.send("PUT", path, token, body).await
    }

    async fn send(&mut self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let authorization =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: petstore\r\nAccept: application/json\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(head.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "closed at {method} {path}");
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap().to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.trim().parse().unwrap());
            while self.buffer.len() < end + 4 + length {
                assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "closed in a body");
            }
            let body = String::from_utf8(self.buffer[end + 4..end + 4 + length].to_vec()).unwrap();
            assert!(head.starts_with("http/1.1 2"), "{method} {path}: {head}\n{body}");
            return Answer { body };
        }
    }
}
