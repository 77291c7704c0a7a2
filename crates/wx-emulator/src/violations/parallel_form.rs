//! Checks the form of the upload of large files against the only client known to send it.

use serde_json::Value;

use super::check::Check;
use super::json::has_keys;
use crate::exchange::call_spec::PageBody;
use crate::model::form::PARALLEL_REQUEST;

const CHUNK: u64 = 524_288;

const FIELDS: [&str; 4] = ["pass_ticket", "webwx_data_ticket", PARALLEL_REQUEST, "filename"];

/// The keys of the request. From the second chunk on, the id of the upload follows.
const REQUEST: [&str; 8] =
    ["Signature", "AESKey", "FileMD5", "TotalLen", "Chunks", "Name", "Chunk", "BaseRequest"];

/// The keys of `BaseRequest`, which have another order than in all other calls.
const BASE_REQUEST: [&str; 4] = ["Uin", "Sid", "DeviceID", "Skey"];

pub(super) fn check_parallel_form(check: &Check<'_>) {
    if !matches!(check.page.body, PageBody::ParallelForm) || check.call.method != "POST" {
        return;
    }
    let Some(form) = &check.call.form else {
        return check.violation("the body is not a well-formed form");
    };
    if !form.parts.iter().map(|part| part.name.as_str()).eq(FIELDS) {
        check.violation("other fields than the known client's, or in another order");
    }
    let text = form.value(PARALLEL_REQUEST).unwrap_or_default();
    let request: Value = serde_json::from_str(text).unwrap_or_default();
    let compact = request.to_string();
    if compact != text {
        check.violation("UploadMediaParallelRequest is not compact JSON");
    }
    let is_first = request["Chunk"] == 0;
    let with_id = [&REQUEST[..], &["UploadID"]].concat();
    if !has_keys(&request, if is_first { &REQUEST } else { &with_id }) {
        check.violation("UploadMediaParallelRequest has other keys, or in another order");
    }
    if !has_keys(&request["BaseRequest"], &BASE_REQUEST) {
        check.violation("BaseRequest has other keys than the known client's, or in another order");
    }
    let number = |key: &str| request[key].as_u64().unwrap_or_default();
    let length = form.file.as_ref().map_or(0, |file| file.len() as u64);
    let is_last = number("Chunk") + 1 == number("Chunks");
    if number("Chunks") != number("TotalLen").div_ceil(CHUNK) || !is_last && length != CHUNK {
        check.violation("chunks are not of 524288 bytes");
    }
    let is_blob = form.file_part().is_some_and(|part| {
        part.filename.as_deref() == Some("blob")
            && part.content_type.as_deref() == Some("application/octet-stream")
    });
    if !is_blob {
        check.violation("the file part is not called blob, or has another type");
    }
}
