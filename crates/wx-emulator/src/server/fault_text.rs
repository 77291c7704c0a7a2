//! Parses faults. This module is in a layer above the calls, because it needs their names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::calls;
use crate::model::fault::{Fault, Occurrence};
use crate::model::fault_action::{Action, Needs, parse_digits};

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(spec: &str) -> Result<Self, FaultError> {
        let error = |reason: Cow<'static, str>| FaultError { spec: spec.to_owned(), reason };
        let (action, place) = spec
            .rsplit_once('@')
            .ok_or_else(|| error("no '@', expected ACTION[=ARG]@ENDPOINT[#N[+]]".into()))?;
        let (endpoint, occurrence) = match place.split_once('#') {
            None => (place, Occurrence::Every),
            Some((endpoint, text)) => {
                let (digits, later) = match text.strip_suffix('+') {
                    Some(digits) => (digits, true),
                    None => (text, false),
                };
                let n = parse_digits(digits).filter(|n| *n > 0).ok_or_else(|| {
                    error("'#' is followed by a number from 1 and an optional '+'".into())
                })?;
                (endpoint, if later { Occurrence::From(n) } else { Occurrence::Only(n) })
            }
        };
        let action: Action = action.parse().map_err(|reason: &str| error(reason.into()))?;
        let name = match endpoint {
            // The page itself is a call without a name.
            "/" => Some(""),
            _ => calls::names().find(|name| *name == endpoint),
        };
        let Some(name) = name else {
            let known: Vec<_> = calls::names().collect();
            let known = known.join(", ");
            return Err(error(format!("unknown endpoint {endpoint:?}, known are {known}").into()));
        };
        if !calls::find(name).replies_have(action.needs()) {
            let missing = match action.needs() {
                Needs::Key(key) => key,
                Needs::Names => "names",
                Needs::Nothing | Needs::Json => "JSON",
            };
            return Err(error(
                format!("it would have no effect: a reply of {endpoint} holds no {missing}").into(),
            ));
        }
        Ok(Fault { action, endpoint: name.to_owned(), occurrence })
    }
}

/// The error for a text that is not a fault. Its message is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError {
    spec: String,
    reason: Cow<'static, str>,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {:?}: {}", self.spec, self.reason)
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
            "start-pos=7",
            "delay=20",
            "trickle=5",
            "cut=0",
            "big=1073741824",
            "empty",
            "html",
            "gzip",
            "close",
            "content-range",
            "content-range=bytes 0-9/10",
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
        for spec in [
            "no-msg-id@webwxsendmsg",
            "sync-key-back=1@webwxsync#2",
            "odd-bytes=utf8@webwxinit",
            "odd-bytes=surrogate@webwxsync",
            "odd-bytes=control@webwxgetcontact",
            "odd-bytes=id@webwxbatchgetcontact",
            "status=503@/",
            "redirect=https://example.com/@/#2+",
        ] {
            assert_eq!(spec.parse::<Fault>().unwrap().to_string(), spec);
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
            "empty@#1",
            "empty@//",
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
            "content-range=a\nb@login",
            "cut=18446744073709551616@login",
        ] {
            let error = spec.parse::<Fault>().expect_err(spec).to_string();
            assert!(error.starts_with("fault ") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_fault_without_effect_is_refused() {
        for (spec, missing) in [
            ("no-msg-id@webwxuploadmedia", "MsgID"),
            ("no-msg-id@webwxgetmedia", "MsgID"),
            ("start-pos=7@webwxuploadmediaparallel", "StartPos"),
            ("start-pos=7@synccheck", "StartPos"),
            ("sync-key-back=1@webwxbatchgetcontact", "SyncKey"),
            ("odd-bytes=around@webwxgetmedia", "JSON"),
            ("odd-bytes=utf8@webwxgetmedia", "names"),
            ("odd-bytes=id@webwxsendmsg", "names"),
            ("echo=plain@webwxgetmsgimg", "JSON"),
            ("echo=plain@jslogin", "JSON"),
            ("echo=plain@/", "JSON"),
        ] {
            let error = spec.parse::<Fault>().expect_err(spec).to_string();
            assert!(error.contains("no effect") && error.ends_with(missing), "{error}");
        }
    }

    #[test]
    fn an_unknown_endpoint_is_refused_with_the_known_ones() {
        let error = "ret=1@webwxnosuch".parse::<Fault>().unwrap_err().to_string();
        assert!(error.starts_with(
            "fault \"ret=1@webwxnosuch\": unknown endpoint \"webwxnosuch\", known are "
        ));
        assert!(error.contains(", webwxuploadmedia, ") && !error.contains('\n'), "{error}");
        for name in calls::names() {
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
