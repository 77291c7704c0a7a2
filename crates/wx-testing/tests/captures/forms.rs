//! Upload forms that were not recorded, written like the recorded ones.

use serde_json::Value;

use crate::recording::{Recorded, Recording};
use wx_testing::images::md5;

const CHUNK: usize = 524_288;

/// A file to upload for `message`. `checked` is the webwxcheckupload request that was made for it.
pub(crate) struct Unrecorded<'a> {
    pub(crate) name: &'a str,
    pub(crate) size: usize,
    pub(crate) message: &'a Value,
    pub(crate) checked: Option<&'a Value>,
    pub(crate) aes_key: &'a str,
}

impl Unrecorded<'_> {
    /// Returns the requests of the upload.
    pub(crate) fn forms(&self, recording: &Recording) -> Vec<Recorded> {
        let chunks = self.size.div_ceil(CHUNK);
        let like = recording.to("webwxuploadmedia").find(|recorded| {
            recorded.method == "POST" && recorded.field("chunks").is_some() == (chunks > 1)
        });
        (0..chunks).map(|chunk| self.form(like.unwrap(), chunks, chunk)).collect()
    }

    fn form(&self, like: &Recorded, chunks: usize, chunk: usize) -> Recorded {
        let mut form = like.clone();
        let (mime, mediatype) = match self.name.rsplit_once('.').unwrap().1 {
            "mp4" => ("video/mp4", "video"),
            _ => ("application/octet-stream", "doc"),
        };
        let (old_name, old_mime) = (field(&form, "name"), field(&form, "type"));
        set(&mut form, "id", "WU_FILE_9");
        set(&mut form, "name", self.name);
        set(&mut form, "type", mime);
        set(&mut form, "size", &self.size.to_string());
        if chunks > 1 {
            set(&mut form, "chunks", &chunks.to_string());
            set(&mut form, "chunk", &chunk.to_string());
        }
        set(&mut form, "mediatype", mediatype);
        let mut request = form.upload_request();
        let id = request["ClientMediaId"].as_u64().unwrap();
        request["ClientMediaId"] = (id + self.size as u64).into();
        request["TotalLen"] = self.size.into();
        request["DataLen"] = self.size.into();
        let made_up = Value::from(md5(self.name.as_bytes()));
        request["FileMd5"] = self.checked.map_or(made_up, |asked| asked["FileMd5"].clone());
        if self.checked.is_some() {
            request["AESKey"] = self.aes_key.into();
            request["Signature"] = self.message["Msg"]["Signature"].clone();
        }
        set(&mut form, "uploadmediarequest", &request.to_string());
        form.body = form
            .body
            .replace(&format!("filename=\"{old_name}\""), &format!("filename=\"{}\"", self.name));
        if chunks == 1 {
            form.body = form
                .body
                .replace(&format!("Content-Type: {old_mime}"), &format!("Content-Type: {mime}"));
        }
        form.body_len = form.body.len() - "<file>".len() + CHUNK.min(self.size - chunk * CHUNK);
        form
    }
}

fn field(form: &Recorded, name: &str) -> String {
    form.field(name).unwrap().to_owned()
}

fn set(form: &mut Recorded, name: &str, value: &str) {
    let head = format!("name=\"{name}\"\r\n\r\n");
    let old = format!("{head}{}\r\n", form.field(name).unwrap());
    form.body = form.body.replace(&old, &format!("{head}{value}\r\n"));
}
