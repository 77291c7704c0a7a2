//! Upload forms as the browser sends them.

use image::ImageFormat;
use serde_json::Value;

use super::json::{check_base_request, has_keys};
use super::{has_shape, is_helper, shown};
use crate::form::Form;
use crate::hub::{Call, Hub};
use crate::picture::Picture;
use crate::request::Part;

const CHUNK: u64 = 524_288;
/// About here the real server cuts the connection.
const UNSPLIT: u64 = 1 << 20;

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

pub(super) fn check(call: &Call, hub: &Hub) {
    if call.endpoint != "webwxuploadmedia" || call.method != "POST" {
        return;
    }
    let Some(form) = &call.form else {
        return hub.violation(&call.endpoint, "the body is no well-formed form");
    };
    check_order(call, hub, form);
    check_heads(call, hub, form);
    check_values(call, hub, form);
    check_chunks(call, hub, form);
    check_request(call, hub, form);
}

fn number(form: &Form, name: &str) -> Option<u64> {
    form.value(name)?.parse().ok()
}

fn check_order(call: &Call, hub: &Hub, form: &Form) {
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
        hub.violation(
            &call.endpoint,
            format!("other fields, or in another order, than the page's: {order}"),
        );
    }
}

fn check_heads(call: &Call, hub: &Hub, form: &Form) {
    let violation = |what: String| hub.violation(&call.endpoint, what);
    for Part { head, name, .. } in form.parts.iter().filter(|part| part.name != "filename") {
        if *head != format!("Content-Disposition: form-data; name=\"{name}\"\r\n") {
            let name = shown(name, "with an odd name");
            violation(format!("the head of part {name} is not just its name"));
        }
    }
    let Some(file) = form.file_part() else { return };
    if file.head.contains("filename*") {
        violation("filename* in the file part".to_owned());
    }
    let escaped = form.value("name").unwrap_or_default();
    let escaped = escaped.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let mime = match form.value("chunks") {
        Some(_) => "application/octet-stream",
        None => form.value("type").unwrap_or_default(),
    };
    let official = format!(
        "Content-Disposition: form-data; name=\"filename\"; filename=\"{escaped}\"\r\nContent-Type: {mime}\r\n"
    );
    // The browser turns a lone line feed into two characters in the field, not in the file name.
    let one_line_end = |head: &str| head.replace("%0D%0A", "%0A").replace("%0D", "%0A");
    if one_line_end(&file.head) != one_line_end(&official) {
        violation("the head of the file part is not the browser's".to_owned());
    }
}

fn check_values(call: &Call, hub: &Hub, form: &Form) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let word = |name: &str| form.value(name).unwrap_or_default();
    if !word("id")
        .strip_prefix("WU_FILE_")
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    {
        violation("id is not WU_FILE_ and a number");
    }
    let date = word("lastModifiedDate");
    let is_date = date.get(..33).is_some_and(|start| {
        has_shape(&start.replace("GMT-", "GMT+"), "Aaa Aaa 99 9999 99:99:99 GMT+9999")
    });
    if !is_date || !date[33..].starts_with(" (") {
        violation("lastModifiedDate is not a JavaScript date");
    }
    if !matches!(word("mediatype"), "pic" | "video" | "doc") {
        violation("mediatype is none of pic, video, doc");
    }
    // The page that has lost its pass_ticket writes the word undefined.
    let decoded =
        percent_encoding::percent_decode_str(&hub.account.pass_ticket).decode_utf8_lossy();
    if !matches!(word("pass_ticket"), "undefined") && word("pass_ticket") != decoded {
        violation("pass_ticket is not the XML's, decoded once");
    }
}

fn check_chunks(call: &Call, hub: &Hub, form: &Form) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let length = form.file.as_ref().map_or(0, |file| file.len() as u64);
    let size = number(form, "size").unwrap_or(length);
    match (number(form, "chunks"), number(form, "chunk")) {
        (Some(chunks), Some(chunk)) => {
            if chunks == 1 {
                violation("chunks and chunk for one chunk");
            }
            if chunks != size.div_ceil(CHUNK) || (chunk + 1 < chunks && length != CHUNK) {
                violation("chunks are not of 524288 bytes");
            }
        }
        (None, None) if length > UNSPLIT => {
            violation("more than 1 MiB unsplit: the real server cuts the connection")
        }
        (None, None) if length > CHUNK => violation("more than 524288 bytes unsplit"),
        _ => {}
    }
}

fn check_request(call: &Call, hub: &Hub, form: &Form) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let text = form.value("uploadmediarequest").unwrap_or_default();
    let Ok(request) = serde_json::from_str::<Value>(text) else {
        return violation("uploadmediarequest is not JSON");
    };
    let compact = request.to_string();
    if compact != text {
        violation("uploadmediarequest is not written compactly");
    }
    let checked: Vec<&str> = REQUEST.into_iter().chain(["AESKey", "Signature"]).collect();
    if !has_keys(&request, &REQUEST) && !has_keys(&request, &checked) {
        violation("uploadmediarequest has other keys, or in another order, than the page's");
    }
    check_base_request(&request["BaseRequest"], &call.endpoint, hub);
    let size = number(form, "size").or(request["TotalLen"].as_u64()).unwrap_or_default();
    for (key, wanted) in [
        ("UploadType", 2),
        ("TotalLen", size),
        ("StartPos", 0),
        ("DataLen", size),
        ("MediaType", 4),
    ] {
        if request[key] != wanted {
            violation(&format!("{key} is not the page's"));
        }
    }
    if !has_shape(&request["ClientMediaId"].to_string(), "9999999999999") {
        violation("ClientMediaId is not a number of 13 digits");
    }
    let is_digest = |md5: &str| {
        md5.len() == 32 && md5.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    // On the page of the File Transfer Helper a browser's upload was recorded with an empty one.
    let may_be_empty = |md5: &str| md5.is_empty() && is_helper(call, hub);
    if !request["FileMd5"].as_str().is_some_and(|md5| is_digest(md5) || may_be_empty(md5)) {
        violation("FileMd5 is not 32 lowercase hexadecimal digits");
    }
    if request["FromUserName"] != hub.account.user_name.as_str() {
        violation("FromUserName is not this account's");
    }
    if !hub.user_names().any(|name| request["ToUserName"] == *name) {
        violation("ToUserName is no contact of this account");
    }
}

/// Records what is odd about a file once it is complete.
pub(crate) fn check_picture(call: &Call, hub: &Hub, form: &Form, picture: &Picture) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let mediatype = form.value("mediatype").unwrap_or_default();
    match picture.format {
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Bmp) if mediatype != "pic" => {
            violation("mediatype of a picture is not pic");
        }
        Some(ImageFormat::Gif) if mediatype != "doc" => violation("mediatype of a GIF is not doc"),
        _ => {}
    }
    if mediatype == "pic" && picture.thumbnail.is_none() {
        violation("a file uploaded as a picture cannot be decoded: its thumbnail is empty");
    }
}
