//! webwxuploadmedia: a form a chunk, and a MediaId for a whole file.

use std::time::Instant;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
};
use serde_json::Value;

use super::check_upload::UNCHECKED;
use crate::account::{MALFORMED, NO_SESSION};
use crate::emulator::Profile;
use crate::form::Form;
use crate::hub::{Call, Hub};
use crate::picture::{Picture, md5};
use crate::replies;
use crate::reply::Reply;
use crate::upload::{FileKey, Piece, Progress};

/// No picture is longer, nor is a file that claims to be believed.
const LONGEST: u64 = 512 << 20;

/// The preflight is answered as if it were an empty upload; its Ret 1 means nothing.
pub(super) fn preflight(call: &Call) -> Reply {
    allow(call, Reply::json(replies::upload_refused(MALFORMED)))
}

pub(super) async fn upload(call: &Call, hub: &Hub) -> Reply {
    let reply = match try_upload(call, hub).await {
        Ok(reply) => reply,
        Err(ret) => super::refusal(&call.endpoint, ret),
    };
    allow(call, reply)
}

/// The page's origin may read the answer, and a preflight allows what it asks for.
pub(super) fn allow(call: &Call, mut reply: Reply) -> Reply {
    if let Some(origin) = call.header("origin") {
        reply = reply
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .header(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if call.method == "OPTIONS" {
        reply = reply.header(ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS");
        if let Some(asked) = call.header("access-control-request-headers") {
            reply = reply.header(ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
    }
    reply
}

/// The BaseRequest and the ticket are the proof, and one place of the ticket is enough: on the page
/// of the File Transfer Helper no other cookie reaches this host.
fn admit(call: &Call, hub: &Hub, form: &Form, base_request: &Value) -> Result<(), i64> {
    super::admit_state(hub)?;
    let account = &hub.account;
    account.check(base_request)?;
    let by_form = form.value("webwx_data_ticket") == Some(&account.data_ticket);
    let knows = |name| account.knows_cookie(call.header("cookie"), name);
    let by_cookie = knows("webwx_data_ticket");
    if !by_form && !by_cookie {
        return Err(NO_SESSION);
    }
    if !by_form {
        hub.violation(&call.endpoint, "webwx_data_ticket of the form is not the cookie's");
    }
    if !by_cookie {
        hub.violation(&call.endpoint, "no webwx_data_ticket among the cookies");
    }
    if hub.logins().profile == Profile::Web && !(knows("wxuin") && knows("wxsid")) {
        hub.violation(&call.endpoint, "no wxuin and wxsid among the cookies");
    }
    Ok(())
}

async fn try_upload(call: &Call, hub: &Hub) -> Result<Reply, i64> {
    let form = call.form.as_ref().ok_or(MALFORMED)?;
    let request_text = form.value("uploadmediarequest").ok_or(MALFORMED)?;
    let request: Value = serde_json::from_str(request_text).map_err(|_| MALFORMED)?;
    admit(call, hub, form, &request["BaseRequest"])?;
    let name = form.value("name").or(form.file_part().and_then(|part| part.filename.as_deref()));
    let name = name.unwrap_or_default();
    let piece = piece(form, &request, request_text, name).ok_or(MALFORMED)?;
    check_big(hub, &request, &piece.key)?;
    let key = piece.key.clone();
    let is_last = piece.chunk + 1 == piece.chunks;
    let now = Instant::now();
    hub.uploads().expire(now);
    if hub.uploads().shares_id(&key) {
        hub.violation(&call.endpoint, "one ClientMediaId for two files");
    }
    if hub.uploads().changed_request(&key, request_text) {
        hub.violation(&call.endpoint, "uploadmediarequest is not the same in all chunks");
    }
    let progress = hub.uploads().take(&piece, hub.options.repeats, now);
    let answer = match progress {
        Progress::More => replies::upload(0, "", 0, (0, 0), Some(name)),
        Progress::Miscounted(received) => replies::upload(0, "", received, (0, 0), Some(name)),
        Progress::Known(media_id) => finished(hub, &media_id, name).ok_or(MALFORMED)?,
        Progress::Whole(bytes) => {
            let media_id = whole(call, hub, form, &key, bytes).await?;
            finished(hub, &media_id, name).ok_or(MALFORMED)?
        }
        Progress::Short => {
            hub.uploads().forget(&key);
            hub.violation(&call.endpoint, "fewer bytes than announced");
            return Err(MALFORMED);
        }
        Progress::Refused(why) => {
            hub.violation(&call.endpoint, why);
            return Err(MALFORMED);
        }
    };
    let offers_gzip = call.header("accept-encoding").is_some_and(|offer| offer.contains("gzip"));
    Ok(Reply::json(answer).gzipped(is_last && offers_gzip))
}

/// What the form says of its chunk; `None` if it contradicts itself.
fn piece<'a>(
    form: &'a Form,
    request: &Value,
    request_text: &'a str,
    name: &str,
) -> Option<Piece<'a>> {
    let bytes = form.file.as_ref()?;
    let number = |name: &str| form.value(name).map(|text| text.parse::<u64>().ok());
    let size = number_or_text(&request["TotalLen"])?;
    if size == 0 || size > LONGEST || number("size").is_some_and(|said| said != Some(size)) {
        return None;
    }
    let (chunks, chunk) = match (number("chunks"), number("chunk")) {
        (None, None) => (1, 0),
        (Some(chunks), Some(chunk)) => (chunks?, chunk?),
        _ => return None,
    };
    // More chunks than bytes cannot be, and the last of n chunks is n-1.
    if chunks == 0 || chunks > size || chunk >= chunks {
        return None;
    }
    let client_media_id = match &request["ClientMediaId"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let md5 = request["FileMd5"].as_str().unwrap_or_default().to_ascii_lowercase();
    Some(Piece {
        key: FileKey { client_media_id, md5, name: name.to_owned(), size },
        chunk: chunk as usize,
        chunks: chunks as usize,
        bytes,
        request: request_text,
    })
}

/// One client writes its numbers as text.
fn number_or_text(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A big file must have been asked about, and carry what it was given.
fn check_big(hub: &Hub, request: &Value, key: &FileKey) -> Result<(), i64> {
    let carried = request["AESKey"].as_str().zip(request["Signature"].as_str());
    let uploads = hub.uploads();
    let given = uploads
        .checked
        .get(&key.md5)
        .map(|(aes_key, signature)| (aes_key.as_str(), signature.as_str()));
    match (key.size > UNCHECKED, carried) {
        (true, None) => Err(MALFORMED),
        (_, Some(_)) if carried != given => Err(MALFORMED),
        _ => Ok(()),
    }
}

/// Checks a whole file, keeps it and gives its MediaId. Digest and thumbnail take their time, off
/// the connections' thread.
async fn whole(
    call: &Call,
    hub: &Hub,
    form: &Form,
    key: &FileKey,
    bytes: Bytes,
) -> Result<String, i64> {
    let made = tokio::task::spawn_blocking({
        let said = key.md5.clone();
        move || (said.is_empty() || md5(&bytes) == said).then(|| Picture::new(bytes))
    });
    let Some(picture) = made.await.ok().flatten() else {
        hub.uploads().forget(key);
        hub.violation(&call.endpoint, "FileMd5 is not the file's");
        return Err(MALFORMED);
    };
    crate::violations::form::check_picture(call, hub, form, &picture);
    let mut gallery = hub.gallery();
    let picture = gallery.keep(picture);
    let media_id = gallery.hand_out(picture, &key.name);
    drop(gallery);
    Ok(hub.uploads().finished(key, media_id))
}

fn finished(hub: &Hub, media_id: &str, name: &str) -> Option<Value> {
    let picture = hub.gallery().media(media_id)?.picture;
    Some(replies::upload(0, media_id, picture.bytes.len() as u64, picture.announced(), Some(name)))
}

/// The answer of a rate-limited server: refused, and yet with a MediaId, of somebody else's
/// picture.
pub(super) fn foreign(call: &Call, hub: &Hub) -> Reply {
    let size = announced_size(call).unwrap_or_default();
    let answer = replies::upload(1205, &hub.gallery().foreign(), size, (0, 0), None);
    Reply::json(answer).without(http::header::CONTENT_TYPE)
}

/// The answer to a file that came to nothing although all looks well.
pub(super) fn without_media_id(call: &Call) -> Reply {
    let name = call.form.as_ref().and_then(|form| form.value("name"));
    let is_last = call.form.as_ref().is_some_and(|form| {
        let number = |name: &str| form.value(name).and_then(|text| text.parse::<u64>().ok());
        number("chunks").unwrap_or(1) == number("chunk").unwrap_or(0) + 1
    });
    let size = if is_last { announced_size(call).unwrap_or_default() } else { 0 };
    Reply::json(replies::upload(0, "", size, (0, 0), name))
}

fn announced_size(call: &Call) -> Option<u64> {
    let request = call.form.as_ref()?.value("uploadmediarequest")?;
    serde_json::from_str::<Value>(request)
        .ok()
        .and_then(|request| number_or_text(&request["TotalLen"]))
}
