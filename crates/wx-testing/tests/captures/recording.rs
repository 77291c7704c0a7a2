//! A recorded session, and the values in it that are specific to the session.

use serde_json::Value;
use wx_emulator::Request;

use wx_testing::samples::capture;
use wx_testing::swap::{Swap, decoded};

/// The requests of one client, in order of arrival.
pub(crate) struct Recording {
    pub(crate) requests: Vec<Recorded>,
}

/// A request, and the status of its reply.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) host: String,
    pub(crate) method: String,
    pub(crate) target: String,
    /// The names as they were spelled, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    /// The body. In an upload, `<file>` replaces the file content.
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

    /// Returns the requests of a server in the form of a recording, except for upload forms, which
    /// the server stores as parts.
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

    /// Returns the values that are specific to this session, each with a name.
    pub(crate) fn names(&self) -> Swap {
        let mut swap = Swap::default();
        for (value, name) in [
            (self.credential("Skey"), "{skey}"),
            (self.credential("Sid"), "{sid}"),
            // In JSON, the value has to remain a number.
            (self.credential("Uin"), "7777777777"),
            (decoded(&self.pass_ticket()), "{pass_ticket}"),
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

    /// Returns a key of the BaseRequest of webwxinit.
    pub(crate) fn credential(&self, key: &str) -> String {
        match &self.to("webwxinit").next().unwrap().json().unwrap()["BaseRequest"][key] {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        }
    }

    /// Returns the first value of `name` in the queries to `endpoint`, decoded.
    pub(crate) fn query(&self, endpoint: &str, name: &str) -> String {
        self.to(endpoint).find_map(|request| request.query(name)).unwrap()
    }

    /// Returns the first pass_ticket in a query, decoded. Some clients do not send it to webwxinit.
    pub(crate) fn pass_ticket(&self) -> String {
        self.requests.iter().find_map(|request| request.query("pass_ticket")).unwrap()
    }

    /// Returns the uuids of the login codes that were polled, each once.
    pub(crate) fn uuids(&self) -> Vec<String> {
        let mut uuids: Vec<String> = Vec::new();
        for uuid in self.to("login").filter_map(|request| request.query("uuid")) {
            if !uuids.contains(&uuid) {
                uuids.push(uuid);
            }
        }
        uuids
    }

    /// Returns the value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let cookies = self.requests.iter().filter_map(|request| request.header("cookie"));
        let mut pairs =
            cookies.flat_map(|header| header.split("; ")).filter_map(|pair| pair.split_once('='));
        pairs.find(|(n, _)| *n == name).unwrap().1.to_owned()
    }

    /// Returns the UserName of the account, which is the sender of every message.
    pub(crate) fn own_name(&self) -> String {
        self.messages().find_map(|body| Some(body["FromUserName"].as_str()?.to_owned())).unwrap()
    }

    /// Returns the UserNames of all recipients and of all contacts whose avatars were fetched.
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

    /// Returns a value of `Msg`, or of the body if that contains the names itself.
    fn messages(&self) -> impl Iterator<Item = Value> {
        let bodies = self.requests.iter().filter_map(Recorded::json);
        let messages = bodies.map(|mut body| match &body["Msg"] {
            Value::Object(_) => body["Msg"].take(),
            _ => body,
        });
        messages
            .filter(|message| message["FromUserName"].as_str().is_some_and(|from| !from.is_empty()))
    }

    /// Returns the messages whose images were fetched, each once.
    pub(crate) fn pictures(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let id = |request: &Recorded| request.query("MsgID").or(request.query("msgid"));
        for id in self.to("webwxgetmsgimg").filter_map(id) {
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

    /// Returns the last segment of the path. For a QR code, returns the segment before it, because
    /// the last one is the uuid.
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

    /// Returns a query parameter, decoded once.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.target.split(['?', '&']).find_map(|pair| {
            pair.split_once('=').filter(|(n, _)| *n == name).map(|(_, value)| decoded(value))
        })
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Returns a value of an upload form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
        rest.split_once("\r\n").map(|(value, _)| value)
    }

    /// Returns the JSON of an upload form.
    pub(crate) fn upload_request(&self) -> Value {
        serde_json::from_str(self.field("uploadmediarequest").unwrap()).unwrap()
    }
}
