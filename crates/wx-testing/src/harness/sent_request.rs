//! The requests that a flow has handed out.

use std::time::Duration;

use wx_proto::flow::Delivery;
use wx_proto::http::Request;
use wx_proto::{ApiRequest, Body};

use super::answer::Answer;

/// A request that a flow has handed out.
pub struct SentRequest {
    /// The time at which it was handed out.
    pub at: Duration,
    /// The server's answer.
    pub answer: Answer,
    /// The request.
    pub request: ApiRequest,
}

impl SentRequest {
    /// Returns the wire name of the call.
    pub fn endpoint(&self) -> &'static str {
        self.request.endpoint()
    }

    /// Returns whether the flow has to repeat the request on a new connection, within the same try.
    pub fn is_to_repeat(&self) -> bool {
        matches!(self.answer, Answer::Fail(error) if error.reused_connection) && !self.is_repeat()
    }

    /// Returns whether the request is such a repeat.
    pub fn is_repeat(&self) -> bool {
        self.request.limits().new_connection
    }

    /// Returns whether a message with this answer may have been delivered: the client has
    /// connected, and the server neither accepted nor refused the message.
    pub fn may_be_delivered(&self) -> bool {
        match &self.answer {
            Answer::Fail(error) => error.delivery == Delivery::Unknown,
            Answer::Break(..) => true,
            Answer::Reply(_, _, body) => !serde_json::from_slice::<serde_json::Value>(body)
                .is_ok_and(|json| json["BaseResponse"]["Ret"].as_i64().is_some_and(|ret| ret != 0)),
        }
    }

    /// Returns the HTTP request.
    pub fn http(&self) -> &Request<Body> {
        self.request.http()
    }

    /// Returns the body in one piece.
    pub fn body(&self) -> Vec<u8> {
        self.http().body().to_vec()
    }

    /// Returns a text field of the form.
    pub fn field(&self, name: &str) -> Option<String> {
        let body = self.body();
        let head = format!("name=\"{name}\"\r\n\r\n");
        let at =
            body.windows(head.len()).position(|window| window == head.as_bytes())? + head.len();
        let len = body[at..].windows(2).position(|window| window == b"\r\n")?;
        Some(String::from_utf8(body[at..at + len].to_vec()).unwrap())
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).unwrap()
    }

    /// Returns `uploadmediarequest`, a field of the form.
    pub fn upload_request(&self) -> serde_json::Value {
        serde_json::from_str(&self.field("uploadmediarequest").unwrap()).unwrap()
    }
}
