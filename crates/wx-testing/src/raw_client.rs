//! HTTP over a plain socket, so that tests control and observe every byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// A reply, or the part of it that arrived before the connection was closed or fell idle.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The names and values in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, or the part of it that was received.
    pub body: Vec<u8>,
    /// Whether the body has the announced length.
    pub is_complete: bool,
}

/// The connection was closed without a reply.
#[derive(Debug, PartialEq)]
pub struct ClosedWithoutReply;

impl Reply {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Returns the body as text, decompressed if it is gzip.
    pub fn text(&self) -> String {
        if self.header("content-encoding") != Some("gzip") {
            return String::from_utf8(self.body.clone()).unwrap();
        }
        let mut text = String::new();
        flate2::read::GzDecoder::new(&self.body[..]).read_to_string(&mut text).unwrap();
        text
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|e| panic!("{e}: {:?}", self.text()))
    }

    /// Returns the Ret of the body.
    pub fn ret(&self) -> i64 {
        self.json()["BaseResponse"]["Ret"].as_i64().unwrap()
    }
}

/// Sends a request on a new connection. Adds Host and Content-Length if they are absent.
///
/// # Errors
///
/// Returns an error if the connection was closed without a reply.
pub fn request(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Reply, ClosedWithoutReply> {
    let mut stream = connect(addr);
    // Writing fails if the server closes the connection early. There may be a reply nevertheless.
    let _ = stream.write_all(&head(addr, method, target, headers, body.len()));
    let _ = stream.write_all(body);
    reply(&mut stream)
}

/// Connects to the server.
pub fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Returns the head of a request. Adds Host and Content-Length if they are absent.
pub fn head(
    addr: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    len: usize,
) -> Vec<u8> {
    let has = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !has("host") {
        head += &format!("Host: {addr}\r\n");
    }
    if method == "POST" && !has("content-length") {
        head += &format!("Content-Length: {len}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    (head + "\r\n").into_bytes()
}

/// Reads a reply.
///
/// # Errors
///
/// Returns an error if the connection was closed before the head was complete.
pub fn reply(stream: &mut TcpStream) -> Result<Reply, ClosedWithoutReply> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64 * 1024];
    let mut read = |bytes: &mut Vec<u8>| match stream.read(&mut buffer) {
        Ok(0) | Err(_) => false,
        Ok(n) => {
            bytes.extend_from_slice(&buffer[..n]);
            true
        }
    };
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if !read(&mut bytes) {
            return Err(ClosedWithoutReply);
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    let length = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, v)| v.parse().unwrap());
    while body.len() < length && read(&mut body) {}
    let is_complete = body.len() == length;
    Ok(Reply { status, headers, body, is_complete })
}
