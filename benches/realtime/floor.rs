//! The floor: what it costs to write a ready message to every connection, and nothing else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Takes connections, and lines `COUNT LENGTH` with a message after them from standard input: the message is written that
/// many times to each connection, in one write.
pub fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let accepted = streams.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            accepted.lock().unwrap().push(stream);
        }
    });
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    while input.read_line(&mut line).unwrap() > 0 {
        let (count, length) = line.trim().split_once(' ').unwrap();
        let mut message = vec![0; length.parse().unwrap()];
        input.read_exact(&mut message).unwrap();
        let message = message.repeat(count.parse().unwrap());
        for stream in streams.lock().unwrap().iter_mut() {
            let _ = stream.write_all(&message);
        }
        line.clear();
    }
}
