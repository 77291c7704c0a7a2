//! Checks that a browser could have written the upload form.

use image::ImageFormat;
use serde_json::Value;

use super::check::Check;
use super::json::{check_base_request, has_keys};
use super::names::check_names;
use crate::exchange::call_spec::PageBody;
use crate::exchange::received_call::ReceivedCall;
use crate::model::form::Form;
use crate::model::media::MediaFile;
use crate::model::profile::Profile;
use crate::model::request::Part;
use crate::model::text::{has_shape, is_md5, shown};

const CHUNK: u64 = 524_288;
/// The real server closes the connection at approximately this length.
const MAX_UNSPLIT: u64 = 1 << 20;

/// The page refuses videos of this length.
const TOO_LARGE_VIDEO: usize = 20 << 20;

/// The keys of `uploadmediarequest`. For a big file, the keys from webwxcheckupload follow.
const REQUEST: [&str; 10] = [
    "UploadType",
    "BaseRequest",
    "ClientMediaId",
    "TotalLen",
    "StartPos",
    "DataLen",
    "MediaType",
    "FromUserName",
    "ToUserName",
    "FileMd5",
];
const CHECKED: [&str; 2] = ["AESKey", "Signature"];

pub(super) fn check_form(check: &Check<'_>) {
    if !matches!(check.page.body, PageBody::UploadForm) || check.call.method != "POST" {
        return;
    }
    let Some(form) = &check.call.form else {
        return check.violation("the body is not a well-formed form");
    };
    check_order(check, form);
    check_heads(check, form);
    check_values(check, form);
    check_chunks(check, form);
    check_request(check, form);
}

fn check_order(check: &Check<'_>, form: &Form) {
    let is_split = form.value("chunks").is_some();
    let names = form.parts.iter().map(|part| part.name.as_str());
    let official =
        ["id", "name", "type", "lastModifiedDate", "size", "chunks", "chunk", "mediatype"];
    let rest = ["uploadmediarequest", "webwx_data_ticket", "pass_ticket", "filename"];
    let official =
        official.into_iter().filter(|name| is_split || !name.starts_with("chunk")).chain(rest);
    if !names.clone().eq(official) {
        let names = names.map(|name| shown(name, "an odd name"));
        let order = names.collect::<Vec<_>>().join(",");
        let what = "other fields than the page's, or in another order";
        check.violation(format!("{what}: {order}"));
    }
}

fn check_heads(check: &Check<'_>, form: &Form) {
    for Part { head, name, .. } in form.parts.iter().filter(|part| part.name != "filename") {
        if *head != format!("Content-Disposition: form-data; name=\"{name}\"\r\n") {
            let name = shown(name, "with an odd name");
            check.violation(format!("the head of part {name} is not just its name"));
        }
    }
    let Some(file) = form.file_part() else { return };
    if file.head.contains("filename*") {
        check.violation("filename* in the file part");
    }
    let escaped = form.value("name").unwrap_or_default();
    let escaped = escaped.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mime = match form.value("chunks") {
        Some(_) => "application/octet-stream",
        None => form.value("type").unwrap_or_default(),
    };
    let official = format!(
        "Content-Disposition: form-data; name=\"filename\"; filename=\"{escaped}\"\r\n\
         Content-Type: {mime}\r\n"
    );
    // In the field's value, unlike in the file name, the browser converts a lone LF into CRLF.
    let one_line_end = |head: &str| head.replace("%0D%0A", "%0A").replace("%0D", "%0A");
    if one_line_end(&file.head) != one_line_end(&official) {
        check.violation("the head of the file part is not the browser's");
    }
}

fn check_values(check: &Check<'_>, form: &Form) {
    let word = |name: &str| form.value(name).unwrap_or_default();
    if !word("id")
        .strip_prefix("WU_FILE_")
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    {
        check.violation("id is not WU_FILE_ followed by a number");
    }
    let date = word("lastModifiedDate");
    let is_date = date.get(..33).is_some_and(|start| {
        has_shape(&start.replace("GMT-", "GMT+"), "Aaa Aaa 99 9999 99:99:99 GMT+9999")
    });
    if !is_date || !date[33..].starts_with(" (") {
        check.violation("lastModifiedDate is not a JavaScript date");
    }
    if !matches!(word("mediatype"), "pic" | "video" | "doc") {
        check.violation("mediatype is none of pic, video, doc");
    }
    // The page writes "undefined" if it has lost its pass_ticket.
    let login = check.call.state.credentials();
    let decoded = percent_encoding::percent_decode_str(&login.pass_ticket).decode_utf8_lossy();
    if !matches!(word("pass_ticket"), "undefined") && word("pass_ticket") != decoded {
        check.violation("pass_ticket is not the XML's, decoded once");
    }
}

fn check_chunks(check: &Check<'_>, form: &Form) {
    let length = form.file.as_ref().map_or(0, |file| file.len() as u64);
    let size = form.number("size").unwrap_or(length);
    match (form.number("chunks"), form.number("chunk")) {
        (Some(chunks), Some(chunk)) => {
            if chunks == 1 {
                check.violation("chunks and chunk for a file of one chunk");
            }
            if chunks != size.div_ceil(CHUNK) || (chunk + 1 < chunks && length != CHUNK) {
                check.violation("chunks are not of 524288 bytes");
            }
        }
        (None, None) if length > MAX_UNSPLIT => {
            check.violation("more than 1 MiB unsplit: the real server closes the connection")
        }
        (None, None) if length > CHUNK => check.violation("more than 524288 bytes unsplit"),
        _ => {}
    }
}

fn check_request(check: &Check<'_>, form: &Form) {
    let text = form.value("uploadmediarequest").unwrap_or_default();
    let Ok(request) = serde_json::from_str::<Value>(text) else {
        return check.violation("uploadmediarequest is not JSON");
    };
    let compact = request.to_string();
    if compact != text {
        check.violation("uploadmediarequest is not written compactly");
    }
    let with_check = [&REQUEST[..], &CHECKED].concat();
    if !has_keys(&request, &REQUEST) && !has_keys(&request, &with_check) {
        check.violation("uploadmediarequest has other keys than the page's, or in another order");
    }
    check_base_request(check, &request["BaseRequest"]);
    let size = form.number("size").or(request["TotalLen"].as_u64()).unwrap_or_default();
    for (key, wanted) in [
        ("UploadType", 2),
        ("TotalLen", size),
        ("StartPos", 0),
        ("DataLen", size),
        ("MediaType", 4),
    ] {
        if request[key] != wanted {
            check.violation(format!("{key} is not the page's"));
        }
    }
    if !has_shape(&request["ClientMediaId"].to_string(), "9999999999999") {
        check.violation("ClientMediaId is not a number of 13 digits");
    }
    // In a recorded upload of the File Transfer Helper, it was empty.
    let may_be_empty = |md5: &str| md5.is_empty() && check.is_helper();
    if !request["FileMd5"].as_str().is_some_and(|md5| is_md5(md5) || may_be_empty(md5)) {
        check.violation("FileMd5 is not 32 lowercase hexadecimal digits");
    }
    check_names(check.call, &request);
}

/// Records violations of a complete file.
pub(crate) fn check_media(call: &ReceivedCall<'_>, form: &Form, file: &MediaFile) {
    let violation = |what: &str| call.violation(what);
    let mediatype = form.value("mediatype").unwrap_or_default();
    // Whether an image is sent as one or as a file shows in its message.
    if file.format == Some(ImageFormat::Gif) && mediatype != "doc" {
        violation("mediatype of a GIF is not doc");
    }
    check_video(call, form, file, mediatype == "video");
    if mediatype == "pic" && (file.thumbnail.is_none() || file.is_video()) {
        violation("a file uploaded as an image cannot be decoded: its thumbnail is empty");
    }
}

/// The page decides by the extension alone, and refuses large videos. No source shows what the page
/// of the File Transfer Helper does.
fn check_video(call: &ReceivedCall<'_>, form: &Form, file: &MediaFile, as_video: bool) {
    let name = form.value("name").unwrap_or_default();
    let is_named = name.to_ascii_lowercase().ends_with(".mp4");
    let is_helper = call.state.logins().profile == Profile::FileHelper;
    if is_named && !as_video && !is_helper {
        call.violation("mediatype of an mp4 is not video");
    }
    if as_video && !is_named {
        call.violation("mediatype video for a name without .mp4");
    }
    if as_video && !file.is_video() {
        call.violation("a file uploaded as a video is no mp4 video: it has no cover");
    }
    if as_video && file.bytes.len() >= TOO_LARGE_VIDEO {
        call.violation("a video of 20 MiB or more, which the page refuses");
    }
}
