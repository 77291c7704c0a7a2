//! Faults: what the server does wrong, and at which request.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::calls;
use crate::echo::Spelling;
use crate::odd_bytes::OddBytes;

/// Something the server does wrong at chosen requests: `ACTION[=ARG]@ENDPOINT[#N[+]]`, as in `drop=after@webwxsendmsgimg#1`.
///
/// `ENDPOINT` is the wire name, `#N` its Nth request counted from 1, `#N+` that one and all later, nothing every one. The
/// README has the table of actions.
///
/// ```
/// let fault: wx_emulator::Fault = "cut=1000@webwxgetmsgimg#2+".parse()?;
/// assert_eq!(fault.to_string(), "cut=1000@webwxgetmsgimg#2+");
/// # Ok::<(), wx_emulator::FaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) action: Action,
    endpoint: String,
    which: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Every,
    Only(usize),
    From(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Instead(Instead),
    Answer(Change),
    /// One of these two, on a connection that has carried a request before; nothing on a new one.
    CloseIdle(Closed),
}

/// When an idle connection is closed: before the request on it was read, or after it had its
/// effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    Before,
    After,
}

/// Done instead of what the request asks for: nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    DropBefore,
    DropAt(u64),
    Status(u16),
    Ret(i64),
    ForeignMediaId,
    NoMediaId,
    Redirect(String),
}

/// Done to the answer of a request that had its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Drop,
    NoMsgId,
    StartPos(u64),
    Delay(u64),
    Trickle(usize),
    Cut(u64),
    Big(u64),
    Empty,
    Html,
    Gzip,
    Chunked,
    Close,
    Odd(OddBytes),
    Echo(Spelling),
}

impl Fault {
    /// Whether it hits the `nth` request (from 1) to `endpoint`.
    pub(crate) fn hits(&self, endpoint: &str, nth: usize) -> bool {
        self.endpoint == endpoint
            && match self.which {
                Which::Every => true,
                Which::Only(n) => n == nth,
                Which::From(n) => n <= nth,
            }
    }
}

impl Action {
    /// What it comes to on a connection that has carried a request before (`reused`), or on a new
    /// one.
    pub(crate) fn on_connection(self, reused: bool) -> Option<Self> {
        match self {
            Self::CloseIdle(_) if !reused => None,
            Self::CloseIdle(Closed::Before) => Some(Self::Instead(Instead::DropBefore)),
            Self::CloseIdle(Closed::After) => Some(Self::Answer(Change::Drop)),
            action => Some(action),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(spec: &str) -> Result<Self, FaultError> {
        let (action, place) = spec
            .rsplit_once('@')
            .ok_or_else(|| FaultError::new(spec, "no '@', expected ACTION[=ARG]@ENDPOINT[#N[+]]"))?;
        let (endpoint, which) = match place.split_once('#') {
            None => (place, Which::Every),
            Some((endpoint, text)) => {
                let (digits, from) = match text.strip_suffix('+') {
                    Some(digits) => (digits, true),
                    None => (text, false),
                };
                let n = number::<usize>(digits).filter(|n| *n > 0);
                let n = n.ok_or_else(|| {
                    FaultError::new(spec, "after '#' comes a number from 1, then perhaps '+'")
                })?;
                (endpoint, if from { Which::From(n) } else { Which::Only(n) })
            }
        };
        let action = action.parse().map_err(|why: &str| FaultError::new(spec, why))?;
        if !calls::NAMES.contains(&endpoint) {
            let why = format!("unknown endpoint {endpoint:?}; there are {}", calls::NAMES.join(", "));
            return Err(FaultError { spec: spec.to_owned(), why: why.into() });
        }
        Ok(Fault { action, endpoint: endpoint.to_owned(), which })
    }
}

impl FromStr for Action {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        use Change::*;
        use Instead::*;
        let (name, arg) = match text.split_once('=') {
            Some((name, arg)) => (name, Some(arg)),
            None => (text, None),
        };
        let instead = |action| Ok(Action::Instead(action));
        let answer = |change| Ok(Action::Answer(change));
        let plain = |action| if arg.is_none() { action } else { Err("this action takes no argument") };
        let count = || arg.and_then(number).ok_or("this action needs a number, as in delay=100");
        match name {
            "drop" => match arg {
                Some("before") => instead(DropBefore),
                Some("after") => answer(Drop),
                Some(text) => {
                    let bytes = number(text).ok_or("drop takes before, after or a number of bytes")?;
                    instead(DropAt(bytes))
                }
                None => Err("drop takes before, after or a number of bytes"),
            },
            "close-idle" => match arg {
                None => Ok(Action::CloseIdle(Closed::Before)),
                Some("after") => Ok(Action::CloseIdle(Closed::After)),
                Some(_) => Err("close-idle takes after or nothing"),
            },
            "status" => match arg.and_then(number) {
                Some(code @ 200..=599) => instead(Status(code)),
                _ => Err("status takes a code from 200 to 599"),
            },
            "ret" => {
                let code = arg.and_then(|text| text.parse().ok());
                instead(Ret(code.ok_or("ret takes a code such as 1205 or -1")?))
            }
            "foreign-media-id" => plain(instead(ForeignMediaId)),
            "no-media-id" => plain(instead(NoMediaId)),
            "redirect" => match arg {
                Some(url) if !url.is_empty() && url.bytes().all(|b| b.is_ascii_graphic()) => {
                    instead(Redirect(url.to_owned()))
                }
                _ => Err("redirect takes a URL in ASCII"),
            },
            "no-msg-id" => plain(answer(NoMsgId)),
            "start-pos" => answer(StartPos(count()?)),
            "delay" => answer(Delay(count()?)),
            "trickle" => match count()? {
                0 => Err("trickle takes at least one byte"),
                step => answer(Trickle(usize::try_from(step).map_err(|_| "trickle takes a smaller number")?)),
            },
            "cut" => answer(Cut(count()?)),
            "big" => answer(Big(count()?)),
            "empty" => plain(answer(Empty)),
            "html" => plain(answer(Html)),
            "gzip" => plain(answer(Gzip)),
            "chunked" => plain(answer(Chunked)),
            "close" => plain(answer(Close)),
            "odd-bytes" => answer(Odd(arg.unwrap_or_default().parse()?)),
            "echo" => answer(Echo(arg.unwrap_or_default().parse()?)),
            _ => Err("unknown action"),
        }
    }
}

/// A number written in digits alone: no sign, no blanks.
fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.action, self.endpoint)?;
        match self.which {
            Which::Every => Ok(()),
            Which::Only(n) => write!(f, "#{n}"),
            Which::From(n) => write!(f, "#{n}+"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Action::{Answer, CloseIdle, Instead as Inst};
        use Change::*;
        use Instead::*;
        match self {
            Inst(DropBefore) => f.write_str("drop=before"),
            Inst(DropAt(bytes)) => write!(f, "drop={bytes}"),
            Inst(Status(code)) => write!(f, "status={code}"),
            Inst(Ret(code)) => write!(f, "ret={code}"),
            Inst(ForeignMediaId) => f.write_str("foreign-media-id"),
            Inst(NoMediaId) => f.write_str("no-media-id"),
            Inst(Redirect(url)) => write!(f, "redirect={url}"),
            Answer(Drop) => f.write_str("drop=after"),
            Answer(NoMsgId) => f.write_str("no-msg-id"),
            Answer(StartPos(n)) => write!(f, "start-pos={n}"),
            Answer(Delay(ms)) => write!(f, "delay={ms}"),
            Answer(Trickle(bytes)) => write!(f, "trickle={bytes}"),
            Answer(Cut(bytes)) => write!(f, "cut={bytes}"),
            Answer(Big(bytes)) => write!(f, "big={bytes}"),
            Answer(Empty) => f.write_str("empty"),
            Answer(Html) => f.write_str("html"),
            Answer(Gzip) => f.write_str("gzip"),
            Answer(Chunked) => f.write_str("chunked"),
            Answer(Close) => f.write_str("close"),
            Answer(Odd(bytes)) => write!(f, "odd-bytes={bytes}"),
            Answer(Echo(spelling)) => write!(f, "echo={spelling}"),
            CloseIdle(Closed::Before) => f.write_str("close-idle"),
            CloseIdle(Closed::After) => f.write_str("close-idle=after"),
        }
    }
}

/// A fault's text that cannot be understood; the message is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError {
    spec: String,
    why: Cow<'static, str>,
}

impl FaultError {
    fn new(spec: &str, why: &'static str) -> Self {
        FaultError { spec: spec.to_owned(), why: why.into() }
    }
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {:?}: {}", self.spec, self.why)
    }
}

impl std::error::Error for FaultError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_reads_back_as_written() {
        for action in [
            "drop=before",
            "drop=0",
            "drop=300000",
            "drop=after",
            "close-idle",
            "close-idle=after",
            "status=503",
            "ret=1205",
            "ret=-1",
            "foreign-media-id",
            "no-media-id",
            "redirect=https://example.com/a@b",
            "no-msg-id",
            "start-pos=7",
            "delay=20",
            "trickle=5",
            "cut=0",
            "big=1073741824",
            "empty",
            "html",
            "gzip",
            "close",
            "odd-bytes=utf8",
            "odd-bytes=surrogate",
            "odd-bytes=control",
            "odd-bytes=id",
            "odd-bytes=around",
            "echo=plain",
            "echo=percent",
            "echo=percent-twice",
            "echo=html",
            "echo=json",
            "echo=base64",
        ] {
            for place in ["webwxuploadmedia", "webwxuploadmedia#2", "webwxuploadmedia#2+"] {
                let spec = format!("{action}@{place}");
                assert_eq!(spec.parse::<Fault>().unwrap().to_string(), spec);
            }
        }
    }

    #[test]
    fn nonsense_is_refused_in_one_line() {
        for spec in [
            "",
            "empty",
            "@login",
            "empty@",
            "empty@login#",
            "empty@login#0",
            "empty@login#+",
            "empty@login#1++",
            "empty@login/b",
            "empty@Login",
            "empty@ login",
            "empty=1@login",
            "nap@login",
            "drop@login",
            "drop=x@login",
            "close-idle=before@login",
            "drop=-1@login",
            "drop=+1@login",
            "status=99@login",
            "status=700@login",
            "ret@login",
            "ret=x@login",
            "delay@login",
            "trickle=0@login",
            "redirect=@login",
            "odd-bytes@login",
            "odd-bytes=utf16@login",
            "echo@login",
            "echo=rot13@login",
            "redirect=a b@login",
            "cut=18446744073709551616@login",
        ] {
            let error = spec.parse::<Fault>().expect_err(spec).to_string();
            assert!(error.starts_with("fault ") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn an_unknown_endpoint_is_refused_with_the_known_ones() {
        let error = "ret=1@webwxnosuch".parse::<Fault>().unwrap_err().to_string();
        assert!(
            error.starts_with("fault \"ret=1@webwxnosuch\": unknown endpoint \"webwxnosuch\"; there are ")
        );
        assert!(error.contains(", webwxuploadmedia, ") && !error.contains('\n'), "{error}");
        for name in calls::NAMES {
            assert!(format!("empty@{name}#1").parse::<Fault>().is_ok(), "{name}");
        }
    }

    #[test]
    fn counts_from_one() {
        let hits = |spec: &str| -> Vec<usize> {
            let fault: Fault = spec.parse().unwrap();
            (1..5).filter(|n| fault.hits("login", *n)).collect()
        };
        assert_eq!(hits("empty@login"), [1, 2, 3, 4]);
        assert_eq!(hits("empty@login#2"), [2]);
        assert_eq!(hits("empty@login#3+"), [3, 4]);
        assert_eq!(hits("empty@jslogin"), [0; 0]);
    }
}
