//! Messages as webwxsync delivers them.

use serde_json::{Value, json};

use crate::emulator::Profile;
use crate::hub::Hub;
use crate::picture::Picture;

/// A picture or an emoticon.
pub(crate) fn picture(hub: &Hub, msg_id: &str, picture: &Picture) -> Value {
    let (height, width) = picture.announced();
    let (length, md5) = (picture.bytes.len(), &picture.md5);
    let (kind, content) = if picture.is_gif() {
        (47, format!("&lt;msg&gt;&lt;emoji md5=\"{md5}\" len=\"{length}\" /&gt;&lt;/msg&gt;"))
    } else {
        (3, format!("&lt;msg&gt;&lt;img length=\"{length}\" md5=\"{md5}\" /&gt;&lt;/msg&gt;"))
    };
    message(hub, msg_id, kind, &content, (height, width))
}

/// A text.
pub(crate) fn text(hub: &Hub, msg_id: &str) -> Value {
    message(hub, msg_id, 1, "hello", (0, 0))
}

fn message(hub: &Hub, msg_id: &str, kind: u32, content: &str, (height, width): (u32, u32)) -> Value {
    let from = match hub.logins().profile {
        Profile::Web => hub.account.friend.as_str(),
        Profile::FileHelper => "filehelper",
    };
    json!({
        "MsgId": msg_id, "FromUserName": from, "ToUserName": hub.account.user_name,
        "MsgType": kind, "Content": content, "Status": 3, "ImgStatus": 2, "CreateTime": 1_511_493_942,
        "VoiceLength": 0, "PlayLength": 0, "FileName": "", "FileSize": "", "MediaId": "", "Url": "",
        "AppMsgType": 0, "StatusNotifyCode": 0, "StatusNotifyUserName": "", "ForwardFlag": 0, "HasProductId": 0,
        "Ticket": "", "ImgHeight": height, "ImgWidth": width, "SubMsgType": 0,
        "NewMsgId": msg_id.parse::<u64>().unwrap_or_default(),
        "OriContent": "", "EncryFileName": "",
        "RecommendInfo": { "UserName": "", "NickName": "" }, "AppInfo": { "AppID": "", "Type": 0 },
    })
}
