//! A recorded session, and its values that differ per session.

use serde_json::Value;
use wx_emulator::Request;

use wx_testing::samples::capture;
use wx_testing::swap::{Swap, decoded};

/// The requests of one client, in the order they came.
pub(crate) struct Recording {
    pub(crate) requests: Vec<Recorded>,
}

/// A request, and the status it was answered with.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names as spelled, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    /// In an upload, `<file>` stands for the content.
    pub(crate) body: String,
    pub(crate) body_len: usize,
    pub(crate) status: u16,
}

impl Recording {
    pub(crate) fn read(name: &str) -> Self {
        let json = capture(name);
        let requests = json["requests"].as_array().unwrap().iter().map(Recorded::read).collect();
        Recording { requests }
    }

    /// What a server saw, as if it were recorded; but for the forms, which it keeps in parts.
    pub(crate) fn seen(requests: &[Request]) -> Self {
        let recorded = |request: &Request| Recorded {
            host: request.header("host").unwrap().to_owned(),
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            body: request
                .body
                .as_ref()
                .map_or(String::new(), |body| String::from_utf8(body.to_vec()).unwrap()),
            body_len: request.body_len as usize,
            status: 200,
        };
        Recording { requests: requests.iter().map(recorded).collect() }
    }

    /// The values of this session, each with a name for it.
    pub(crate) fn names(&self) -> Swap {
        let mut swap = Swap::default();
        for (value, name) in [
            (self.credential("Skey"), "{skey}"),
            (self.credential("Sid"), "{sid}"),
            // In JSON it has to stay a number.
            (self.credential("Uin"), "7777777777"),
            (decoded(&self.query("webwxinit", "pass_ticket")), "{pass_ticket}"),
            (self.cookie("webwx_data_ticket"), "{data_ticket}"),
            (self.query("login", "uuid"), "{uuid}"),
            (self.query("webwxnewloginpage", "ticket"), "{ticket}"),
            (self.own_name(), "{own}"),
        ] {
            swap.add(&value, name);
        }
        self.other_names().iter().for_each(|name| swap.add(name, "{friend}"));
        swap
    }

    pub(crate) fn to(&self, endpoint: &str) -> impl Iterator<Item = &Recorded> {
        self.requests.iter().filter(move |request| request.endpoint() == endpoint)
    }

    /// A key of webwxinit's BaseRequest.
    pub(crate) fn credential(&self, key: &str) -> String {
        match &self.to("webwxinit").next().unwrap().json().unwrap()["BaseRequest"][key] {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        }
    }

    /// The first value of `name` in the queries to `endpoint`, decoded.
    pub(crate) fn query(&self, endpoint: &str, name: &str) -> String {
        self.to(endpoint).find_map(|request| request.query(name)).unwrap()
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let cookies = self.requests.iter().filter_map(|request| request.header("cookie"));
        let mut pairs =
            cookies.flat_map(|header| header.split("; ")).filter_map(|pair| pair.split_once('='));
        pairs.find(|(n, _)| *n == name).unwrap().1.to_owned()
    }

    /// The account's own name: it is who every message is from.
    pub(crate) fn own_name(&self) -> String {
        self.messages().find_map(|body| Some(body["FromUserName"].as_str()?.to_owned())).unwrap()
    }

    /// Everybody else who is written to or whose avatar is fetched.
    pub(crate) fn other_names(&self) -> Vec<String> {
        let to = self.messages().filter_map(|body| Some(body["ToUserName"].as_str()?.to_owned()));
        let seen = self.to("webwxgeticon").filter_map(|request| request.query("username"));
        let (own, mut names) = (self.own_name(), Vec::new());
        for name in to.chain(seen) {
            if name.starts_with('@') && name != own && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What is in `Msg`, or in a body that names people itself.
    fn messages(&self) -> impl Iterator<Item = Value> {
        let bodies = self.requests.iter().filter_map(Recorded::json);
        let messages = bodies.map(|mut body| match &body["Msg"] {
            Value::Object(_) => body["Msg"].take(),
            _ => body,
        });
        messages
            .filter(|message| message["FromUserName"].as_str().is_some_and(|from| !from.is_empty()))
    }

    /// The messages whose pictures were fetched, each once.
    pub(crate) fn pictures(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for id in self.to("webwxgetmsgimg").filter_map(|request| request.query("MsgID")) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }
}

impl Recorded {
    fn read(json: &Value) -> Self {
        let word = |key: &str| json[key].as_str().unwrap().to_owned();
        let headers = json["headers"].as_array().unwrap().iter();
        let header = |pair: &Value| {
            (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned())
        };
        Recorded {
            host: word("host"),
            method: word("method"),
            target: word("target"),
            headers: headers.map(header).collect(),
            body: word("body"),
            body_len: json["body_len"].as_u64().unwrap() as usize,
            status: json["status"].as_u64().unwrap() as u16,
        }
    }

    /// The last segment of the path; of a QR code the one before, as it ends in the code.
    pub(crate) fn endpoint(&self) -> &str {
        let path = self.target.split('?').next().unwrap();
        if path.starts_with("/qrcode/") { "qrcode" } else { path.rsplit('/').next().unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A value of the query, decoded once.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.target.split(['?', '&']).find_map(|pair| {
            pair.split_once('=').filter(|(n, _)| *n == name).map(|(_, value)| decoded(value))
        })
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// A value of an upload form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        rest.split_once("\r\n").map(|(value, _)| value)
    }

    /// The JSON in an upload form.
    pub(crate) fn upload_request(&self) -> Value {
        serde_json::from_str(self.field("uploadmediarequest").unwrap()).unwrap()
    }
}
