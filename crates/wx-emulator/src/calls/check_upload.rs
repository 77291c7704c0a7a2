//! webwxcheckupload, which precedes the upload of a file of more than 25 MiB.

use serde_json::{Value, json};

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::replies::{base_response, encry_file_name};
use crate::model::ret::{MALFORMED, Ret};
use crate::model::text::is_md5;
use crate::state::uploads::Ticket;
use crate::violations::names::check_names;

pub(super) const CHECK_UPLOAD: CallSpec = CallSpec {
    name: "webwxcheckupload",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(check),
    refusal: Refusal::Ret(|ret| Reply::json(reply(ret, "", "", "", ""))),
    page: PageRequest {
        check: check_values,
        ..PageRequest::script(
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
        )
    },
};

fn check(call: &ReceivedCall<'_>) -> Outcome {
    let body = call.json.as_ref().ok_or(MALFORMED)?;
    let md5 = body["FileMd5"].as_str().filter(|md5| md5.len() == 32).ok_or(MALFORMED)?;
    let size = body["FileSize"].as_u64().ok_or(MALFORMED)?;
    let name = body["FileName"].as_str().ok_or(MALFORMED)?;
    if body["FileType"].as_u64() != Some(7) {
        return Err(MALFORMED);
    }
    if size <= call.state.options.checked_above {
        call.violation("a file that is small enough to be uploaded without this call");
    }
    let mut store = call.state.media();
    let known = store.with_md5(md5).filter(|file| file.bytes.len() as u64 == size);
    let media_id = known.map(|file| store.create_upload_id(file, name, "")).unwrap_or_default();
    drop(store);
    let Ticket { aes_key, signature } = call.state.uploads().announce(md5, name, size);
    Ok(Reply::json(reply(0, &media_id, &aes_key, &signature, name)))
}

fn check_values(call: &ReceivedCall<'_>) {
    let Some(body) = call.posted_json() else { return };
    check_names(call, body);
    if !body["FileMd5"].as_str().is_some_and(is_md5) {
        call.violation("FileMd5 is not 32 lowercase hexadecimal digits");
    }
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
