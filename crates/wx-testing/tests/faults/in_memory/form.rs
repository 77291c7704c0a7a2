//! Reads the requests of the core, without its code.

use serde_json::Value;
use wx_proto::ApiRequest;
use wx_proto::bytes::Bytes;

/// An upload form.
pub(super) struct Form {
    /// Everything before the file, and everything after it.
    fields: String,
    pub(super) file: Bytes,
}

impl Form {
    /// Reads the form of a chunk. The segments of its body are the fields, the file, and the end.
    pub(super) fn read(request: &ApiRequest) -> Self {
        let [head, file, tail] = request.http().body().segments() else {
            panic!("{} has a form with a file", request.endpoint());
        };
        let [head, tail] = [head, tail].map(|text| std::str::from_utf8(text).unwrap());
        assert!(head.ends_with("\r\n\r\n") && tail.starts_with("\r\n--"), "the file is one part");
        Self { fields: format!("{head}{tail}"), file: file.clone() }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.fields.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        Some(rest.split_once("\r\n--")?.0)
    }

    pub(super) fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.field(name).unwrap_or_default()).unwrap_or_default()
    }

    /// Returns the number of the chunk and of all chunks of an upload by webwxuploadmedia.
    pub(super) fn numbers(&self) -> (usize, usize) {
        let number = |name, none| self.field(name).map_or(none, |text| text.parse().unwrap());
        (number("chunk", 0), number("chunks", 1))
    }
}

/// A chunk, as either of the two calls sends it.
pub(super) struct Chunk {
    pub(super) index: usize,
    pub(super) count: usize,
    /// The ClientMediaId, or the UploadID of a parallel upload.
    pub(super) id: Option<String>,
    pub(super) total: usize,
    pub(super) ticket: (Value, Value),
    pub(super) is_parallel: bool,
    pub(super) bytes: Bytes,
}

impl Chunk {
    /// Reads a chunk. `None` if the request is something else.
    pub(super) fn read(request: &ApiRequest) -> Option<Self> {
        let is_parallel = match request.endpoint() {
            "webwxuploadmediaparallel" => true,
            "webwxuploadmedia" if request.http().method() == "POST" => false,
            _ => return None,
        };
        let form = Form::read(request);
        let (json, (index, count), id) = if is_parallel {
            let json = form.json("UploadMediaParallelRequest");
            let number = |key: &str| json[key].as_u64().unwrap() as usize;
            let numbers = (number("Chunk"), number("Chunks"));
            let id = json["UploadID"].as_str().map(str::to_owned);
            (json, numbers, id)
        } else {
            let json = form.json("uploadmediarequest");
            let id = json["ClientMediaId"].as_u64().map(|id| id.to_string());
            (json, form.numbers(), id)
        };
        Some(Self {
            index,
            count,
            id,
            total: json["TotalLen"].as_u64().unwrap() as usize,
            ticket: (json["AESKey"].clone(), json["Signature"].clone()),
            is_parallel,
            bytes: form.file,
        })
    }
}

/// Returns the JSON body of a request.
pub(super) fn json(request: &ApiRequest) -> Value {
    serde_json::from_slice(&request.http().body().to_vec()).unwrap()
}
