//! Replies as values: handlers return them, faults alter them, and the server sends them.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName,
};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use super::paced_body::{Dropped, Pace, PacedBody};
use crate::model::echo::{Echo, Spelling};
use crate::model::fault_action::{Alteration, Needs};
use crate::model::ret::Ret;
use crate::model::{replies, server_json};
use crate::state::credentials::Credentials;
use crate::state::server_state::ServerState;

/// A reply that faults can still alter.
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    content: Content,
    is_gzipped: bool,
    is_dropped: bool,
    delay: u64,
    pace: Pace,
}

enum Content {
    Json(Value),
    Bytes(Bytes),
}

impl Reply {
    /// Creates a reply of JSON as `text/plain`, like those of the real server.
    pub(crate) fn json(value: Value) -> Self {
        Reply::new(Content::Json(value)).header(CONTENT_TYPE, "text/plain")
    }

    /// Creates a reply that consists only of a `BaseResponse`.
    pub(crate) fn base_response(ret: Ret) -> Self {
        Reply::json(replies::plain(ret))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/plain")
    }

    /// Creates a reply to a script element of the page.
    pub(crate) fn script(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/javascript")
    }

    pub(crate) fn html(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/html; charset=utf-8")
    }

    /// Creates a reply of raw bytes, without a Content-Type.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Reply::new(Content::Bytes(bytes.into()))
    }

    fn new(content: Content) -> Self {
        Reply {
            status: StatusCode::OK,
            headers: Vec::new(),
            content,
            is_gzipped: false,
            is_dropped: false,
            delay: 0,
            pace: Pace::default(),
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: HeaderName) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self
    }

    pub(crate) fn status(mut self, code: u16) -> Self {
        self.status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
        self
    }

    pub(crate) fn gzipped(mut self, yes: bool) -> Self {
        self.is_gzipped = yes;
        self
    }

    /// Replaces the UserNames with those of the current login.
    pub(crate) fn with_names_of(mut self, login: &Credentials) -> Self {
        if let Content::Json(value) = &mut self.content {
            login.names.in_reply(value);
        }
        self
    }

    /// Alters the reply according to a fault.
    pub(crate) fn altered(mut self, alteration: &Alteration, state: &ServerState) -> Self {
        match alteration {
            Alteration::Drop => self.is_dropped = true,
            Alteration::NoMsgId => self.replace("MsgID", Value::from("")),
            Alteration::StartPos(n) => self.replace("StartPos", Value::from(*n)),
            Alteration::SyncKeyBack(n) => self.move_back(*n),
            Alteration::Delay(ms) => self.delay += ms,
            Alteration::Trickle(step) => self.pace.step = Some(*step),
            Alteration::Truncate(bytes) => self.pace.truncate_at = Some(*bytes),
            Alteration::Big(bytes) => self.pace.padded_to = Some(*bytes),
            Alteration::Empty => self.content = Content::Bytes(Bytes::new()),
            Alteration::Html => {
                let page = Reply::html(PAGE);
                // A page is no part of what was requested.
                if self.status == StatusCode::PARTIAL_CONTENT {
                    self.status = page.status;
                }
                self.headers = page.headers;
                self.content = page.content;
            }
            Alteration::Gzip => self.is_gzipped = true,
            Alteration::Chunked => self.pace.is_chunked = true,
            Alteration::Close => self.headers.push((CONNECTION, "close".to_owned())),
            Alteration::Echo(spelling) => {
                if let Content::Json(value) = &mut self.content {
                    echo(value, *spelling, state);
                }
            }
            Alteration::ContentRange(range) => {
                self.status = StatusCode::PARTIAL_CONTENT;
                self.headers.retain(|(name, _)| *name != CONTENT_RANGE);
                self.headers.extend(range.clone().map(|range| (CONTENT_RANGE, range)));
            }
            Alteration::OddBytes(odd) => {
                if let Content::Json(value) = &self.content {
                    self.content =
                        Content::Bytes(odd.insert_into(&server_json::format(value)).into());
                }
            }
        }
        self
    }

    /// Moves the position in the messages back, in both keys that a reply of webwxsync has.
    fn move_back(&mut self, messages: u64) {
        let Content::Json(reply) = &mut self.content else { return };
        for key in ["SyncKey", "SyncCheckKey"] {
            let entries = reply[key]["List"].as_array_mut().into_iter().flatten();
            for entry in entries.filter(|entry| entry["Key"] == 2) {
                let position = entry["Val"].as_u64().unwrap_or_default();
                entry["Val"] = position.saturating_sub(messages).into();
            }
        }
    }

    /// Returns whether an action that needs `needs` can have an effect on this reply.
    pub(crate) fn has(&self, needs: Needs) -> bool {
        match (&self.content, needs) {
            (_, Needs::Nothing) | (Content::Json(_), Needs::Json) => true,
            (Content::Json(json), Needs::Key(key)) => json.get(key).is_some(),
            (Content::Json(_), Needs::Names) | (Content::Bytes(_), _) => false,
        }
    }

    fn replace(&mut self, key: &str, value: Value) {
        if let Content::Json(Value::Object(pairs)) = &mut self.content
            && let Some(old) = pairs.get_mut(key)
        {
            *old = value;
        }
    }

    /// Waits for the delay, and returns the response to be sent.
    pub(crate) async fn send(self) -> Result<Response<PacedBody>, Dropped> {
        if self.delay > 0 {
            sleep(Duration::from_millis(self.delay)).await;
        }
        if self.is_dropped {
            return Err(Dropped);
        }
        let mut bytes = match self.content {
            Content::Json(value) => Bytes::from(server_json::format(&value)),
            Content::Bytes(bytes) => bytes,
        };
        let mut response = Response::builder().status(self.status);
        if self.is_gzipped {
            bytes = gzip(&bytes);
            response = response.header(CONTENT_ENCODING, "gzip");
        }
        let body = PacedBody::new(bytes, &self.pace);
        if !self.pace.is_chunked {
            response = response.header(CONTENT_LENGTH, body.announced_len());
        }
        for (name, value) in self.headers {
            // A redirect to a target that is not a valid header value has no Location.
            if let Ok(value) = HeaderValue::try_from(value) {
                response = response.header(name, value);
            }
        }
        response.body(body).map_err(|_| Dropped)
    }
}

/// A page like the ones that proxies and captive portals return.
const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>502</title></head><body>Bad Gateway</body></html>\n";

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory cannot fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

/// Inserts the secrets of the login into a reply, and replaces the current skey by another one.
fn echo(reply: &mut Value, spelling: Spelling, state: &ServerState) {
    let has_skey = reply.get("SKey").and_then(Value::as_str).is_some_and(|skey| !skey.is_empty());
    let (logins, login) = (state.logins(), state.credentials());
    // Clients truncate long names, so the secrets of the current login come first.
    let secrets = logins.secrets().chain(login.secrets(has_skey));
    let secrets = secrets.map(|secret| spelling.encode(secret)).collect();
    Echo::new(secrets, state.account.uin, &login.next_skey).put_into(reply);
}
