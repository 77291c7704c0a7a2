//! webwxcheckupload: asked before a file of more than 25 MiB.

use serde_json::{Value, json};

use crate::account::MALFORMED;
use crate::hub::{Call, Hub};
use crate::random;
use crate::replies::{base_response, encry_file_name};
use crate::reply::Reply;

/// Files up to this size go up without being asked about.
pub(crate) const UNCHECKED: u64 = 26_214_400;

pub(super) fn check(call: &Call, hub: &Hub) -> Reply {
    match checked(call, hub) {
        Ok(answer) => Reply::json(answer),
        Err(ret) => super::refusal(&call.endpoint, ret),
    }
}

fn checked(call: &Call, hub: &Hub) -> Result<Value, i64> {
    let body = super::admit(call, hub)?;
    let md5 = body["FileMd5"].as_str().filter(|md5| md5.len() == 32).ok_or(MALFORMED)?;
    let size = body["FileSize"].as_u64().ok_or(MALFORMED)?;
    let name = body["FileName"].as_str().ok_or(MALFORMED)?;
    if body["FileType"].as_u64() != Some(7) {
        return Err(MALFORMED);
    }
    if size <= UNCHECKED {
        hub.violation(&call.endpoint, "asked about a file that is small enough to go unasked");
    }
    let mut gallery = hub.gallery();
    let known = gallery.with_md5(md5).filter(|picture| picture.bytes.len() as u64 == size);
    if let Some(picture) = known {
        return Ok(answer(0, &gallery.hand_out(picture, name), "", "", name));
    }
    drop(gallery);
    let mut uploads = hub.uploads();
    let keys =
        uploads.checked.entry(md5.to_owned()).or_insert_with(|| (random::hex(32), random::hex(96)));
    Ok(answer(0, "", &keys.0, &keys.1, name))
}

pub(super) fn answer(
    ret: i64,
    media_id: &str,
    aes_key: &str,
    signature: &str,
    name: &str,
) -> Value {
    json!({
        "BaseResponse": base_response(ret),
        "MediaId": media_id,
        "AESKey": aes_key,
        "Signature": signature,
        "EncryFileName": encry_file_name(name),
    })
}
