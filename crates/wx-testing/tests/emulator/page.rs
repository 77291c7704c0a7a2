//! The requests of the official page, built from a session file.

use std::net::SocketAddr;

use serde_json::{Value, json};
use wx_emulator::Emulator;

use wx_testing::images::md5;
use wx_testing::raw_client::{ClosedWithoutReply, Reply, request};

/// The first ClientMediaId.
pub(crate) const FIRST: u64 = 1_511_509_303_500;
pub(crate) const CHUNK: usize = 524_288;
pub(crate) const PATH: &str = "/cgi-bin/mmwebwx-bin";

pub(crate) struct Page {
    pub(crate) addr: SocketAddr,
    pub(crate) base: String,
    pub(crate) session: Value,
    pub(crate) to: String,
}

/// An upload form that tests can alter.
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file: Vec<u8>,
    pub(crate) file_head: String,
}

impl Page {
    pub(crate) fn new(server: &Emulator) -> Self {
        Page {
            addr: server.addr(),
            base: server.base(),
            session: serde_json::from_str(&server.session_json()).unwrap(),
            to: server.friend().to_owned(),
        }
    }

    pub(crate) fn word(&self, key: &str) -> String {
        match &self.session[key] {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        }
    }

    pub(crate) fn cookies(&self) -> String {
        let cookies = self.session["cookies"].as_array().unwrap();
        let pair =
            |c: &Value| format!("{}={}", c["name"].as_str().unwrap(), c["value"].as_str().unwrap());
        cookies.iter().map(pair).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn cookie(&self, name: &str) -> String {
        let cookies = self.session["cookies"].as_array().unwrap();
        cookies.iter().find(|c| c["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    }

    pub(crate) fn base_request(&self) -> Value {
        let session = &self.session;
        json!({
            "Uin": session["uin"], "Sid": session["sid"], "Skey": session["skey"],
            "DeviceID": "e426626750347587",
        })
    }

    /// Returns the headers of a browser. `referer` is appended to the origin.
    pub(crate) fn headers(&self, referer: &str) -> Vec<(String, String)> {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36";
        let headers = [
            ("User-Agent", agent.to_owned()),
            ("Referer", self.base.clone() + referer),
            ("Cookie", self.cookies()),
        ];
        headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    pub(crate) fn post_headers(&self, referer: &str, content_type: &str) -> Vec<(String, String)> {
        let mut headers = self.headers(referer);
        headers.push(("Origin".to_owned(), self.base.clone()));
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        headers
    }

    pub(crate) fn post_json(
        &self,
        target: &str,
        body: &Value,
    ) -> Result<Reply, ClosedWithoutReply> {
        let headers = self.post_headers("/?lang=zh_CN", "application/json;charset=UTF-8");
        request(
            self.addr,
            "POST",
            &format!("{PATH}/{target}"),
            &headers,
            body.to_string().as_bytes(),
        )
    }

    pub(crate) fn get(&self, target: &str) -> Result<Reply, ClosedWithoutReply> {
        request(self.addr, "GET", &format!("{PATH}/{target}"), &self.headers("/?lang=zh_CN"), b"")
    }

    pub(crate) fn forms(
        &self,
        name: &str,
        mime: &str,
        bytes: &[u8],
        client_media_id: u64,
    ) -> Vec<Form> {
        let chunks = bytes.len().div_ceil(CHUNK);
        let digest = md5(bytes);
        (0..chunks)
            .map(|chunk| self.chunk(name, mime, bytes, &digest, client_media_id, chunk))
            .collect()
    }

    pub(crate) fn form(
        &self,
        name: &str,
        mime: &str,
        bytes: &[u8],
        client_media_id: u64,
        chunk: usize,
    ) -> Form {
        self.chunk(name, mime, bytes, &md5(bytes), client_media_id, chunk)
    }

    fn chunk(
        &self,
        name: &str,
        mime: &str,
        bytes: &[u8],
        digest: &str,
        client_media_id: u64,
        chunk: usize,
    ) -> Form {
        let (chunks, size) = (bytes.len().div_ceil(CHUNK), bytes.len());
        let request = json!({
            "UploadType": 2, "BaseRequest": self.base_request(), "ClientMediaId": client_media_id,
            "TotalLen": size, "StartPos": 0, "DataLen": size, "MediaType": 4,
            "FromUserName": self.word("user_name"), "ToUserName": self.to, "FileMd5": digest,
        });
        let mut fields = vec![
            ("id", "WU_FILE_0".to_owned()),
            ("name", name.to_owned()),
            ("type", mime.to_owned()),
            ("lastModifiedDate", "Fri Nov 24 2017 11:25:42 GMT+0800 (中国标准时间)".to_owned()),
            ("size", size.to_string()),
        ];
        if chunks > 1 {
            fields.push(("chunks", chunks.to_string()));
            fields.push(("chunk", chunk.to_string()));
        }
        let mediatype = match mime {
            "image/gif" => "doc",
            "video/mp4" => "video",
            _ => "pic",
        };
        fields.push(("mediatype", mediatype.to_owned()));
        fields.push(("uploadmediarequest", request.to_string()));
        fields.push(("webwx_data_ticket", self.cookie("webwx_data_ticket")));
        fields.push(("pass_ticket", "undefined".to_owned()));
        let part_type = if chunks > 1 { "application/octet-stream" } else { mime };
        Form {
            fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            file: bytes[chunk * CHUNK..size.min((chunk + 1) * CHUNK)].to_vec(),
            file_head: format!(
                "Content-Disposition: form-data; name=\"filename\"; filename=\"{name}\"\r\n\
                 Content-Type: {part_type}\r\n"
            ),
        }
    }

    pub(crate) fn send_form(&self, form: &Form) -> Result<Reply, ClosedWithoutReply> {
        let headers = self.post_headers("/", Form::TYPE);
        request(
            self.addr,
            "POST",
            &format!("{PATH}/webwxuploadmedia?f=json"),
            &headers,
            &form.body(),
        )
    }

    /// Uploads a file, and returns the reply to the last chunk.
    pub(crate) fn upload(
        &self,
        name: &str,
        mime: &str,
        bytes: &[u8],
        client_media_id: u64,
    ) -> Reply {
        let forms = self.forms(name, mime, bytes, client_media_id);
        forms.iter().fold(None, |_, form| Some(self.send_form(form).unwrap())).unwrap()
    }

    pub(crate) fn message(&self, kind: u32, media_id: &str, local_id: &str) -> Value {
        json!({
            "BaseRequest": self.base_request(),
            "Msg": {
                "Type": kind, "MediaId": media_id, "Content": "",
                "FromUserName": self.word("user_name"), "ToUserName": self.to,
                "LocalID": local_id, "ClientMsgId": local_id,
            },
            "Scene": 0,
        })
    }

    pub(crate) fn send(&self, media_id: &str, local_id: &str) -> Reply {
        self.post_json(
            "webwxsendmsgimg?fun=async&f=json&lang=zh_CN",
            &self.message(3, media_id, local_id),
        )
        .unwrap()
    }

    pub(crate) fn fetch(&self, msg_id: &str, rest: &str) -> Reply {
        let skey = self.word("skey").replace('@', "%40");
        self.get(&format!("webwxgetmsgimg?&MsgID={msg_id}&skey={skey}{rest}")).unwrap()
    }
}

impl Form {
    const BOUNDARY: &str = "----WebKitFormBoundaryAAAAAAAAAAAAAAAA";
    pub(crate) const TYPE: &str =
        "multipart/form-data; boundary=----WebKitFormBoundaryAAAAAAAAAAAAAAAA";

    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!(
                "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n",
                Self::BOUNDARY
            );
            body.extend(head.bytes().chain(value.bytes()).chain(*b"\r\n"));
        }
        body.extend(format!("--{}\r\n{}\r\n", Self::BOUNDARY, self.file_head).bytes());
        body.extend(&self.file);
        body.extend(format!("\r\n--{}--\r\n", Self::BOUNDARY).bytes());
        body
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.fields.iter_mut().find(|(n, _)| n == name).unwrap().1 = value.to_owned();
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(n, _)| n != name);
    }

    /// Changes `uploadmediarequest`.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let field = &mut self.fields.iter_mut().find(|(n, _)| n == "uploadmediarequest").unwrap().1;
        let mut request = serde_json::from_str(field).unwrap();
        change(&mut request);
        *field = request.to_string();
    }
}
