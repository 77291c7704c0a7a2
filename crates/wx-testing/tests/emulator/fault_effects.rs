//! Each fault has its effect on each call for texts, files and names, or is refused.

use serde_json::{Value, json};
use wx_emulator::{Emulator, Fault, Incoming, Profile};
use wx_testing::images::{md5, noise};
use wx_testing::raw_client::{ClosedWithoutReply, Reply, request};

use crate::page::{Form, PATH, Page};

const CALLS: [&str; 6] = [
    "webwxsendmsg",
    "webwxsendappmsg",
    "webwxgetmedia",
    "webwxbatchgetcontact",
    "webwxcheckupload",
    "webwxuploadmediaparallel",
];

/// Returns whether the reply shows the effect of a fault.
type Shows = fn(&Stage, &Result<Reply, ClosedWithoutReply>) -> bool;

fn replied(result: &Result<Reply, ClosedWithoutReply>, is: impl Fn(&Reply) -> bool) -> bool {
    result.as_ref().is_ok_and(is)
}

fn header(result: &Result<Reply, ClosedWithoutReply>, name: &str, value: &str) -> bool {
    replied(result, |reply| reply.header(name) == Some(value))
}

/// The actions, and the calls on which each works. `None` for all.
const FAULTS: &[(&str, Option<&[&str]>, Shows)] = &[
    ("drop=before", None, |_, result| result.is_err()),
    ("drop=after", None, |_, result| result.is_err()),
    ("status=503", None, |_, result| replied(result, |reply| reply.status == 503)),
    ("ret=1205", None, |_, result| replied(result, |reply| reply.ret() == 1205)),
    ("foreign-media-id", None, |_, result| {
        replied(result, |reply| reply.ret() == 1205 && reply.json()["MediaId"] != "")
    }),
    ("no-media-id", None, |_, result| {
        let is_empty = |id: &Value| id.is_null() || id == "";
        replied(result, |reply| reply.ret() == 0 && is_empty(&reply.json()["MediaId"]))
    }),
    ("redirect=http://127.0.0.1:9/", None, |_, result| {
        header(result, "location", "http://127.0.0.1:9/")
    }),
    ("cut=1", None, |_, result| {
        replied(result, |reply| !reply.is_complete && reply.body.len() == 1)
    }),
    ("big=9999", None, |_, result| replied(result, |reply| reply.body.len() == 9999)),
    ("empty", None, |_, result| replied(result, |reply| reply.body.is_empty())),
    ("html", None, |_, result| replied(result, |reply| reply.body.starts_with(b"<!DOCTYPE"))),
    ("gzip", None, |_, result| header(result, "content-encoding", "gzip")),
    ("chunked", None, |_, result| header(result, "transfer-encoding", "chunked")),
    ("close", None, |_, result| header(result, "connection", "close")),
    ("content-range=bytes 1-2/3", None, |_, result| {
        replied(result, |reply| reply.status == 206)
            && header(result, "content-range", "bytes 1-2/3")
    }),
    ("content-range", None, |_, result| {
        replied(result, |reply| reply.status == 206 && reply.header("content-range").is_none())
    }),
    ("no-msg-id", Some(&["webwxsendmsg", "webwxsendappmsg"]), |_, result| {
        replied(result, |reply| reply.ret() == 0 && reply.json()["MsgID"] == "")
    }),
    ("start-pos=7", Some(&[]), |_, _| false),
    ("sync-key-back=1", Some(&[]), |_, _| false),
    ("odd-bytes=utf8", Some(&["webwxbatchgetcontact"]), |_, result| {
        replied(result, |reply| String::from_utf8(reply.body.clone()).is_err())
    }),
    ("odd-bytes=around", Some(&JSON), |_, result| {
        replied(result, |reply| reply.body.starts_with(b"\xef\xbb\xbf"))
    }),
    ("echo=plain", Some(&JSON), |stage, result| {
        // The number of the account is in the ids, and the skey in a name or a MediaId.
        let [skey, uin] = ["skey", "uin"].map(|key| stage.page.word(key));
        replied(result, |reply| {
            let ids = reply.json()["MsgID"].as_str().map(|id| id.starts_with(&uin));
            ids.unwrap_or_else(|| reply.text().contains(&skey))
        })
    }),
];

/// The calls whose replies are JSON.
const JSON: [&str; 5] = [
    "webwxsendmsg",
    "webwxsendappmsg",
    "webwxbatchgetcontact",
    "webwxcheckupload",
    "webwxuploadmediaparallel",
];

/// Returns whether the request at this server is answered as it should be.
fn is_served(call: &str, result: &Result<Reply, ClosedWithoutReply>) -> bool {
    replied(result, |reply| match call {
        "webwxgetmedia" => reply.body == b"bytes",
        _ => reply.ret() == 0,
    })
}

struct Stage {
    server: Emulator,
    page: Page,
    file: Vec<u8>,
    ticket: Value,
    received: Value,
}

fn stage() -> Stage {
    let builder = Emulator::builder().profile(Profile::FileHelper).checked_above(10);
    let server = builder.start().unwrap();
    let page = Page { to: "filehelper".to_owned(), ..Page::new(&server) };
    server.deliver(Incoming::file("a.txt", &b"bytes"[..]));
    let received = crate::more_calls::synced(&page).pop().unwrap();
    let mut stage = Stage { server, page, file: noise(1000), ticket: Value::Null, received };
    stage.ticket = stage.send("webwxcheckupload", 0).unwrap().json();
    stage
}

impl Stage {
    /// Sends a request that the server accepts.
    fn send(&self, call: &str, nth: usize) -> Result<Reply, ClosedWithoutReply> {
        let (page, base) = (&self.page, self.page.base_request());
        match call {
            "webwxsendmsg" => self.send_message(call, nth, json!({ "Type": 1, "Content": "hi" })),
            "webwxsendappmsg" => {
                let id = self.received["MediaId"].as_str().unwrap();
                let xml = format!("<type>6</type><title>a</title><attachid>{id}</attachid>");
                self.send_message(call, nth, json!({ "Type": 6, "Content": xml }))
            }
            "webwxgetmedia" => {
                let ticket = page.cookie("webwx_data_ticket").replace('+', "%2B");
                let id = self.received["MediaId"].as_str().unwrap();
                page.get(&format!("webwxgetmedia?mediaid={id}&webwx_data_ticket={ticket}"))
            }
            "webwxbatchgetcontact" => {
                let list = json!([{ "UserName": "filehelper", "EncryChatRoomId": "" }]);
                page.post_json(call, &json!({ "BaseRequest": base, "Count": 1, "List": list }))
            }
            "webwxcheckupload" => {
                page.post_json(call, &crate::lies::question(page, "a.zip", &self.file))
            }
            _ => self.send_chunk(),
        }
    }

    fn send_message(
        &self,
        call: &str,
        nth: usize,
        mut own: Value,
    ) -> Result<Reply, ClosedWithoutReply> {
        let id = format!("1511493942795{nth:04}");
        let (from, to) = (self.page.word("user_name"), &self.page.to);
        let every = json!({ "FromUserName": from, "ToUserName": to, "LocalID": id });
        own.as_object_mut().unwrap().extend(every.as_object().unwrap().clone());
        own["ClientMsgId"] = id.into();
        let base = self.page.base_request();
        self.page.post_json(call, &json!({ "BaseRequest": base, "Msg": own, "Scene": 0 }))
    }

    /// Sends a file in one chunk.
    fn send_chunk(&self) -> Result<Reply, ClosedWithoutReply> {
        let chunk = json!({
            "Signature": self.ticket["Signature"], "AESKey": self.ticket["AESKey"],
            "FileMD5": md5(&self.file), "TotalLen": self.file.len(), "Chunks": 1, "Name": "a.zip",
            "Chunk": 0, "BaseRequest": self.page.base_request(),
        });
        let fields = [
            ("webwx_data_ticket", self.page.cookie("webwx_data_ticket")),
            ("UploadMediaParallelRequest", chunk.to_string()),
        ];
        let form = Form {
            fields: fields.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            file: self.file.clone(),
            file_head: "Content-Disposition: form-data; name=\"filename\"; filename=\"blob\"\r\n\
                        Content-Type: application/octet-stream\r\n"
                .to_owned(),
        };
        let headers = self.page.post_headers("/", Form::TYPE);
        let target = format!("{PATH}/webwxuploadmediaparallel?f=json&random=abcd");
        request(self.page.addr, "POST", &target, &headers, &form.body())
    }
}

#[test]
fn each_fault_works_on_each_call_or_is_refused() {
    for call in CALLS {
        let stage = stage();
        assert!(is_served(call, &stage.send(call, 9999)), "{call}");
        for (nth, (action, works_on, shows)) in FAULTS.iter().enumerate() {
            let before = stage.server.requests_to(call);
            let spec = format!("{action}@{call}#{}", before + 1);
            let Ok(fault) = spec.parse::<Fault>() else {
                assert!(works_on.is_some_and(|calls| !calls.contains(&call)), "{spec}");
                continue;
            };
            assert!(works_on.is_none_or(|calls| calls.contains(&call)), "{spec}");
            stage.server.add_fault(fault);
            let result = stage.send(call, nth);
            assert!(shows(&stage, &result), "{spec}: {result:?}");
            assert_eq!(stage.server.requests_to(call), before + 1, "{spec}");
        }
    }
}
