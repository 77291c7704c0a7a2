use std::fmt;
use std::time::Duration;

use wx_proto::{Advice, Error, RequestError, Session, Step, UnixMs};

use super::item::HealthItem;
use super::status::HealthStatus;

/// The login of the session, by the clock of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginHealth {
    /// The login is not over.
    Alive {
        /// The end, and the time that is left, if the server has set an end.
        end: Option<(UnixMs, Duration)>,
        /// The time since webwxsync has renewed the login, if it has. It stands for the age of the
        /// login, which is not recorded and does not matter: each renewal extends the login.
        renewed: Option<Duration>,
    },
    /// The login is not over, but the cookie `webwx_data_ticket` is missing or has expired. Only
    /// the transfer of media and files needs it.
    NoDataTicket(RequestError),
    /// webwxinit is still due, so the login is not complete.
    InitDue,
    /// Nobody is logged in, or the login is over.
    Unusable(RequestError),
}

impl LoginHealth {
    /// How long before its end a login causes a warning. The server renews a login at each
    /// webwxsync, usually for 12 hours, so less is left only if nothing has received messages for
    /// long, or if the server no longer renews the login.
    pub const SOON: Duration = Duration::from_secs(2 * 3600);

    /// Judges the login at `now`.
    #[must_use]
    pub fn new(session: &Session, now: UnixMs) -> Self {
        match session.check_alive(now).map(|()| session.check_upload(now)) {
            Ok(Err(RequestError::InitDue)) => Self::InitDue,
            Ok(Err(error)) => Self::NoDataTicket(error),
            Err(error) => Self::Unusable(error),
            Ok(Ok(())) => Self::Alive {
                end: session
                    .ends_at()
                    .and_then(|end| Some((end, end.checked_duration_since(now)?))),
                renewed: session.renewed_at().and_then(|at| now.checked_duration_since(at)),
            },
        }
    }

    /// Returns whether the server can be asked whether it accepts the login.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::Alive { .. } | Self::NoDataTicket(_))
    }

    /// Returns the result of the check.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        match self {
            Self::Alive { end: Some((_, left)), .. } if *left <= Self::SOON => {
                HealthStatus::Warning
            }
            Self::Alive { .. } => HealthStatus::Ok,
            Self::InitDue | Self::NoDataTicket(_) => HealthStatus::Warning,
            Self::Unusable(_) => HealthStatus::Failed,
        }
    }

    pub(super) fn item(&self) -> HealthItem {
        let item = |message: String| HealthItem::new("login", self.status(), message);
        match self {
            Self::Alive { end, renewed } => {
                let end = match end {
                    Some((end, left)) => format!("ends in {} ({})", Span(*left), end.to_utc()),
                    None => "has no end that the server has set".to_owned(),
                };
                let renewed = match renewed {
                    Some(ago) => format!(", renewed {} ago", Span(*ago)),
                    None => String::new(),
                };
                let item = item(format!("{end}{renewed}"));
                match self.status() {
                    HealthStatus::Ok => item,
                    _ => item.advise_in_words(
                        Advice::LoginAgain,
                        "receive messages, which renews the login, or log in again",
                    ),
                }
            }
            Self::InitDue => item("was interrupted before webwxinit".to_owned())
                .advise_in_words(Advice::RetryLater, "the next use of the session completes it"),
            Self::NoDataTicket(error) => {
                item(format!("texts work, but media and files do not: {error}"))
                    .advise_in_words(Advice::LoginAgain, "to transfer them, log in again")
            }
            Self::Unusable(error) => {
                let advice = Error::new(Step::Prepare, error.clone()).advice();
                match error {
                    RequestError::NotLoggedIn => {
                        item("nobody is logged in".to_owned()).advise_in_words(advice, "log in")
                    }
                    error => item(error.to_string()).advise(advice),
                }
            }
        }
    }
}

/// A time span, as people write it.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.as_secs() / 60;
        match (minutes / 60, minutes % 60) {
            (0, 0) => write!(f, "{} s", self.0.as_secs()),
            (0, minutes) => write!(f, "{minutes} min"),
            (hours, minutes) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: u64 = 1_546_254_741;

    fn session(change: impl FnOnce(&mut serde_json::Value)) -> Session {
        let cookie = |name: &str, expires| {
            serde_json::json!({
                "name": name, "value": "v", "domain": ".qq.com", "expires": expires,
            })
        };
        let mut file = serde_json::json!({
            "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "s", "skey": "k",
            "user_name": "@me", "cookies": [
                cookie("wxsid", Some(END)), cookie("webwx_data_ticket", Some(END + 60)),
            ],
        });
        change(&mut file);
        Session::from_json(file.to_string()).unwrap()
    }

    fn item(session: &Session, before_end: u64) -> HealthItem {
        LoginHealth::new(session, UnixMs::from_secs(END - before_end)).item()
    }

    #[test]
    fn p103_a_login_ends_soon_or_is_over() {
        let session = session(|_| ());
        for (before_end, status, message) in [
            (7201, HealthStatus::Ok, "ends in 2 h 0 min (2018-12-31T11:12:21Z)"),
            (7200, HealthStatus::Warning, "ends in 2 h 0 min (2018-12-31T11:12:21Z)"),
            (59, HealthStatus::Warning, "ends in 59 s (2018-12-31T11:12:21Z)"),
        ] {
            let item = item(&session, before_end);
            assert_eq!((item.status, &*item.message), (status, message), "{before_end}");
        }
        let over = item(&session, 0);
        assert_eq!((over.status, over.advice), (HealthStatus::Failed, Some(Advice::LoginAgain)));
        assert!(over.message.contains("2018-12-31T11:12:21Z"), "{over}");
    }

    #[test]
    fn an_incomplete_login_is_named() {
        let none = Session::new(wx_proto::Site::new(wx_proto::Profile::FileHelper));
        let item = |session: &Session| item(session, 43_200);
        assert_eq!(item(&none).to_string(), "failed   login        nobody is logged in; log in");
        assert_eq!(item(&none).status, HealthStatus::Failed);
        let due = item(&session(|file| file["user_name"] = "@".into()));
        assert_eq!((due.status, due.advice), (HealthStatus::Warning, Some(Advice::RetryLater)));
        let no_ticket = item(&session(|file| file["cookies"].as_array_mut().unwrap().truncate(1)));
        assert_eq!(no_ticket.status, HealthStatus::Warning);
        assert!(no_ticket.message.contains("webwx_data_ticket"), "{no_ticket}");
        let unlimited = item(&session(|file| {
            for cookie in file["cookies"].as_array_mut().unwrap() {
                cookie["expires"] = serde_json::Value::Null;
            }
        }));
        assert_eq!(unlimited.status, HealthStatus::Ok);
        assert!(unlimited.message.contains("no end"), "{unlimited}");
    }
}
