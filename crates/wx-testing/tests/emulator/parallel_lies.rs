//! Chunks of the File Transfer Helper's upload of large files that contain a lie. Each lie is
//! refused or is a violation.

use serde_json::{Value, json};
use wx_emulator::{Emulator, Profile};
use wx_testing::images::{md5, noise};
use wx_testing::raw_client::{Reply, request};

use crate::lies::{Verdict, assert_verdict, question, verdict};
use crate::page::{CHUNK, Form, PATH, Page};

const NAME: &str = "big.zip";

/// A server, a file that was announced to it, and the ticket of the file.
struct Stage {
    server: Emulator,
    page: Page,
    file: Vec<u8>,
    ticket: Value,
}

fn stage() -> Stage {
    let builder = Emulator::builder().profile(Profile::FileHelper).checked_above(10);
    let server = builder.start().unwrap();
    let page = Page { to: "filehelper".to_owned(), ..Page::new(&server) };
    let file = noise(5000).repeat(106);
    assert!((CHUNK + 1..2 * CHUNK).contains(&file.len()));
    let body = question(&page, NAME, &file).to_string();
    let mut headers = page.post_headers("/", "application/json;charset=UTF-8");
    headers.push(("mmweb_appid".to_owned(), "wx_webfilehelper".to_owned()));
    let target = format!("{PATH}/webwxcheckupload?lang=zh_CN");
    let reply = request(page.addr, "POST", &target, &headers, body.as_bytes()).unwrap();
    let ticket = reply.json();
    Stage { server, page, file, ticket }
}

impl Stage {
    /// Returns the request of a chunk. `upload_id` is that of the first reply.
    fn chunk(&self, index: usize, upload_id: &str) -> Value {
        let session = &self.page.session;
        let mut request = json!({
            "Signature": self.ticket["Signature"], "AESKey": self.ticket["AESKey"],
            "FileMD5": md5(&self.file), "TotalLen": self.file.len(), "Chunks": 2, "Name": NAME,
            "Chunk": index,
            "BaseRequest": {
                "Uin": session["uin"], "Sid": session["sid"], "DeviceID": "e426626750347587",
                "Skey": session["skey"],
            },
        });
        if index > 0 {
            request["UploadID"] = upload_id.into();
        }
        request
    }

    fn bytes(&self, index: usize) -> &[u8] {
        &self.file[index * CHUNK..self.file.len().min((index + 1) * CHUNK)]
    }

    fn send(&self, request: &Value, bytes: &[u8]) -> Reply {
        let fields = [
            ("pass_ticket", "undefined".to_owned()),
            ("webwx_data_ticket", self.page.cookie("webwx_data_ticket")),
            ("UploadMediaParallelRequest", request.to_string()),
        ];
        let form = Form {
            fields: fields.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            file: bytes.to_vec(),
            file_head: "Content-Disposition: form-data; name=\"filename\"; filename=\"blob\"\r\n\
                        Content-Type: application/octet-stream\r\n"
                .to_owned(),
        };
        let mut headers = self.page.post_headers("/", Form::TYPE);
        headers.push(("mmweb_appid".to_owned(), "wx_webfilehelper".to_owned()));
        let target = format!("{PATH}/webwxuploadmediaparallel?f=json&random=abcd");
        wx_testing::raw_client::request(self.page.addr, "POST", &target, &headers, &form.body())
            .unwrap()
    }

    fn first(&self) -> Value {
        self.send(&self.chunk(0, ""), self.bytes(0)).json()
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        verdict(&self.server, reply.ret())
    }
}

fn first_with(spoil: impl FnOnce(&mut Value)) -> Verdict {
    let stage = stage();
    let mut request = stage.chunk(0, "");
    spoil(&mut request);
    stage.verdict(&stage.send(&request, stage.bytes(0)))
}

fn second_with(spoil: impl FnOnce(&mut Value, &mut Vec<u8>)) -> Verdict {
    let stage = stage();
    let first = stage.first();
    let mut request = stage.chunk(1, first["UploadID"].as_str().unwrap());
    let mut bytes = stage.bytes(1).to_vec();
    spoil(&mut request, &mut bytes);
    stage.verdict(&stage.send(&request, &bytes))
}

#[test]
fn an_honest_upload() {
    let stage = stage();
    let first = stage.first();
    let upload_id = first["UploadID"].as_str().unwrap();
    assert_ne!((upload_id, &first["MediaId"]), ("", &json!("x")));
    let last = stage.send(&stage.chunk(1, upload_id), stage.bytes(1));
    assert_eq!((&last.json()["UploadID"], last.json()["MediaId"] == ""), (&json!(""), false));
    assert_verdict(stage.verdict(&last), 0, &[]);
}

#[test]
fn what_the_first_chunk_says() {
    let with = |key: &'static str, value: Value| first_with(move |request| request[key] = value);
    let other = ["another name or length than webwxcheckupload announced"];
    for key in ["Signature", "AESKey", "FileMD5"] {
        assert_verdict(with(key, "x".into()), 1, &[]);
    }
    assert_verdict(with("Name", "other.zip".into()), 0, &other);
    assert_verdict(with("TotalLen", (CHUNK + 1).into()), 0, &other);
    let keys = "UploadMediaParallelRequest has other keys, or in another order";
    assert_verdict(with("UploadID", "@upload_0".into()), 0, &[keys]);
    assert_verdict(with("Chunks", 3.into()), 0, &["chunks are not of 524288 bytes"]);
    let small = [
        "chunks are not of 524288 bytes",
        "a file that is small enough for webwxuploadmedia",
        other[0],
        "more bytes than announced",
    ];
    assert_verdict(with("TotalLen", 10.into()), 1, &small);
    let device = first_with(|request| {
        request["BaseRequest"].as_object_mut().unwrap().remove("DeviceID");
    });
    let base = "BaseRequest has other keys than the known client's, or in another order";
    assert_verdict(device, 0, &[base]);
    // No chunk, and more than any server keeps.
    let impossible = "chunks are not of 524288 bytes";
    assert_verdict(with("Chunks", 0.into()), 1, &[impossible]);
    assert_verdict(with("TotalLen", (1_u64 << 40).into()), 1, &[impossible]);
    assert_verdict(with("TotalLen", "7".into()), 1, &[impossible]);
}

#[test]
fn what_the_second_chunk_says() {
    assert_verdict(second_with(|_, _| {}), 0, &[]);
    let unknown = ["a chunk of an unknown file"];
    let with = |key: &'static str, value: Value| second_with(move |r, _| r[key] = value);
    assert_verdict(with("UploadID", "@upload_0".into()), 1, &unknown);
    assert_verdict(with("UploadID", "".into()), 1, &[]);
    let renamed = ["another name or length than webwxcheckupload announced", unknown[0]];
    assert_verdict(with("Name", "other.zip".into()), 1, &renamed);
    assert_verdict(with("Chunk", 2.into()), 1, &["chunks are not of 524288 bytes"]);
    let counted = ["chunks are not of 524288 bytes", "another number of chunks than before"];
    assert_verdict(with("Chunks", 3.into()), 1, &counted);
    let digest = ["FileMd5 is not the file's"];
    assert_verdict(second_with(|_, bytes| bytes[0] ^= 1), 1, &digest);
    assert_verdict(second_with(|_, bytes| bytes.push(0)), 1, &["more bytes than announced"]);
    let short = second_with(|_, bytes| bytes.truncate(9));
    assert_verdict(short, 1, &["fewer bytes than announced"]);
}

#[test]
fn the_other_upload_is_for_small_files() {
    let stage = stage();
    let mut form = stage.page.form(NAME, "application/zip", &stage.file, 1_511_509_303_507, 0);
    form.set("mediatype", "doc");
    form.change(|request| {
        request["AESKey"] = stage.ticket["AESKey"].clone();
        request["Signature"] = stage.ticket["Signature"].clone();
    });
    let headers = stage.page.post_headers("/", Form::TYPE);
    let target = format!("{PATH}/webwxuploadmedia?f=json&random=abcd");
    let reply = request(stage.page.addr, "POST", &target, &headers, &form.body()).unwrap();
    let large = ["a file that is large enough for webwxuploadmediaparallel"];
    assert_verdict(stage.verdict(&reply), 0, &large);
}
