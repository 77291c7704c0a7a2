use serde_json::Value;

use super::*;
use crate::model::md5::Md5;
use crate::model::media::Media;
use crate::model::recipient::Recipient;
use crate::model::unix_ms::UnixMs;

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_770_000_000_000), entropy: [1; 16] };

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/upload_parallel.json")).unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

fn field<'a>(step: &'a Value, name: &str) -> &'a Value {
    let mut fields = step["form"].as_array().unwrap().iter();
    &fields.find(|field| field[0] == name).unwrap()[1]
}

/// Returns the session and the upload of the vector.
fn example(vector: &Value) -> (Session, UploadMedia) {
    let first = &vector["chunks"][0];
    let object = &first["object"];
    let base = &object["BaseRequest"];
    let session = Session::builder("https://filehelper.weixin.qq.com")
        .uin(u32::try_from(base["Uin"].as_u64().unwrap()).unwrap())
        .sid(text(base, "/Sid"))
        .skey(text(base, "/Skey"))
        .user_name("@me")
        .pass_ticket("a%2Bb")
        .data_ticket(field(first, "webwx_data_ticket").as_str().unwrap());
    let len = object["TotalLen"].as_u64().unwrap();
    let media = Media::new(text(object, "/Name"), len, b"PK\x03\x04").unwrap();
    let md5: Md5 = text(object, "/FileMD5").parse().unwrap();
    let ticket = UploadTicket::new(
        text(object, "/AESKey").to_owned(),
        text(object, "/Signature").to_owned(),
    );
    let upload = UploadMedia::new(media, md5, Recipient::file_helper(), SEED).ticket(ticket);
    (session.build().unwrap(), upload)
}

#[test]
fn p98_the_chunks_of_the_vector_to_the_byte() {
    let vector = vector();
    let (session, upload) = example(&vector);
    let sizes = &vector["sizes"];
    assert_eq!(u64::from(upload.chunks()), sizes["chunks"].as_u64().unwrap());
    for step in vector["chunks"].as_array().unwrap() {
        let object = &step["object"];
        let index = u32::try_from(object["Chunk"].as_u64().unwrap()).unwrap();
        let upload_id = object["UploadID"].as_str().map(Secret::from);
        let range = field(step, "filename")["bytes"].clone();
        let len = range[1].as_u64().unwrap() - range[0].as_u64().unwrap();
        let is_last = u64::from(index) + 1 == sizes["chunks"];
        assert_eq!(len, sizes[if is_last { "last_chunk" } else { "chunk" }].as_u64().unwrap());
        let bytes = Bytes::from(vec![b'x'; usize::try_from(len).unwrap()]);
        let call = UploadParallel::new(&upload, upload_id.as_ref(), index, bytes, SEED);
        let request = call.request(&session).unwrap();
        let http = request.http();
        assert_eq!(http.method(), text(step, "/method"));
        assert_eq!(http.uri().host(), step["host"].as_str());
        assert_eq!(http.uri().path(), text(step, "/path"));
        let random = http.uri().query().unwrap().strip_prefix("f=json&random=").unwrap();
        let theirs = text(step, "/query/1/1");
        assert_eq!((random.len(), theirs.len()), (4, 4));
        assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(http.headers()["mmweb_appid"], text(step, "/headers/mmweb_appid"));

        let form = String::from_utf8(http.body().to_vec()).unwrap();
        let own_id = device_id_of(&form);
        let device_id = text(object, "/BaseRequest/DeviceID");
        // The order of the fields, and each of them to the byte.
        let mut rest = form.as_str();
        for pair in step["form"].as_array().unwrap() {
            let name = text(pair, "/0");
            let after_name = rest.split_once(&format!("; name=\"{name}\"")).unwrap().1;
            let (head, value) = after_name.split_once("\r\n\r\n").unwrap();
            rest = value;
            let value = value.split("\r\n--").next().unwrap();
            match name {
                "UploadMediaParallelRequest" => {
                    assert_eq!(value.replace(&own_id, device_id), text(pair, "/1"));
                }
                // That client puts the other ticket here.
                "pass_ticket" => assert_eq!(value, "a+b"),
                "filename" => {
                    let (file_name, mime) =
                        (text(pair, "/1/file_name"), text(pair, "/1/content_type"));
                    let expected = format!("; filename=\"{file_name}\"\r\nContent-Type: {mime}");
                    assert_eq!((head, value.len() as u64), (expected.as_str(), len));
                }
                _ => assert_eq!(value, text(pair, "/1")),
            }
        }
    }
}

/// Returns the random DeviceID of a form.
fn device_id_of(form: &str) -> String {
    let (_, rest) = form.split_once("\"DeviceID\":\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn p98_replies_of_the_vector() {
    let read = |body: &Value| UploadParallel::read(&Response::new(body.to_string().into()));
    let vector = vector();
    for step in vector["chunks"].as_array().unwrap() {
        let answer = &step["answer"];
        let ret = answer["BaseResponse"]["Ret"].as_i64().unwrap();
        if ret != 0 {
            assert!(matches!(read(answer), Err(ReplyError::Refused { ret: r, .. }) if r.0 == ret));
            continue;
        }
        let accepted = read(answer).unwrap();
        let upload_id = accepted.upload_id.as_ref().map(|id| id.expose().as_str());
        assert_eq!(upload_id, answer["UploadID"].as_str());
        let media_id = accepted.media_id().map(|id| id.as_str().to_owned());
        assert_eq!(media_id.is_ok(), step["next"] == "send", "{step}");
        assert_eq!(media_id.unwrap_or_default(), text(answer, "/MediaId"));
        // Of the other replies, it is unknown whether they have these keys.
        let mut bare = answer.clone();
        for key in ["UploadID", "MediaId"] {
            bare.as_object_mut().unwrap().remove(key);
        }
        let bare = read(&bare).unwrap();
        assert!(bare.upload_id.is_none() && bare.media_id().is_err());
    }
}
