//! webwxuploadmedia: a form a chunk, and a MediaId for a whole file.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
};
use serde_json::Value;

use super::check_upload::UNCHECKED;
use crate::account::{MALFORMED, NO_SESSION};
use crate::answers;
use crate::form::Form;
use crate::hub::{Call, Hub};
use crate::picture::{Picture, md5};
use crate::reply::Reply;
use crate::upload::{FileKey, Piece, Progress};

/// No picture is longer, nor is a file that claims to be believed.
const LONGEST: u64 = 512 << 20;

/// The preflight is answered as if it were an empty upload; its Ret 1 means nothing.
pub(super) fn preflight(call: &Call) -> Reply {
    allow(call, Reply::json(answers::upload_refused(MALFORMED)))
        .header(ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS")
}

pub(super) async fn upload(call: &Call, hub: &Hub) -> Reply {
    let reply = match try_upload(call, hub).await {
        Ok(reply) => reply,
        Err(ret) => super::refusal(&call.endpoint, ret),
    };
    allow(call, reply)
}

/// The page's origin may read the answer.
fn allow(call: &Call, reply: Reply) -> Reply {
    match call.header("origin") {
        Some(origin) => {
            reply.header(ACCESS_CONTROL_ALLOW_ORIGIN, origin).header(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
        }
        None => reply,
    }
}

async fn try_upload(call: &Call, hub: &Hub) -> Result<Reply, i64> {
    super::admit_cookies(call, hub)?;
    let form = call.form.as_ref().ok_or(MALFORMED)?;
    let request_text = form.value("uploadmediarequest").ok_or(MALFORMED)?;
    let request: Value = serde_json::from_str(request_text).map_err(|_| MALFORMED)?;
    hub.account.check(&request["BaseRequest"])?;
    if form.value("webwx_data_ticket").ok_or(MALFORMED)? != hub.account.data_ticket {
        return Err(NO_SESSION);
    }
    let name = form.value("name").or(form.file_part().and_then(|part| part.filename.as_deref()));
    let name = name.unwrap_or_default();
    let piece = piece(form, &request, request_text, name).ok_or(MALFORMED)?;
    check_big(hub, &request, &piece.key)?;
    let key = piece.key.clone();
    let is_last = piece.chunk + 1 == piece.chunks;
    if hub.uploads().shares_id(&key) {
        hub.violation(&call.endpoint, "one ClientMediaId for two files");
    }
    if hub.uploads().changed_request(&key, request_text) {
        hub.violation(&call.endpoint, "uploadmediarequest is not the same in all chunks");
    }
    let progress = hub.uploads().take(&piece, hub.options.repeats);
    let answer = match progress {
        Progress::More => answers::upload(0, "", 0, (0, 0), Some(name)),
        Progress::Miscounted(received) => answers::upload(0, "", received, (0, 0), Some(name)),
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
fn piece<'a>(form: &'a Form, request: &Value, request_text: &'a str, name: &str) -> Option<Piece<'a>> {
    let bytes = form.file.as_ref()?;
    let number = |name: &str| form.value(name).map(|text| text.parse::<u64>().ok());
    let size = request["TotalLen"].as_u64()?;
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

/// A big file must have been asked about, and carry what it was given.
fn check_big(hub: &Hub, request: &Value, key: &FileKey) -> Result<(), i64> {
    let carried = request["AESKey"].as_str().zip(request["Signature"].as_str());
    let uploads = hub.uploads();
    let given =
        uploads.checked.get(&key.md5).map(|(aes_key, signature)| (aes_key.as_str(), signature.as_str()));
    match (key.size > UNCHECKED, carried) {
        (true, None) => Err(MALFORMED),
        (_, Some(_)) if carried != given => Err(MALFORMED),
        _ => Ok(()),
    }
}

/// Checks a whole file, keeps it and gives its MediaId. Digest and thumbnail take their time, off the connections' thread.
async fn whole(call: &Call, hub: &Hub, form: &Form, key: &FileKey, bytes: Bytes) -> Result<String, i64> {
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
    Some(answers::upload(0, media_id, picture.bytes.len() as u64, picture.announced(), Some(name)))
}

/// The answer of a rate-limited server: refused, and yet with a MediaId, of somebody else's picture.
pub(super) fn foreign(call: &Call, hub: &Hub) -> Reply {
    let size = announced_size(call).unwrap_or_default();
    let answer = answers::upload(1205, &hub.gallery().foreign(), size, (0, 0), None);
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
    Reply::json(answers::upload(0, "", size, (0, 0), name))
}

fn announced_size(call: &Call) -> Option<u64> {
    let request = call.form.as_ref()?.value("uploadmediarequest")?;
    serde_json::from_str::<Value>(request).ok()?["TotalLen"].as_u64()
}
