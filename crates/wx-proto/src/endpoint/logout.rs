//! `POST webwxlogout`: ends a login (`docs/protocol.md` §8.7).

use bytes::Bytes;
use http::{Method, Response};

use super::{Endpoint, cgi};
use crate::outgoing::{Accept, Draft};
use crate::wire::query::Target;
use crate::wire::reply;
use crate::{Body, Outgoing, Profile, ReplyError, Role, Session, Unready};

/// Ends the login.
#[derive(Clone, Copy, Debug)]
pub struct Logout {
    at_ms: u64,
}

impl Logout {
    /// Ends it at `unix_ms` (Unix milliseconds).
    #[must_use]
    pub fn new(unix_ms: u64) -> Self {
        Self { at_ms: unix_ms }
    }
}

impl Endpoint for Logout {
    const NAME: &'static str = "webwxlogout";
    type Context = Session;
    type Reply = ();

    fn request(&self, session: &Session) -> Result<Outgoing, Unready> {
        session.check_login()?;
        // A query's spelling without its question mark is a form's.
        let form = Target::new("").pair("sid", session.sid().expose()).pair("uin", session.uin());
        let body = Body::of([Bytes::from(form.as_str().trim_start_matches('?').to_owned())]);
        Draft {
            endpoint: Self::NAME,
            method: Method::POST,
            role: Role::Base,
            accept: match session.site().profile() {
                Profile::Web => Accept::Page,
                Profile::FileHelper => Accept::Any,
            },
            cookies: session.cookies_at(self.at_ms),
            target: Target::new(cgi!("webwxlogout"))
                .pair("redirect", 1)
                .pair("type", 0)
                .pair("skey", session.skey().expose()),
            site: session.site(),
        }
        .form(body, "application/x-www-form-urlencoded")
    }

    /// The answer is a page or a redirect to one: that it came without an error is all there is.
    fn read(&self, answer: &Response<Bytes>) -> Result<(), ReplyError> {
        match reply::status(answer.status(), answer.headers()) {
            Ok(()) | Err(ReplyError::Redirect { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
