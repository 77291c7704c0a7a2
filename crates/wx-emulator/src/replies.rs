//! JSON replies that several calls share, and how the server writes names and texts into them.

use serde_json::{Value, json};

/// `BaseResponse` alone.
pub(crate) fn plain(ret: i64) -> Value {
    json!({ "BaseResponse": base_response(ret) })
}

pub(crate) fn base_response(ret: i64) -> Value {
    json!({ "Ret": ret, "ErrMsg": "" })
}

/// webwxuploadmedia; `name` gives the line `EncryFileName`, which a refusal does not have.
pub(crate) fn upload(
    ret: i64,
    media_id: &str,
    start_pos: u64,
    (height, width): (u32, u32),
    name: Option<&str>,
) -> Value {
    let mut answer = json!({
        "BaseResponse": base_response(ret),
        "MediaId": media_id,
        "StartPos": start_pos,
        "CDNThumbImgHeight": height,
        "CDNThumbImgWidth": width,
    });
    if let Some(name) = name {
        answer["EncryFileName"] = Value::from(encry_file_name(name));
    }
    answer
}

pub(crate) fn upload_refused(ret: i64) -> Value {
    upload(ret, "", 0, (0, 0), None)
}

/// The webwxsend… calls.
pub(crate) fn message(ret: i64, msg_id: &str, local_id: &str) -> Value {
    json!({ "BaseResponse": base_response(ret), "MsgID": msg_id, "LocalID": local_id })
}

/// Percent-encoded, with `.` and `_` too.
pub(crate) fn encry_file_name(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Names and the XML in `Content` are escaped.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
