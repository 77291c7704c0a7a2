//! A minimal server that discards request bodies and accepts everything. It is a separate process,
//! so that its work is not counted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use crate::in_memory_server;

/// The length of the image that is fetched, in bytes.
pub const IMAGE: usize = 100 * 1024 * 1024;

/// The length of the longest file that is sent or fetched, in bytes.
pub const LONGEST: usize = 200 * 1024 * 1024;

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Starts this program again as a server, with the single argument `serve`.
    ///
    /// # Errors
    ///
    /// Returns an error if the process cannot be started.
    pub fn start() -> io::Result<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let addr = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, addr })
    }

    /// Returns the server's CPU time so far in seconds, or 0 if there is no `/proc`.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        /// Clock ticks per second, which has this value on all common Linux architectures.
        const TICKS: f64 = 100.0;
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        // The program name is in parentheses and may contain spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
        // The fields utime and stime, which are the 14th and 15th.
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints the server's address, and serves until the process is killed.
///
/// # Errors
///
/// Returns an error if the port cannot be opened.
pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let media = Arc::new((in_memory_server::image(LONGEST), in_memory_server::video()));
    loop {
        let (stream, _) = listener.accept()?;
        let media = Arc::clone(&media);
        // Other connections continue when one ends.
        let thread = thread::Builder::new().stack_size(64 * 1024);
        thread.spawn(move || drop(answer(stream, &media.0, &media.1)))?;
    }
}

/// Returns the length of the file that is requested: the number in its name.
fn file_len(head: &str) -> usize {
    let name = head.split_once("encryfilename=").map_or("", |(_, name)| name);
    let digits = name.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().map_or(0, |len: usize| len.min(LONGEST))
}

fn answer(mut stream: TcpStream, media: &[u8], video: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let yes = in_memory_server::accepted(0).into_body();
    let mut buffer = vec![0; 256 * 1024];
    let mut held = 0;
    loop {
        let end = loop {
            if let Some(at) = buffer[..held].windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            held += match stream.read(&mut buffer[held..])? {
                0 => return Ok(()),
                len => len,
            };
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut left: usize = length.unwrap_or_default();
        let here = left.min(held - end);
        buffer.copy_within(end + here..held, 0);
        held -= end + here;
        left -= here;
        while left > 0 {
            let max = left.min(buffer.len() - held);
            left -= match stream.read(&mut buffer[held..held + max])? {
                0 => return Ok(()),
                len => len,
            };
        }
        // Only a video is requested with a range.
        let mut status = "200 OK".to_owned();
        let body = match head.split(['/', '?', ' ']).find(|part| part.starts_with("webwx")) {
            Some("webwxgetmsgimg") => &media[..IMAGE],
            Some("webwxgetmedia") => &media[..file_len(&head)],
            Some("webwxgetvideo") => {
                let range = in_memory_server::range(video.len());
                status = format!("206 Partial Content\r\nContent-Range: {range}");
                video
            }
            Some("webwxcheckupload") => in_memory_server::CHECKED.as_bytes(),
            _ => &yes,
        };
        let mut answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        if body.len() < 64 * 1024 {
            answer.extend_from_slice(body);
            stream.write_all(&answer)?;
        } else {
            stream.write_all(&answer)?;
            stream.write_all(body)?;
        }
    }
}
