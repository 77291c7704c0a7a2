//! webwxuploadmedia: one form per chunk. The last one returns the MediaId of the complete file.

use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::exchange::call_spec::{
    AppIdHeader, CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::form::Form;
use crate::model::hosts::HostRole;
use crate::model::media::{MediaFile, md5};
use crate::model::profile::Profile;
use crate::model::replies::{base_response, encry_file_name};
use crate::model::ret::{MALFORMED, RATE_LIMITED, Ret};
use crate::state::server_state::ServerState;
use crate::state::uploads::{Chunk, FileKey, Progress};
use crate::violations::form::check_media;

/// The maximum length of a file.
pub(super) const LONGEST: u64 = 512 << 20;

pub(super) const UPLOAD_MEDIA: CallSpec = CallSpec {
    name: "webwxuploadmedia",
    // A preflight is refused like an empty upload. The browser ignores its Ret 1.
    methods: &["POST", "OPTIONS"],
    host: HostRole::File,
    login: Login::FormTicket,
    handler: Handler::Async(|call| Box::pin(upload(call))),
    refusal: Refusal::Ret(|ret| Reply::json(refused(ret))),
    page: PageRequest {
        // Browsers were recorded uploading both with and without the header.
        app_id: AppIdHeader::Optional,
        fixed: &[("f", &["json"])],
        check: check_random,
        ..PageRequest::script(&["f", "random?"], PageBody::UploadForm)
    },
};

async fn upload(call: &ReceivedCall<'_>) -> Outcome {
    let form = call.form.as_ref().ok_or(MALFORMED)?;
    let request_text = form.value("uploadmediarequest").ok_or(MALFORMED)?;
    let request = form.upload_request().ok_or(MALFORMED)?;
    let name = form.value("name").or(form.file_part().and_then(|part| part.filename.as_deref()));
    let name = name.unwrap_or_default();
    let chunk = chunk(form, &request, request_text, name).ok_or(MALFORMED)?;
    check_large(call, &request, &chunk.key)?;
    let key = chunk.key.clone();
    let is_last = chunk.index + 1 == chunk.count;
    let now = Instant::now();
    call.state.uploads().expire(now);
    if call.state.uploads().shares_id(&key) {
        call.violation("the same ClientMediaId for two files");
    }
    if call.state.uploads().changed_request(&key, request_text) {
        call.violation("uploadmediarequest is not the same in all chunks");
    }
    let progress = call.state.uploads().add(&chunk, call.state.options.repeats, now);
    let json = match progress {
        Progress::Incomplete => reply(0, "", 0, (0, 0), Some(name)),
        Progress::Miscounted(received) => reply(0, "", received, (0, 0), Some(name)),
        Progress::AlreadyComplete(media_id) => {
            finished(call.state, &media_id, name).ok_or(MALFORMED)?
        }
        Progress::Complete(bytes) => {
            let media_id = complete(call, form, &key, bytes).await?;
            finished(call.state, &media_id, name).ok_or(MALFORMED)?
        }
        Progress::Short => {
            call.state.uploads().forget(&key);
            call.violation("fewer bytes than announced");
            return Err(MALFORMED);
        }
        Progress::Refused(why) => {
            call.violation(why);
            return Err(MALFORMED);
        }
    };
    let offers_gzip = call.header("accept-encoding").is_some_and(|offer| offer.contains("gzip"));
    Ok(Reply::json(json).gzipped(is_last && offers_gzip))
}

/// Returns the chunk in the form, or `None` if the fields of the form are inconsistent.
fn chunk<'a>(
    form: &'a Form,
    request: &Value,
    request_text: &'a str,
    name: &str,
) -> Option<Chunk<'a>> {
    let bytes = form.file.as_ref()?;
    let number = |name: &str| form.value(name).map(|text| text.parse::<u64>().ok());
    let size = number_or_text(&request["TotalLen"])?;
    if size == 0
        || size > LONGEST
        || number("size").is_some_and(|size_field| size_field != Some(size))
    {
        return None;
    }
    let (count, index) = match (number("chunks"), number("chunk")) {
        (None, None) => (1, 0),
        (Some(count), Some(index)) => (count?, index?),
        _ => return None,
    };
    // A chunk has at least one byte, and the last of n chunks has the index n-1.
    if count == 0 || count > size || index >= count {
        return None;
    }
    let client_media_id = match &request["ClientMediaId"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let md5 = request["FileMd5"].as_str().unwrap_or_default().to_ascii_lowercase();
    Some(Chunk {
        key: FileKey { client_media_id, md5, name: name.to_owned(), size },
        index: index as usize,
        count: count as usize,
        bytes,
        request: request_text,
    })
}

/// Parses a number, which one client sends as a string.
fn number_or_text(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Checks that a big file was announced by webwxcheckupload, and that the upload carries the values
/// of that reply.
fn check_large(call: &ReceivedCall<'_>, request: &Value, key: &FileKey) -> Result<(), Ret> {
    let is_large = key.size > call.state.options.checked_above;
    if is_large && call.state.logins().profile == Profile::FileHelper {
        call.violation("a file that is large enough for webwxuploadmediaparallel");
    }
    if request["AESKey"].is_null() && request["Signature"].is_null() {
        return if is_large { Err(MALFORMED) } else { Ok(()) };
    }
    check_ticket(call, request, key)
}

/// Checks that an upload carries the ticket that webwxcheckupload returned for its file.
pub(super) fn check_ticket(
    call: &ReceivedCall<'_>,
    request: &Value,
    key: &FileKey,
) -> Result<(), Ret> {
    let ticket = call.state.uploads().ticket(&key.md5).cloned().ok_or(MALFORMED)?;
    if request["AESKey"] != ticket.aes_key.as_str()
        || request["Signature"] != ticket.signature.as_str()
    {
        return Err(MALFORMED);
    }
    if !call.state.uploads().is_announced(key) {
        call.violation("another name or length than webwxcheckupload announced");
    }
    Ok(())
}

/// Checks a complete file, stores it and returns its MediaId. The digest and the thumbnail are
/// computed off the thread that serves the connections.
pub(super) async fn complete(
    call: &ReceivedCall<'_>,
    form: &Form,
    key: &FileKey,
    bytes: Bytes,
) -> Result<String, Ret> {
    let made = tokio::task::spawn_blocking({
        let announced = key.md5.clone();
        move || (announced.is_empty() || md5(&bytes) == announced).then(|| MediaFile::new(bytes))
    });
    let Some(file) = made.await.ok().flatten() else {
        call.state.uploads().forget(key);
        call.violation("FileMd5 is not the file's");
        return Err(MALFORMED);
    };
    check_media(call, form, &file);
    let mut store = call.state.media();
    let file = store.store(file);
    let mediatype = form.value("mediatype").unwrap_or_default();
    let media_id = store.create_upload_id(file, &key.name, mediatype);
    drop(store);
    Ok(call.state.uploads().set_media_id(key, media_id))
}

fn finished(state: &ServerState, media_id: &str, name: &str) -> Option<Value> {
    let file = state.media().media(media_id)?.file;
    Some(reply(0, media_id, file.bytes.len() as u64, file.announced_size(), Some(name)))
}

/// Returns the reply of a rate-limited server: a refusal with the MediaId of somebody else's image.
pub(super) fn foreign(call: &ReceivedCall<'_>) -> Reply {
    let size = call.form.as_ref().and_then(announced_size).unwrap_or_default();
    let json = reply(RATE_LIMITED, &call.state.media().foreign_id(), size, (0, 0), None);
    Reply::json(json).without(CONTENT_TYPE)
}

/// Returns a reply that looks successful but has no MediaId.
pub(super) fn without_media_id(form: &Form) -> Reply {
    let is_last = form.number("chunks").unwrap_or(1) == form.number("chunk").unwrap_or(0) + 1;
    let size = if is_last { announced_size(form).unwrap_or_default() } else { 0 };
    Reply::json(reply(0, "", size, (0, 0), form.value("name")))
}

fn announced_size(form: &Form) -> Option<u64> {
    number_or_text(&form.upload_request()?["TotalLen"])
}

fn refused(ret: Ret) -> Value {
    reply(ret, "", 0, (0, 0), None)
}

/// Returns the JSON of a reply. `name` adds `EncryFileName`, which refusals do not have.
fn reply(
    ret: Ret,
    media_id: &str,
    start_pos: u64,
    (height, width): (u32, u32),
    name: Option<&str>,
) -> Value {
    let mut reply = json!({
        "BaseResponse": base_response(ret),
        "MediaId": media_id,
        "StartPos": start_pos,
        "CDNThumbImgHeight": height,
        "CDNThumbImgWidth": width,
    });
    if let Some(name) = name {
        reply["EncryFileName"] = Value::from(encry_file_name(name));
    }
    reply
}

/// Checks the parameter `random`, which only the File Transfer Helper sends.
pub(super) fn check_random(call: &ReceivedCall<'_>) {
    let is_helper = call.state.logins().profile == Profile::FileHelper;
    match (is_helper, call.query.get("random").map(|random| random.len())) {
        (true, Some(4)) | (false, None) => {}
        (true, _) => call.violation("no random of four characters in the query"),
        (false, _) => call.violation("random in the query, unlike on the page"),
    }
}
