//! The answers of the scripted server.

use wx_proto::bytes::Bytes;
use wx_proto::flow::{TransportError, TransportErrorKind};
use wx_proto::http::Response;
use wx_proto::http::response::Parts;

/// The server's answer to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A reply: its status, headers and body.
    Reply(u16, Vec<(&'static str, String)>, Bytes),
    /// No reply, but this error.
    Fail(TransportError),
    /// A head with this Content-Length and these bytes, after which the connection is dropped.
    Break(u64, Bytes),
}

/// Returns a reply with status 200.
pub fn ok(body: impl Into<Bytes>) -> Answer {
    Answer::Reply(200, vec![], body.into())
}

/// Returns a refusal that contains a MediaId.
pub fn ret(code: i32) -> Answer {
    ok(format!(
        r#"{{"BaseResponse":{{"Ret":{code},"ErrMsg":""}},"MediaId":"@foreign","MsgID":""}}"#
    ))
}

/// Returns an HTML page with this status.
pub fn status(code: u16) -> Answer {
    Answer::Reply(code, vec![], Bytes::from_static(b"<html>"))
}

/// Returns the reply to a chunk that is not the last one.
pub fn middle() -> Answer {
    ok(
        r#"{"BaseResponse":{"Ret":0},"MediaId":"","StartPos":0,"CDNThumbImgHeight":0,"CDNThumbImgWidth":0}"#,
    )
}

/// Returns the reply to the last chunk.
pub fn last(media_id: &str, start_pos: usize) -> Answer {
    ok(format!(
        r#"{{"BaseResponse":{{"Ret":0}},"MediaId":"{media_id}","StartPos":{start_pos},"CDNThumbImgHeight":71,"CDNThumbImgWidth":100}}"#
    ))
}

/// Returns the reply to an accepted message.
pub fn sent() -> Answer {
    ok(r#"{"BaseResponse":{"Ret":0},"MsgID":"1036723910963469192","LocalID":"x"}"#)
}

/// Returns the error of a connection that is lost after the request was sent.
pub fn dropped() -> Answer {
    Answer::Fail(TransportError::on_the_way(TransportErrorKind::Dropped))
}

/// Returns the error of a reused connection that turns out to be closed.
pub fn closed() -> Answer {
    Answer::Fail(TransportError::on_reused_connection())
}

/// Returns the error of a connection that cannot be established.
pub fn unreachable() -> Answer {
    Answer::Fail(TransportError::never_connected(TransportErrorKind::Connect))
}

pub(super) fn reply_of(
    code: u16,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> (Parts, Bytes) {
    let mut reply = Response::builder().status(code);
    for (name, value) in headers {
        reply = reply.header(*name, value);
    }
    reply.body(body).unwrap().into_parts()
}
