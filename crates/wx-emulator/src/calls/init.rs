//! webwxinit: the account, its contacts, and the first SyncKey.

use serde_json::{Value, json};

use super::sync_key;
use crate::exchange::call_spec::{
    BaseRequestKind, CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::replies::base_response;
use crate::model::ret::Ret;
use crate::state::account::NICK_NAME;

pub(super) const INIT: CallSpec = CallSpec {
    name: "webwxinit",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(init),
    refusal: Refusal::Ret(|ret| Reply::json(empty_reply(ret))),
    page: PageRequest {
        base_request: BaseRequestKind::TextUin,
        ..PageRequest::script(&["r", "lang?", "pass_ticket?"], PageBody::Json(&["BaseRequest"]))
    },
};

fn init(call: &ReceivedCall<'_>) -> Outcome {
    let mut reply = empty_reply(0);
    let contacts = call.state.recent_contacts();
    reply["Count"] = contacts.len().into();
    reply["ContactList"] = contacts.into();
    reply["SyncKey"] = sync_key::first(call.state.messages().acknowledged);
    reply["User"]["Uin"] = call.state.account.uin.into();
    reply["User"]["UserName"] = call.state.account.user_name.as_str().into();
    reply["User"]["NickName"] = NICK_NAME.into();
    reply["User"]["HeadImgUrl"] = call.state.head_img_url(&call.state.account.user_name).into();
    reply["ChatSet"] = call.state.chat_set().into();
    reply["SKey"] = call.state.credentials().skey.as_str().into();
    Ok(Reply::json(reply))
}

/// Returns a reply without data. Even a refusal has all fields.
fn empty_reply(ret: Ret) -> Value {
    json!({
        "BaseResponse": base_response(ret), "Count": 0, "ContactList": [],
        "SyncKey": { "Count": 0, "List": [] },
        "User": {
            "Uin": 0, "UserName": "", "NickName": "", "HeadImgUrl": "", "RemarkName": "",
            "PYInitial": "", "PYQuanPin": "", "RemarkPYInitial": "", "RemarkPYQuanPin": "",
            "HideInputBarFlag": 0, "StarFriend": 0, "Sex": 0, "Signature": "", "AppAccountFlag": 0,
            "VerifyFlag": 0, "ContactFlag": 0, "WebWxPluginSwitch": 0, "HeadImgFlag": 0,
            "SnsFlag": 0,
        },
        "ChatSet": "", "SKey": "", "ClientVersion": 0, "SystemTime": 0, "GrayScale": 0,
        "InviteStartCount": 0, "MPSubscribeMsgCount": 0, "MPSubscribeMsgList": [],
        "ClickReportInterval": 600_000,
    })
}
