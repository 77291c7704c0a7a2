//! The session file: where it is, reading it, and replacing it.

use std::env;
use std::fmt::Display;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_proto::flow::Restore;
use wx_proto::{Advice, Policy, Session};

use crate::args::Global;
use crate::files::{self, Lock};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::transport::{Client, seed, unix_ms};

/// No session file is near as large.
pub(crate) const LIMIT: u64 = 4 * 1024 * 1024;

/// What the session is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Send,
    Fetch,
    /// What begins with webwxinit itself, or ends the login.
    Login,
    /// Whatever it holds: a login that is over can be logged in again.
    Any,
}

/// The platform's place for the session file; its directory is made for the user alone.
pub(crate) fn default_place() -> PathBuf {
    // Nobody has a home: here, then.
    let Some(directory) = state_directory() else { return PathBuf::from("wx-session.json") };
    // If that fails, so does writing the file, which says why.
    let _ = make_directory(&directory);
    directory.join("session.json")
}

/// Where the platform keeps what a program remembers on this computer.
fn state_directory() -> Option<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let base = if cfg!(windows) {
        // Not the roaming one: a login is of this computer.
        set("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        home()?.join("Library/Application Support")
    } else {
        set("XDG_STATE_HOME").or_else(|| Some(home()?.join(".local/state")))?
    };
    Some(base.join("wx"))
}

/// A client for the login of a session file, and the trace that was asked for. What is wrong is reported; nothing can be
/// done then.
pub(crate) fn connect(
    path: &Path,
    what_for: Use,
    policy: Policy,
    global: &Global,
    report: &Report,
) -> Option<Client> {
    let session = load(path, what_for, report)?;
    report.trace(global, session.site(), Some(session.uin()))?;
    let due = session.awaits_init() && what_for != Use::Login;
    let client = Client::new(global.transport, session, policy)
        .and_then(|client| if due { begin(client, what_for, path, report) } else { Ok(client) });
    match client {
        Ok(client) => Some(client),
        Err(problem) => {
            report.refuse(path, &problem);
            None
        }
    }
}

/// Goes on with a login that was cut off before webwxinit.
fn begin(mut client: Client, what_for: Use, path: &Path, report: &Report) -> Result<Client, Problem> {
    let owned = Owned::take(path)?;
    let flow = Restore::new(client.session().clone(), seed()?, client.policy())?;
    let session = client.drive(flow, report)?;
    owned.save(&session)?;
    if what_for == Use::Send {
        session.check_upload(unix_ms())?;
    }
    client.move_on(session);
    Ok(client)
}

/// Reads a session file and checks that it can be used.
pub(crate) fn load(path: &Path, what_for: Use, report: &Report) -> Option<Session> {
    match read(path, what_for) {
        Ok(session) => {
            if session.hosts().is_loopback() {
                let path = path.display();
                report.note_before_requests(format!("{path}: a loopback session: all goes to this computer"));
            }
            Some(session)
        }
        Err(problem) => {
            report.refuse(path, &problem);
            None
        }
    }
}

fn read(path: &Path, what_for: Use) -> Result<Session, Problem> {
    let text = files::read(path, LIMIT).map_err(Problem::with_session)?;
    let session = Session::from_json_allow_loopback(text)?;
    match what_for {
        // Whether it can upload shows after webwxinit.
        Use::Send if !session.awaits_init() => session.check_upload(unix_ms())?,
        Use::Send | Use::Fetch | Use::Login => session.check_login()?,
        Use::Any => {}
    }
    Ok(session)
}

/// A session file that this process alone may write.
pub(crate) struct Owned {
    path: PathBuf,
    _lock: Lock,
}

impl Owned {
    /// Takes the lock beside the file.
    pub(crate) fn take(path: &Path) -> Result<Self, Problem> {
        let refused = |what: &dyn Display| Problem::local(what.to_string(), Advice::CheckFile).with_session();
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        match Lock::take(beside.into()) {
            Ok(Some(lock)) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Ok(None) => Err(refused(&"another process is writing it")),
            Err(error) => Err(refused(&out::words(&error))),
        }
    }

    /// What a new login may replace: another login, of the same kind. Gives it, if there is one.
    pub(crate) fn check_replaceable(&self, loopback: bool) -> Result<Option<Session>, Problem> {
        let refused =
            |what: String| Err(Problem::local(what, Advice::CheckFile).hint("choose another --session"));
        match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            _ => {}
        }
        match read(&self.path, Use::Any) {
            Ok(session) if loopback && !session.hosts().is_loopback() => {
                refused("holds a real login".to_owned())
            }
            Ok(session) => Ok(Some(session)),
            Err(problem) => {
                let whose = if loopback { " of an emulator" } else { "" };
                refused(format!("not a session{whose}: {}", problem.message))
            }
        }
    }

    /// Puts a session into its place.
    pub(crate) fn save(&self, session: &Session) -> Result<(), Problem> {
        let written = files::write(&self.path, session.to_json().expose().as_bytes(), true);
        written.map_err(|error| Problem::from(error).with_session())
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
