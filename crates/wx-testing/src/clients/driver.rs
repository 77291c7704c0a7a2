//! The process of a driver, and the lines exchanged with it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::roster::{Client, Language};
use crate::TestBed;

/// The drivers themselves have a shorter limit.
const LONGEST_RUN: Duration = Duration::from_secs(75);

/// The directories of the drivers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directories<'a> {
    /// `crates/wx-testing/clients`.
    pub(crate) drivers: &'a Path,
    /// The directory of the packages from `install.sh`.
    pub(crate) installed: &'a Path,
    /// The directory of the files to send.
    pub(crate) files: &'a Path,
    /// The home directory, which is also the working directory and the directory for temporary
    /// files.
    pub(crate) scratch: &'a Path,
}

/// Runs a driver until it ends, and answers each of its lines with `answer`.
///
/// # Errors
///
/// Returns an error if the driver cannot be started, never connects, or has to be killed.
pub(crate) fn drive(
    client: &Client,
    bed: &TestBed,
    directories: Directories<'_>,
    mut answer: impl FnMut(&Value) -> Value,
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut process = Process(command(client, bed, directories, &listener)?.spawn()?);
    let deadline = Instant::now() + LONGEST_RUN;
    let stream = connected(&listener, &mut process, deadline)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut stream, mut line) = (stream, String::new());
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        reader.get_ref().set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the driver ended before it was done"));
        }
        let line_json: Value = serde_json::from_str(&line)?;
        stream.write_all(format!("{}\n", answer(&line_json)).as_bytes())?;
        if line_json["done"] == true {
            return process.ended(deadline);
        }
    }
}

fn command(
    client: &Client,
    bed: &TestBed,
    directories: Directories<'_>,
    listener: &TcpListener,
) -> io::Result<Command> {
    let name = client.name;
    let mut command = match client.language {
        Language::Python => {
            let mut command = Command::new("python3");
            command.args(["-B", "-s"]).arg(directories.drivers.join("python/run.py")).arg(name);
            command.env("PYTHONPATH", directories.installed.join("python").join(name));
            command
        }
        Language::Node => {
            let mut command = Command::new("node");
            command.arg(directories.drivers.join(format!("node/{name}.js")));
            command.env("NODE_PATH", directories.installed.join("node/node_modules"));
            command
        }
    };
    let logs = directories.installed.join("logs");
    std::fs::create_dir_all(&logs)?;
    let log = std::fs::File::create(logs.join(name).with_extension("log"))?;
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut variables: BTreeMap<&str, String> = bed.environment().into_iter().collect();
    variables.extend([
        ("WX_PROXY", bed.proxy()),
        ("WX_SPKI", bed.spki_hash()),
        ("WX_CONTROL", listener.local_addr()?.to_string()),
        ("WX_FILES", path(directories.files)),
        ("HOME", path(directories.scratch)),
        ("TMPDIR", path(directories.scratch)),
    ]);
    command
        .envs(variables)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .current_dir(directories.scratch)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

fn connected(
    listener: &TcpListener,
    process: &mut Process,
    deadline: Instant,
) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) => {}
        }
        if let Some(status) = process.0.try_wait()? {
            return Err(io::Error::other(format!("the driver did not start: {status}")));
        }
        if Instant::now() > deadline {
            return Err(io::Error::other("the driver did not connect"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that is killed when it is dropped, so that it does not outlive the bed.
struct Process(Child);

impl Process {
    fn ended(&mut self, deadline: Instant) -> io::Result<()> {
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(io::Error::other(format!("the driver ended with {status}"))),
                };
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other("the driver did not end"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
