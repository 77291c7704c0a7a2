//! Checks the order and the ids of a client's requests against the replies that it has seen.

use std::collections::BTreeSet;

use wx_proto::ApiRequest;

use super::form::{self, Chunk};
use super::server::Reply;

/// The requests so far, and what they did wrong.
#[derive(Default)]
pub(super) struct Conduct {
    /// The number of chunks whose good replies the client has seen.
    acknowledged: usize,
    /// The id of the current upload: the client's, or that of the first reply to a parallel one.
    upload_id: Option<String>,
    /// The ids of uploads that were put together wrongly.
    given_up: Vec<String>,
    /// Whether the last reply shows that the upload was put together wrongly.
    may_start_over: bool,
    message_ids: BTreeSet<String>,
    /// Whether the server has accepted or refused the message.
    is_decided: bool,
    pub(super) violations: Vec<String>,
}

impl Conduct {
    fn check(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(violation());
        }
    }

    /// Checks a request when it is handed out, whether it arrives or not.
    pub(super) fn check_request(&mut self, request: &ApiRequest) {
        let call = request.endpoint();
        self.check(!self.is_decided, || format!("{call} after the message was decided"));
        if call.starts_with("webwxsend") {
            let id = form::json(request)["Msg"]["ClientMsgId"].to_string();
            self.message_ids.insert(id);
            let ids = self.message_ids.len();
            return self.check(ids == 1, || format!("{ids} ClientMsgIds"));
        }
        self.check(self.message_ids.is_empty(), || format!("{call} after the message"));
        if let Some(chunk) = Chunk::read(request) {
            self.check_chunk(&chunk);
        }
    }

    fn check_chunk(&mut self, chunk: &Chunk) {
        if std::mem::take(&mut self.may_start_over) {
            self.acknowledged = 0;
            self.given_up.extend(self.upload_id.take());
        }
        let (index, due) = (chunk.index, self.acknowledged);
        self.check(index == due, || format!("chunk {index} where chunk {due} is due"));
        let id = chunk.id.clone();
        if chunk.is_parallel {
            let expected = if index == 0 { None } else { self.upload_id.clone() };
            return self.check(id == expected, || format!("chunk {index} with another UploadID"));
        }
        let is_new = id.as_ref().is_some_and(|id| !self.given_up.contains(id));
        let expected = self.upload_id.get_or_insert_with(|| id.clone().unwrap_or_default());
        let is_expected = id.as_ref() == Some(expected);
        self.check(is_new && is_expected, || format!("chunk {index} with another ClientMediaId"));
    }

    /// Takes the good reply to a request, as the server has made it.
    pub(super) fn accepted(&mut self, request: &ApiRequest, reply: &Reply) {
        let Reply::Json(reply) = reply else { return };
        self.is_decided |= request.endpoint().starts_with("webwxsend");
        let Some(chunk) = Chunk::read(request).filter(|_| reply["BaseResponse"]["Ret"] == 0) else {
            return;
        };
        self.acknowledged = chunk.index + 1;
        if chunk.is_parallel && chunk.index == 0 {
            self.upload_id = reply["UploadID"].as_str().map(str::to_owned);
        }
        if chunk.index + 1 == chunk.count {
            let is_of_another_length =
                reply["StartPos"].as_u64().is_some_and(|bytes| bytes != chunk.total as u64);
            let is_wrong = reply["MediaId"] == "" || is_of_another_length;
            let is_first = self.given_up.is_empty();
            self.may_start_over = is_wrong && is_first;
        }
    }

    /// Takes the refusal of a message.
    pub(super) fn refused(&mut self, request: &ApiRequest) {
        self.is_decided |= request.endpoint().starts_with("webwxsend");
    }
}
