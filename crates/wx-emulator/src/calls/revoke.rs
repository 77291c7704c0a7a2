//! webwxrevokemsg: taking a message back.

use crate::account::MALFORMED;
use crate::hub::{Call, Hub};
use crate::replies;
use crate::reply::Reply;

/// The ClientMsgId is not looked at: clients send anything in its place.
pub(super) fn revoke(call: &Call, hub: &Hub) -> Reply {
    let ret = match try_revoke(call, hub) {
        Ok(()) => 0,
        Err(ret) => ret,
    };
    Reply::json(replies::plain(ret))
}

fn try_revoke(call: &Call, hub: &Hub) -> Result<(), i64> {
    let body = super::admit(call, hub)?;
    let (msg_id, to) = (&body["SvrMsgId"], &body["ToUserName"]);
    let msg_id = msg_id.as_str().map(str::to_owned).or(msg_id.as_u64().map(|id| id.to_string()));
    let mut mailbox = hub.mailbox();
    let sent = mailbox.messages.iter_mut().find(|sent| Some(&sent.msg_id) == msg_id.as_ref());
    let sent = sent.filter(|sent| *to == *sent.to).ok_or(MALFORMED)?;
    sent.revoked = true;
    Ok(())
}
