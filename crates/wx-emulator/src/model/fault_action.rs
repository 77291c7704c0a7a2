//! The actions of faults, and their text form.

use std::fmt;
use std::str::FromStr;

use super::echo::Spelling;
use super::odd_bytes::OddBytes;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Replace(Replacement),
    Alter(Alteration),
    /// Drops the request or its reply, but only on a reused connection.
    CloseIdle(CloseTiming),
}

/// When an idle connection is closed: before the next request is read, or after that request had
/// its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseTiming {
    Before,
    After,
}

/// A replacement for the handling of the call. Nothing is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    DropBefore,
    DropAt(u64),
    Status(u16),
    Ret(i64),
    ForeignMediaId,
    NoMediaId,
    Redirect(String),
}

/// A change to the reply, after the request had its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alteration {
    Drop,
    NoMsgId,
    StartPos(u64),
    SyncKeyBack(u64),
    Delay(u64),
    Trickle(usize),
    Truncate(u64),
    Big(u64),
    Empty,
    Html,
    Gzip,
    Chunked,
    Close,
    /// A 206 with this `Content-Range`, or without one.
    ContentRange(Option<String>),
    OddBytes(OddBytes),
    Echo(Spelling),
}

/// What a reply has to hold, so that an action can have an effect on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Json,
    /// Names or texts of other people.
    Names,
    /// This key of the JSON.
    Key(&'static str),
}

impl Action {
    /// Returns what a reply has to hold, so that this action can have an effect on it.
    pub(crate) fn needs(&self) -> Needs {
        match self {
            Self::Alter(Alteration::NoMsgId) => Needs::Key("MsgID"),
            Self::Alter(Alteration::StartPos(_)) => Needs::Key("StartPos"),
            Self::Alter(Alteration::SyncKeyBack(_)) => Needs::Key("SyncKey"),
            Self::Alter(Alteration::OddBytes(OddBytes::Around) | Alteration::Echo(_)) => {
                Needs::Json
            }
            Self::Alter(Alteration::OddBytes(_)) => Needs::Names,
            _ => Needs::Nothing,
        }
    }

    /// Returns the effect of the action on a reused (`reused`) or new connection. `None` if it has
    /// none.
    pub(crate) fn on_connection(self, reused: bool) -> Option<Self> {
        match self {
            Self::CloseIdle(_) if !reused => None,
            Self::CloseIdle(CloseTiming::Before) => Some(Self::Replace(Replacement::DropBefore)),
            Self::CloseIdle(CloseTiming::After) => Some(Self::Alter(Alteration::Drop)),
            action => Some(action),
        }
    }
}

impl FromStr for Action {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        use Alteration::*;
        use Replacement::*;
        let (name, arg) = match text.split_once('=') {
            Some((name, arg)) => (name, Some(arg)),
            None => (text, None),
        };
        let replace = |replacement| Ok(Action::Replace(replacement));
        let alter = |alteration| Ok(Action::Alter(alteration));
        let plain =
            |action| if arg.is_none() { action } else { Err("this action has no argument") };
        let count =
            || arg.and_then(parse_digits).ok_or("this action needs a number, as in delay=100");
        match name {
            "drop" => match arg {
                Some("before") => replace(DropBefore),
                Some("after") => alter(Drop),
                _ => {
                    let bytes = arg.and_then(parse_digits);
                    replace(DropAt(bytes.ok_or("drop accepts before, after or a number of bytes")?))
                }
            },
            "close-idle" => match arg {
                None => Ok(Action::CloseIdle(CloseTiming::Before)),
                Some("after") => Ok(Action::CloseIdle(CloseTiming::After)),
                Some(_) => Err("close-idle accepts after or nothing"),
            },
            "status" => match arg.and_then(parse_digits) {
                Some(code @ 200..=599) => replace(Status(code)),
                _ => Err("status accepts a code from 200 to 599"),
            },
            "ret" => {
                let code = arg.and_then(|text| text.parse().ok());
                replace(Ret(code.ok_or("ret accepts a code such as 1205 or -1")?))
            }
            "foreign-media-id" => plain(replace(ForeignMediaId)),
            "no-media-id" => plain(replace(NoMediaId)),
            "redirect" => match arg {
                Some(url) if !url.is_empty() && url.bytes().all(|b| b.is_ascii_graphic()) => {
                    replace(Redirect(url.to_owned()))
                }
                _ => Err("redirect accepts a URL in ASCII"),
            },
            "no-msg-id" => plain(alter(NoMsgId)),
            "start-pos" => alter(StartPos(count()?)),
            "sync-key-back" => alter(SyncKeyBack(count()?)),
            "delay" => alter(Delay(count()?)),
            "trickle" => match count()? {
                0 => Err("trickle needs at least one byte"),
                step => alter(Trickle(
                    usize::try_from(step).map_err(|_| "trickle needs a smaller number")?,
                )),
            },
            "cut" => alter(Truncate(count()?)),
            "big" => alter(Big(count()?)),
            "empty" => plain(alter(Empty)),
            "html" => plain(alter(Html)),
            "gzip" => plain(alter(Gzip)),
            "chunked" => plain(alter(Chunked)),
            "close" => plain(alter(Close)),
            "content-range" => match arg {
                Some(range) if !range.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) => {
                    Err("content-range accepts a range in ASCII, or nothing")
                }
                range => alter(ContentRange(range.map(str::to_owned))),
            },
            "odd-bytes" => alter(OddBytes(arg.unwrap_or_default().parse()?)),
            "echo" => alter(Echo(arg.unwrap_or_default().parse()?)),
            _ => Err("unknown action"),
        }
    }
}

/// Parses a number that consists only of digits, without a sign or spaces.
pub(crate) fn parse_digits<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Action::{Alter, CloseIdle, Replace};
        use Alteration::*;
        use Replacement::*;
        match self {
            Replace(DropBefore) => f.write_str("drop=before"),
            Replace(DropAt(bytes)) => write!(f, "drop={bytes}"),
            Replace(Status(code)) => write!(f, "status={code}"),
            Replace(Ret(code)) => write!(f, "ret={code}"),
            Replace(ForeignMediaId) => f.write_str("foreign-media-id"),
            Replace(NoMediaId) => f.write_str("no-media-id"),
            Replace(Redirect(url)) => write!(f, "redirect={url}"),
            Alter(Drop) => f.write_str("drop=after"),
            Alter(NoMsgId) => f.write_str("no-msg-id"),
            Alter(StartPos(n)) => write!(f, "start-pos={n}"),
            Alter(SyncKeyBack(n)) => write!(f, "sync-key-back={n}"),
            Alter(Delay(ms)) => write!(f, "delay={ms}"),
            Alter(Trickle(bytes)) => write!(f, "trickle={bytes}"),
            Alter(Truncate(bytes)) => write!(f, "cut={bytes}"),
            Alter(Big(bytes)) => write!(f, "big={bytes}"),
            Alter(Empty) => f.write_str("empty"),
            Alter(Html) => f.write_str("html"),
            Alter(Gzip) => f.write_str("gzip"),
            Alter(Chunked) => f.write_str("chunked"),
            Alter(Close) => f.write_str("close"),
            Alter(ContentRange(None)) => f.write_str("content-range"),
            Alter(ContentRange(Some(range))) => write!(f, "content-range={range}"),
            Alter(OddBytes(bytes)) => write!(f, "odd-bytes={bytes}"),
            Alter(Echo(spelling)) => write!(f, "echo={spelling}"),
            CloseIdle(CloseTiming::Before) => f.write_str("close-idle"),
            CloseIdle(CloseTiming::After) => f.write_str("close-idle=after"),
        }
    }
}
