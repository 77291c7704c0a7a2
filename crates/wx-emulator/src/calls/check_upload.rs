//! webwxcheckupload, which precedes the upload of a file of more than 25 MiB.

use serde_json::{Value, json};

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::random;
use crate::model::replies::{base_response, encry_file_name};
use crate::model::ret::{MALFORMED, Ret};

/// The length of the largest file that is uploaded without a check.
pub(super) const UNCHECKED: u64 = 26_214_400;

pub(super) const CHECK_UPLOAD: CallSpec = CallSpec {
    name: "webwxcheckupload",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(check),
    refusal: Refusal::Ret(|ret| Reply::json(reply(ret, "", "", "", ""))),
    page: PageRequest::script(
        &["lang?", "pass_ticket?"],
        PageBody::Json(&[
            "FromUserName",
            "ToUserName",
            "FileSize",
            "FileMd5",
            "FileName",
            "FileType",
            "BaseRequest",
        ]),
    ),
};

fn check(call: &ReceivedCall<'_>) -> Outcome {
    let body = call.json.as_ref().ok_or(MALFORMED)?;
    let md5 = body["FileMd5"].as_str().filter(|md5| md5.len() == 32).ok_or(MALFORMED)?;
    let size = body["FileSize"].as_u64().ok_or(MALFORMED)?;
    let name = body["FileName"].as_str().ok_or(MALFORMED)?;
    if body["FileType"].as_u64() != Some(7) {
        return Err(MALFORMED);
    }
    if size <= UNCHECKED {
        call.violation("a file that is small enough to be uploaded without this call");
    }
    let mut store = call.state.media();
    let known = store.with_md5(md5).filter(|file| file.bytes.len() as u64 == size);
    if let Some(file) = known {
        return Ok(Reply::json(reply(0, &store.create_id(file, name), "", "", name)));
    }
    drop(store);
    let mut uploads = call.state.uploads();
    let (aes_key, signature) =
        uploads.checked.entry(md5.to_owned()).or_insert_with(|| (random::hex(32), random::hex(96)));
    Ok(Reply::json(reply(0, "", aes_key, signature, name)))
}

fn reply(ret: Ret, media_id: &str, aes_key: &str, signature: &str, name: &str) -> Value {
    json!({
        "BaseResponse": base_response(ret),
        "MediaId": media_id,
        "AESKey": aes_key,
        "Signature": signature,
        "EncryFileName": encry_file_name(name),
    })
}
