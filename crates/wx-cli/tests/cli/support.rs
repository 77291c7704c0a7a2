//! A temporary directory, an emulator, and the command.

mod keys;
#[cfg(unix)]
pub(crate) mod other_clients;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use wx_emulator::{Builder, Emulator};

use self::keys::{
    ACCOUNT, CHECK, CONTACT, FAILED, FETCHED, MEMBER, MESSAGE, NO_PICTURE, REVOKED, SENT,
};

pub(crate) const TRANSPORTS: [&str; 2] = ["ureq", "reqwest"];

pub(crate) struct Place {
    pub(crate) emulator: Emulator,
    dir: tempfile::TempDir,
    secrets: Vec<String>,
}

/// Writes a file that only the user can read: the command warns of a session that others can read.
fn write(path: &Path, bytes: &[u8]) {
    let mut options = fs::File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create(true).truncate(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) err: String,
}

/// The command. SIGHUP ends it as usual even if these tests run under `nohup`, whose setting it
/// would otherwise inherit.
fn wx() -> Command {
    let path = env!("CARGO_BIN_EXE_wx");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored =
        status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
    if u64::from_str_radix(ignored, 16).unwrap() & 1 == 0 {
        return Command::new(path);
    }
    let mut env = Command::new("env");
    env.args(["--default-signal=HUP", path]);
    env
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(faults: &[&str]) -> Self {
        Self::build(faults, &[])
    }

    pub(crate) fn build(faults: &[&str], images: &[&[u8]]) -> Self {
        let mut builder = Emulator::builder();
        for fault in faults {
            builder = builder.fault(fault.parse().unwrap());
        }
        for image in images {
            builder = builder.image(image.to_vec());
        }
        Self::with_emulator(builder)
    }

    pub(crate) fn with_emulator(builder: Builder) -> Self {
        let emulator = builder.start().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let session = emulator.session_json();
        write(&dir.path().join("session.json"), session.as_bytes());
        let session: Value = serde_json::from_str(&session).unwrap();
        let cookies = session["cookies"].as_array().unwrap().iter().map(|cookie| &cookie["value"]);
        let secrets =
            [&session["sid"], &session["skey"], &session["pass_ticket"]].into_iter().chain(cookies);
        let secrets =
            secrets.filter_map(|secret| secret.as_str()).filter(|secret| secret.len() > 12);
        let secrets = secrets.map(str::to_owned).chain([session["uin"].to_string()]).collect();
        Self { emulator, dir, secrets }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        write(&path, bytes);
        path
    }

    /// Changes the JSON of the session file.
    pub(crate) fn session(&self, change: impl FnOnce(&mut Value)) {
        let mut session = serde_json::from_str(&self.emulator.session_json()).unwrap();
        change(&mut session);
        self.file("session.json", session.to_string().as_bytes());
    }

    /// Returns the command, to be run in the directory.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = wx();
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // No request to the loopback address may go through a proxy.
        command.env("HTTP_PROXY", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1");
        command
    }

    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Runs the command, and checks what must hold for every run.
    pub(crate) fn wx(&self, args: &[&str]) -> Ran {
        self.ran(self.command(args).output().unwrap())
    }

    pub(crate) fn wx_with_input(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The command may stop reading early.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        self.ran(output)
    }

    /// Runs the command with a limit on the size of files, in blocks.
    #[cfg(unix)]
    pub(crate) fn wx_with_room(&self, blocks: u32, args: &[&str]) -> Ran {
        self.wx_behind(
            &["sh", "-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"],
            args,
        )
    }

    /// Runs the command without superuser rights, with which no directory is read-only.
    #[cfg(target_os = "linux")]
    pub(crate) fn wx_without_rights(&self, args: &[&str]) -> Ran {
        let probe = self.path("probe");
        fs::create_dir(&probe).unwrap();
        fs::set_permissions(&probe, std::os::unix::fs::PermissionsExt::from_mode(0o500)).unwrap();
        let is_superuser = fs::write(probe.join("file"), "").is_ok();
        fs::remove_dir_all(&probe).unwrap();
        let drop_rights: &[&str] =
            if is_superuser { &["setpriv", "--bounding-set", "-all"] } else { &["env"] };
        self.wx_behind(drop_rights, args)
    }

    /// Runs the command through another command, which takes it as its arguments.
    #[cfg(unix)]
    fn wx_behind(&self, before: &[&str], args: &[&str]) -> Ran {
        let wx = self.command(args);
        let mut command = Command::new(before[0]);
        command
            .args(&before[1..])
            .arg(wx.get_program())
            .args(wx.get_args())
            .current_dir(self.dir.path());
        command
            .envs(wx.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null());
        self.ran(command.output().unwrap())
    }

    pub(crate) fn wait(&self, child: Child) -> Ran {
        self.ran(child.wait_with_output().unwrap())
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let code = output.status.code().unwrap_or(-1);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8(output.stderr).unwrap();
        // A login in JSON contains the link of its QR code, which includes the address of the
        // loopback server.
        for secret in &self.secrets {
            assert!(
                !out.contains(secret) && !err.contains(secret),
                "a secret is shown: {out}{err}"
            );
        }
        assert!(!err.contains("http://") && !err.contains("panicked"), "{err}");
        assert!(err.chars().all(|c| c == '\n' || !c.is_control()), "{err:?}");
        assert!(
            err.lines().all(|line| line.starts_with("wx: ") || !line.contains("error")),
            "{err}"
        );
        Ran { code, out, bytes: output.stdout, err }
    }

    /// Checks that a file, or each file of a directory, contains no secret.
    pub(crate) fn assert_no_secret_in(&self, name: &str) {
        let path = self.path(name);
        let files: Vec<_> = match fs::read_dir(&path) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => vec![path],
        };
        assert!(!files.is_empty());
        for file in files {
            // A file that is being replaced may be gone.
            let Ok(bytes) = fs::read(&file) else { continue };
            let text = String::from_utf8(bytes).unwrap();
            for secret in &self.secrets {
                assert!(!text.contains(secret), "a secret is in {}", file.display());
            }
        }
    }

    /// Waits until an endpoint has received this many requests.
    pub(crate) fn wait_for(&self, endpoint: &str, requests: usize) {
        // A request counts once its head has arrived, but a message only once its body has.
        let is_message = endpoint.starts_with("webwxsend");
        wait_until(|| {
            let seen = self.emulator.requests();
            let arrived = seen.iter().filter(|seen| seen.endpoint == endpoint);
            arrived.filter(|seen| !is_message || seen.body.is_some()).count() >= requests
        });
    }

    /// Checks that no request was sent.
    pub(crate) fn assert_silence(&self) {
        let requests: Vec<_> =
            self.emulator.requests().iter().map(|request| request.endpoint.clone()).collect();
        assert_eq!(requests, Vec::<String>::new());
    }

    /// Returns the sorted names in the directory, without the session file.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.retain(|name| name != "session.json");
        names.sort();
        names
    }
}

impl Ran {
    /// Returns the events. Each must have exactly the keys of its kind.
    pub(crate) fn events(&self) -> Vec<Value> {
        let events: Vec<Value> =
            self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        for event in &events {
            let keys: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
            match event["event"].as_str().unwrap() {
                "sent" => assert_eq!(keys, SENT),
                "fetched" => assert_eq!(keys, FETCHED),
                "revoked" => assert_eq!(keys, REVOKED),
                "no_picture" => assert_eq!(keys, NO_PICTURE),
                "failed" | "unknown" | "given_up" => {
                    assert_eq!((keys, &event["sent_at"]), (FAILED.to_vec(), &Value::Null));
                }
                "login_ends" => assert_eq!(keys, ["event", "ends_at"]),
                "skipped" => assert_eq!(keys, ["event", "what", "unreadable", "over_limit"]),
                "contact" => assert_eq!(keys, CONTACT),
                "member" => assert_eq!(keys, MEMBER),
                "missing" => assert_eq!(keys, ["event", "room"]),
                "message" => {
                    assert_eq!(keys, MESSAGE);
                    assert_eq!(event["sent_at"], event["time"]);
                }
                "doctor" => {
                    assert_eq!(keys, ["event", "version", "os", "arch", "transport", "tls"]);
                }
                "check" => assert_eq!(keys, CHECK),
                "account" | "logged_in" | "logged_out" => assert_eq!(keys, ACCOUNT),
                "imported" => assert_eq!(keys, [&ACCOUNT[..], &["client"]].concat()),
                "code" | "asked" | "scanned" | "confirmed" | "refused" | "expired" | "trouble" => {}
                other => panic!("{other}"),
            }
        }
        events
    }

    /// Returns the kinds of the events.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.column("event")
    }

    pub(crate) fn column(&self, key: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.events().iter().map(|event| text(&event[key])).collect()
    }

    /// Returns the only line on standard error, except for the note on the loopback session.
    pub(crate) fn one_line(&self) -> &str {
        let mut lines = self.err.lines().filter(|line| !line.contains("a loopback session"));
        let line = lines.next().unwrap_or_else(|| panic!("no line: {self:?}"));
        assert_eq!(lines.next(), None, "{}", self.err);
        assert!(line.starts_with("wx: "), "{line}");
        line
    }
}

/// The arguments that send something to the File Transfer Helper.
pub(crate) fn send<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let to =
        ["send-image", "--session", "session.json", "--to", "filehelper", "--transport", transport];
    [&to, more].concat()
}

/// The arguments that fetch something.
pub(crate) fn fetch<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["fetch-image", "--session", "session.json", "--transport", transport], more].concat()
}

pub(crate) fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "waited too long");
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let sent =
        Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(160, 120, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// Returns a JPEG of at least `len` bytes, which differs for each `mark`.
pub(crate) fn jpeg(len: usize, mark: u8) -> Vec<u8> {
    let mut bytes = encoded(ImageFormat::Jpeg);
    // Decoders ignore what follows the end marker.
    let filler = (0u32..).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ mark);
    let missing = len.saturating_sub(bytes.len() + 1);
    bytes.push(mark);
    bytes.extend(filler.take(missing));
    bytes
}

pub(crate) fn png() -> Vec<u8> {
    encoded(ImageFormat::Png)
}

pub(crate) fn gif() -> Vec<u8> {
    encoded(ImageFormat::Gif)
}

pub(crate) const CHUNK: usize = 524_288;
