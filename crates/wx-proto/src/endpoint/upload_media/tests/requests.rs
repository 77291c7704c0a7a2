use serde_json::Value;

use super::super::*;
use super::{text, vector};
use crate::endpoint::check_upload::CheckUpload;
use crate::model::policy::Policy;
use crate::model::unix_ms::UnixMs;

const JPEG: &[u8] = b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02\0\x01";

/// A session with the values of a form's BaseRequest, tickets and names.
fn session(request: &Value, data_ticket: &str, pass_ticket_in_xml: Option<&str>) -> Session {
    let base = &request["BaseRequest"];
    let mut builder = Session::builder("https://wx.qq.com")
        .uin(u32::try_from(base["Uin"].as_u64().unwrap()).unwrap())
        .sid(text(base, "/Sid"))
        .skey(text(base, "/Skey"))
        .user_name(text(request, "/FromUserName"))
        .data_ticket(data_ticket);
    if let Some(ticket) = pass_ticket_in_xml {
        builder = builder.pass_ticket(ticket);
    }
    builder.build().unwrap()
}

/// The upload that a form's `uploadmediarequest` describes.
fn upload(name: &str, first: &[u8], modified: UnixMs, request: &Value) -> UploadMedia {
    let len = request["TotalLen"].as_u64().unwrap();
    let media = Media::new(name, len, first).unwrap().modified(modified);
    let seed =
        Seed { unix_ms: UnixMs::new(request["ClientMediaId"].as_u64().unwrap()), entropy: [0; 16] };
    let mut upload = UploadMedia::new(
        media,
        text(request, "/FileMd5").parse::<Md5>().unwrap(),
        Recipient::new(text(request, "/ToUserName")).unwrap(),
        seed,
    );
    upload.device_id = DeviceId::new(text(request, "/BaseRequest/DeviceID")).unwrap();
    upload
}

fn example(len: u64) -> (Session, UploadMedia) {
    let session = Session::builder("https://wx.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me")
        .data_ticket("t/+=")
        .build()
        .unwrap();
    let media = Media::new("a.jpg", len, JPEG).unwrap();
    let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
    (session, UploadMedia::new(media, Md5::digest(b""), Recipient::new("@0a").unwrap(), seed))
}

#[test]
fn p26_p30_the_captured_form_has_526107_bytes() {
    let vector = vector(include_str!("../../../../tests/vectors/upload_forms_captured.json"));
    let form = &vector["forms"][0];
    let field = |name: &str| {
        let fields = form["fields"].as_array().unwrap();
        text(fields.iter().find(|field| field[0] == name).unwrap(), "/1").to_owned()
    };
    let request: Value = serde_json::from_str(&field("uploadmediarequest")).unwrap();
    let session = session(&request, &field("webwx_data_ticket"), None);
    let upload = upload("IMG_1002.JPG", JPEG, UnixMs::from_secs(1_529_743_507), &request);
    let content = Bytes::from(vec![0x5a; text_len(form)]);
    let boundary = text(form, "/boundary");
    let shared = ChunkForm::new(&upload, &session).unwrap();
    let request = shared.bounded(boundary.to_owned(), 1, content.clone()).unwrap();
    assert_eq!(request.http().uri().to_string(), text(&vector, "/url"));

    let mut expected = Vec::new();
    for pair in form["fields"].as_array().unwrap() {
        let (name, value) = (text(pair, "/0"), text(pair, "/1"));
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        expected.extend(part.into_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"filename\"; filename=\"IMG_1002.JPG\"\r\n\
                Content-Type: application/octet-stream";
    expected.extend(format!("--{boundary}\r\n{head}\r\n\r\n").into_bytes());
    expected.extend(&content);
    expected.extend(format!("\r\n--{boundary}--\r\n").into_bytes());

    let body = request.http().body();
    assert!(body.to_vec() == expected, "the form differs from the captured one");
    assert_eq!(body.content_len(), 526_107);
    assert_eq!(form["content_length"], 526_107);
    assert_eq!(request.http().headers()["content-length"], "526107");
}

fn text_len(form: &Value) -> usize {
    usize::try_from(form["file_part"]["length"].as_u64().unwrap()).unwrap()
}

/// The nine bodies were recorded from a real browser with the real upload library. Each is built
/// again from its inputs.
#[test]
fn p24_p25_p27_p28_p32_p33_the_browsers_bodies() {
    let capture = vector(include_str!("../../../../tests/captures/browser-webuploader.json"));
    let requests = capture["requests"].as_array().unwrap();
    let mut rebuilt = 0;
    for (index, captured) in requests.iter().enumerate() {
        let Some(form) = captured["body"].get("multipart") else { continue };
        let parts = form["parts"].as_array().unwrap();
        let value = |name: &str| {
            parts.iter().find(|part| part["name"] == name).map(|part| text(part, "/value"))
        };
        let request: Value = serde_json::from_str(value("uploadmediarequest").unwrap()).unwrap();
        let session =
            session(&request, value("webwx_data_ticket").unwrap(), Some(PASS_TICKET_IN_XML));
        let name = parts.iter().find(|part| part["name"] == "name").unwrap();
        let first: &[u8] = if value("type") == Some("image/png") {
            include_bytes!("../../../../tests/pictures/tiny.png")
        } else {
            JPEG
        };
        let mut upload =
            upload(text(name, "/value"), first, UnixMs::from_secs(1_511_493_942), &request);
        upload.file_number =
            value("id").unwrap().strip_prefix("WU_FILE_").unwrap().parse().unwrap();
        let number = value("chunk").map_or(0, |chunk| chunk.parse().unwrap());
        let content =
            vec![0; usize::try_from(parts.last().unwrap()["length"].as_u64().unwrap()).unwrap()];
        let boundary = text(form, "/boundary");
        let shared = ChunkForm::new(&upload, &session).unwrap();
        let request = shared.bounded(boundary.to_owned(), number, content.into()).unwrap();
        let body = request.http().body();

        let mut expected = Vec::new();
        for part in parts {
            expected.extend(format!("--{boundary}\r\n").into_bytes());
            // The capture has one character per byte.
            expected
                .extend(text(part, "/head").chars().map(|c| u8::try_from(u32::from(c)).unwrap()));
            expected.extend(b"\r\n");
            match part.get("value").and_then(Value::as_str) {
                Some(value) => expected.extend(value.bytes()),
                None => {
                    expected
                        .extend(vec![0; usize::try_from(part["length"].as_u64().unwrap()).unwrap()])
                }
            }
            expected.extend(b"\r\n");
        }
        expected.extend(format!("--{boundary}--\r\n").into_bytes());
        assert!(body.to_vec() == expected, "request {index} differs from the browser's");
        assert_eq!(
            body.content_len(),
            captured["body"]["length"].as_u64().unwrap(),
            "request {index}"
        );
        assert_headers(&request, captured);
        rebuilt += 1;
    }
    assert_eq!(rebuilt, 9);
}

/// The pass_ticket of the captured session, as in the XML of the login page.
const PASS_TICKET_IN_XML: &str =
    "Tn5%2BpQ8wXk2Zr0LhVd9yBsMfGjA%2FcEuKoI4tN7vP6qW1mS3xJbYzRgDlHaCeU5nFw%3D";

/// Every header that both we and the browser send has the browser's value, except for host names.
fn assert_headers(request: &ApiRequest, captured: &Value) {
    let headers = request.http().headers();
    for pair in captured["headers"].as_array().unwrap() {
        let (name, value) = (text(pair, "/0"), text(pair, "/1"));
        let expected = match name {
            "Origin" => "https://wx.qq.com",
            "Referer" => "https://wx.qq.com/",
            "Accept" | "Content-Type" | "Content-Length" => value,
            _ => continue,
        };
        assert_eq!(headers[&name.to_ascii_lowercase()], expected, "{name}");
    }
    assert_eq!(headers["accept-encoding"], "identity");
}

#[test]
fn p24_chunking_of_the_vector() {
    let vector = vector(include_str!("../../../../tests/vectors/chunking.json"));
    assert_eq!(vector["chunk_size"], CHUNK);
    assert_eq!(vector["checkupload_above"], Policy::default().check_above);
    for row in vector["rows"].as_array().unwrap() {
        let size = row["size"].as_u64().unwrap();
        let (session, upload) = example(size);
        let chunks = row["chunks"].as_u64().unwrap();
        assert_eq!(u64::from(upload.chunks()), chunks, "{row}");
        assert_eq!(size - (chunks - 1) * CHUNK, row["last_chunk"].as_u64().unwrap());
        let body = upload
            .chunk(0, Bytes::from_static(b"!"))
            .request(&session)
            .unwrap()
            .into_http()
            .into_body();
        let form = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(form.contains("name=\"chunks\""), row["chunk_fields_sent"].as_bool().unwrap());
        assert_eq!(form.contains("name=\"chunk\""), row["chunk_fields_sent"].as_bool().unwrap());
        assert_eq!(
            size > Policy::default().check_above,
            row["needs_checkupload"].as_bool().unwrap()
        );
    }
}

#[test]
fn p29_p30_uploadmediarequest_of_the_users_notes() {
    let vector = vector(include_str!("../../../../tests/vectors/uploadmediarequest.json"));
    let sent = &vector["on_the_wire"];
    let session = session(sent, text(&vector, "/form_fields_from_seed/webwx_data_ticket"), None);
    let upload = upload("a.jpg", JPEG, UnixMs::EPOCH, sent);
    assert_eq!(upload.request_text(&session).unwrap(), text(&vector, "/on_the_wire_text"));
    let printed = upload.clone().upload_type(1).request_text(&session).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), vector["as_printed_in_seed"]);
    let ticket = UploadTicket { aes_key: Some("a".into()), signature: Some("s".into()) };
    let half = UploadTicket { aes_key: None, ..ticket.clone() };
    assert!(!upload.clone().ticket(half).request_text(&session).unwrap().contains("AESKey"));
    let with_ticket = upload.ticket(ticket).request_text(&session).unwrap();
    assert!(with_ticket.ends_with(
        "\"FileMd5\":\"daf2d55da001844735acd560b28d8a1a\",\"AESKey\":\"a\",\"Signature\":\"s\"}"
    ));
}

#[test]
fn p73_the_ticket_ends_the_text_of_the_vector() {
    let vector = vector(include_str!("../../../../tests/vectors/appmsg_file.json"));
    let after_check = &vector["uploadmediarequest_after_checkupload"];
    let object = &after_check["object"];
    let session = session(object, "t", None);
    let upload = upload("big.zip", b"PK\x03\x04", UnixMs::from_secs(1), object);
    let ticket =
        UploadTicket::new(text(object, "/AESKey").into(), text(object, "/Signature").into());
    let expected = text(after_check, "/text");
    assert_eq!(upload.ticket(ticket).request_text(&session).unwrap(), expected);
    assert_eq!(vector["limit"]["checkupload_above"], Policy::default().check_above);
}

#[test]
fn p28_one_text_for_all_chunks_and_another_after_starting_over() {
    let (session, upload) = example(3 * CHUNK);
    let request = |upload: &UploadMedia| upload.request_text(&session).unwrap();
    let form = |index| {
        let body = upload
            .chunk(index, Bytes::from_static(b"!"))
            .request(&session)
            .unwrap()
            .into_http()
            .into_body();
        String::from_utf8(body.to_vec()).unwrap()
    };
    for index in 0..3 {
        assert!(form(index).contains(&request(&upload)));
    }
    let over = upload.clone().started_over();
    assert_ne!(request(&upload), request(&over));
    assert!(request(&over).contains("\"ClientMediaId\":1511493942796,"));
}

#[test]
fn p8_no_ticket_no_request() {
    let session = Session::builder("https://wx.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me")
        .build()
        .unwrap();
    let (_, upload) = example(10);
    let refused = upload.chunk(0, Bytes::from_static(b"!")).request(&session).unwrap_err();
    assert_eq!(refused, RequestError::NoDataTicket);
}

#[test]
fn p2_p10_p18_the_file_host_gets_the_upload_with_cookies() {
    let (session, upload) = example(10);
    let request = upload.chunk(0, Bytes::from_static(b"!")).request(&session).unwrap();
    assert_eq!(
        request.http().uri(),
        "https://file.wx.qq.com/cgi-bin/mmwebwx-bin/webwxuploadmedia?f=json"
    );
    assert_eq!(request.http().headers()["cookie"], "webwx_data_ticket=t/+=");
    let form = String::from_utf8(request.http().body().to_vec()).unwrap();
    assert!(form.contains("name=\"webwx_data_ticket\"\r\n\r\nt/+=\r\n"));
    assert!(form.contains("name=\"pass_ticket\"\r\n\r\nundefined\r\n"));
    // The check is sent to the base host.
    let check = CheckUpload::new(
        upload.media(),
        Md5::digest(b""),
        Recipient::new("@0a").unwrap(),
        upload.seed,
    );
    let check = check.request(&session).unwrap();
    assert_eq!(
        check.http().uri(),
        "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxcheckupload?lang=zh_CN"
    );
}

#[test]
fn p23_the_images_bytes_are_neither_changed_nor_copied() {
    let (session, upload) = example(12);
    let bytes = Bytes::copy_from_slice(JPEG);
    let request = upload.chunk(0, bytes.clone()).request(&session).unwrap();
    assert_eq!(request.http().body().segments()[1].as_ptr(), bytes.as_ptr());
    assert_eq!(request.http().body().segments()[1], bytes);
}
