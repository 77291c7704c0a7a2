//! Arbitrary bytes as the reply to any call for messages and contacts. No reply causes a panic,
//! nothing is read from a refusal, and a message without an id is never offered for fetching.

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::status_notify::StatusNotify;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::http::Response;
use wx_proto::{MsgId, Session, UnixMs};

use crate::harness::session;

/// The input is the body of a reply.
pub fn check(data: &[u8]) {
    let reply = Response::new(Bytes::copy_from_slice(data));
    let json = serde_json::from_slice::<serde_json::Value>(data).unwrap_or_default();
    let refused = json["BaseResponse"]["Ret"].as_i64().is_some_and(|ret| ret != 0);

    let _ = SyncCheck::read(&reply);
    let notified = StatusNotify::read(&reply);
    let listed = GetContact::read(&reply);
    let some = BatchGetContact::read(&reply);
    let synced = SyncMessages::read(&reply);
    if refused {
        assert!(notified.is_err() && listed.is_err() && some.is_err() && synced.is_err());
    }
    let Ok(batch) = synced else { return };
    for message in &batch.messages {
        assert!(message.id.as_ref().is_none_or(|id| MsgId::new(id.as_str()).is_ok()));
        assert!(message.attachment().is_none_or(|media| media.msg_id.as_str() != "0"));
    }
    let all = batch.messages.len();
    let mut session = session();
    let new = session.apply_sync(batch.clone(), UnixMs::from_secs(1));
    assert!(new.as_ref().is_none_or(|new| new.messages.len() <= all));
    // No message is new twice: the second reply does not move the position.
    assert_eq!(session.apply_sync(batch, UnixMs::from_secs(1)), None);
    if let Some(new) = new {
        assert!(session.acknowledge(new.receipt) && !session.acknowledge(new.receipt));
    }
    // The resulting session can be saved and loaded.
    assert!(Session::from_json(session.to_json().expose()).is_ok());
}
