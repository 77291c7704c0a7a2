//! `GET login`: polls the state of a QR code or prompt ([§8.2](crate::protocol#s8-2)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Response};

use super::js_login::LoginCode;
use super::{Endpoint, LIST_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::clock::js_bitwise_not_now;
use crate::wire::{address, reply, script};

/// Long-polls the state of a login code. The server holds the request for about 25 s if nothing
/// happens.
#[derive(Clone, Debug)]
pub struct PollLogin {
    code: LoginCode,
    scanned: bool,
    at: UnixMs,
}

/// The state of a login code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Polled {
    /// 408: nothing has happened yet.
    Nothing,
    /// 201: scanned, but not confirmed yet.
    Scanned {
        /// The avatar of the account, if the reply has one of up to 1 MiB.
        avatar: Option<Bytes>,
    },
    /// 200: confirmed.
    Confirmed {
        /// The address of the login page, which contains a ticket.
        redirect_uri: Secret,
    },
    /// 202: refused on the phone.
    Refused,
    /// 400: expired.
    Expired,
    /// 500, 0 and all other codes: a new login code is needed.
    ServerProblem {
        /// The code of the reply.
        code: i64,
    },
}

/// The maximum length of an avatar that is decoded, in base64 characters.
const LONGEST_AVATAR: usize = 4 * 1024 * 1024 / 3;

impl PollLogin {
    /// Creates the call, at the time `at`. `scanned` is whether an earlier poll has reported that
    /// the code was scanned.
    #[must_use]
    pub fn new(code: LoginCode, scanned: bool, at: UnixMs) -> Self {
        Self { code, scanned, at }
    }
}

impl Endpoint for PollLogin {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Login;
    const ACCEPT: Accept = Accept::Script;
    type Reply = Polled;

    fn name(&self) -> &'static str {
        "login"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let profile = session.site().profile();
        let request = ApiRequest::builder(self, session, cgi!("login"))
            .pair("loginicon", "true")
            .raw_pair("uuid", self.code.expose())
            .pair("tip", u8::from(!self.scanned))
            .pair("r", js_bitwise_not_now(self.at))
            .pair("_", self.at);
        // Of the two pages, only the File Transfer Helper sends appid here too (§8.8).
        match profile.mmweb_app_id() {
            Some(_) => request.pair("appid", profile.app_id()),
            None => request,
        }
        .empty()
    }

    fn read(reply: &Response<Bytes>) -> Result<Polled, ReplyError> {
        let text = reply::text(reply, LIST_LIMIT)?;
        let code = script::number(&text, "window.code");
        Ok(match code.ok_or_else(|| ReplyError::from_text(&text, ReplyField::Code))? {
            408 => Polled::Nothing,
            201 => Polled::Scanned {
                avatar: script::value(&text, "window.userAvatar").and_then(|url| avatar(&url)),
            },
            200 => {
                let uri = script::value(&text, "window.redirect_uri")
                    .filter(|uri| !uri.trim().is_empty());
                let uri = uri.ok_or(ReplyError::Missing(ReplyField::RedirectUri))?;
                Polled::Confirmed { redirect_uri: address::plain(&uri).into() }
            }
            202 => Polled::Refused,
            400 => Polled::Expired,
            code => Polled::ServerProblem { code },
        })
    }
}

/// Decodes the data URL of an avatar.
fn avatar(url: &str) -> Option<Bytes> {
    let (head, data) = url.split_once(',')?;
    let fits = head.starts_with("data:image/") || head.starts_with("data:img/");
    if !fits || !head.ends_with(";base64") || data.len() > LONGEST_AVATAR {
        return None;
    }
    STANDARD.decode(data.trim()).ok().map(Bytes::from)
}
