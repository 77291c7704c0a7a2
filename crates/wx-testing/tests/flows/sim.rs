//! A stateful server, and drivers that take turns, for property tests with many random runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input, Snapshot, TransportError, TransportErrorKind};
use wx_proto::http::Response;
use wx_proto::{ApiRequest, Session};

use super::login;
use super::messages::key;
use wx_testing::harness::Answer;

/// A xorshift generator, which is random enough here and the same in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// The state of the server: messages, uploads, and delivered messages.
#[derive(Default)]
pub(crate) struct Server {
    /// The number of messages in the list. Each batch contains one or two of them.
    pub(crate) message_count: i64,
    /// One request in this many fails. 0 means that none fails.
    pub(crate) one_fault_in: u64,
    /// The ClientMsgIds of the delivered messages, by their MediaId.
    pub(crate) delivered: BTreeMap<String, BTreeSet<String>>,
    pub(crate) uploads: u64,
}

/// The outcome of a request.
enum RequestOutcome {
    Reply(u16, String),
    Lost(TransportError),
    /// The head arrives, but the body does not.
    TruncatedBody,
}

impl Server {
    fn outcome(&mut self, request: &ApiRequest, random: &mut Random) -> RequestOutcome {
        if self.one_fault_in == 0 || !random.one_in(self.one_fault_in) {
            return RequestOutcome::Reply(200, self.answer(request));
        }
        let kind = TransportErrorKind::Dropped;
        match random.below(7) {
            0 => RequestOutcome::Lost(TransportError::never_connected(TransportErrorKind::Connect)),
            // Lost on the way to the server, or on the way back.
            1 => RequestOutcome::Lost(TransportError::on_the_way(kind)),
            2 => {
                self.answer(request);
                RequestOutcome::Lost(TransportError::on_the_way(kind))
            }
            3 if !request.limits().new_connection => {
                if random.one_in(2) {
                    self.answer(request);
                }
                RequestOutcome::Lost(TransportError::on_reused_connection())
            }
            4 => {
                self.answer(request);
                RequestOutcome::TruncatedBody
            }
            5 if request.endpoint() == "webwxsendmsgimg" => {
                RequestOutcome::Reply(200, json!({ "BaseResponse": { "Ret": 1205 } }).to_string())
            }
            _ => RequestOutcome::Reply(503, "<html>".to_owned()),
        }
    }

    fn answer(&mut self, request: &ApiRequest) -> String {
        let good = json!({ "Ret": 0 });
        match request.endpoint() {
            "synccheck" => "window.synccheck={retcode:\"0\",selector:\"2\"}".to_owned(),
            "webwxsync" => {
                let n = body(request)["SyncKey"]["List"][1]["Val"].as_i64().unwrap();
                let end = (n + 1 + n % 2).min(self.message_count);
                // Some messages have no id, and cannot be distinguished.
                let message = |id: i64| {
                    let msg_id = if id % 3 == 0 { "0".to_owned() } else { id.to_string() };
                    let content = id.to_string();
                    json!({
                        "MsgId": msg_id, "FromUserName": "@a", "MsgType": 1, "Content": content,
                    })
                };
                let list: Vec<_> = (n + 1..=end).map(message).collect();
                let skey = format!("@skey_{end}");
                json!({
                    "BaseResponse": good, "AddMsgList": list, "SyncKey": key(end), "SKey": skey,
                })
                .to_string()
            }
            "webwxuploadmedia" => {
                self.uploads += 1;
                let media_id = format!("@media_{}", self.uploads);
                json!({ "BaseResponse": good, "MediaId": media_id, "StartPos": 12 }).to_string()
            }
            "webwxsendmsgimg" => {
                let body = body(request);
                let of = |name: &str| body["Msg"][name].as_str().unwrap().to_owned();
                self.delivered.entry(of("ToUserName")).or_default().insert(of("ClientMsgId"));
                json!({ "BaseResponse": good, "MsgID": "1036723910963469192", "LocalID": "x" })
                    .to_string()
            }
            other => {
                let Answer::Reply(_, _, body) = login_reply(other) else { panic!("{other}") };
                String::from_utf8(body.to_vec()).unwrap()
            }
        }
    }
}

/// Returns the successful reply to a call of a login.
fn login_reply(endpoint: &str) -> Answer {
    match endpoint {
        "jslogin" => login::code(),
        "login" => login::polled(2),
        "webwxnewloginpage" => login::page(),
        "webwxinit" => login::init(""),
        "webwxstatusnotify" => login::notified(),
        other => panic!("{other}"),
    }
}

/// Returns whether this is a call of a login. No other call starts a session.
fn is_login(endpoint: &str) -> bool {
    matches!(
        endpoint,
        "jslogin" | "login" | "webwxnewloginpage" | "webwxinit" | "webwxstatusnotify"
    )
}

fn body(request: &ApiRequest) -> Value {
    serde_json::from_slice(&request.http().body().to_vec()).unwrap()
}

/// A driver that runs one flow step by step.
pub(crate) struct Driver<F> {
    pub(crate) flow: F,
    held: Option<(Bytes, bool)>,
    /// The time until which the driver waits.
    pub(crate) waits: Duration,
    /// The last saved state.
    pub(crate) saved: Option<Snapshot>,
    /// Whether saving fails, because the disk is full.
    pub(crate) full: bool,
}

impl<F: Flow> Driver<F> {
    pub(crate) fn new(flow: F) -> Self {
        Self { flow, held: None, waits: Duration::ZERO, saved: None, full: false }
    }

    /// Drops the driver together with its current reply, and continues with another one.
    pub(crate) fn replace(&mut self) {
        self.held = None;
    }

    /// Performs one step at `now`. Calls `inspect` with each request that is sent.
    pub(crate) fn step(
        &mut self,
        session: &mut Session,
        server: &mut Server,
        random: &mut Random,
        now: Duration,
        inspect: &mut impl FnMut(&ApiRequest),
    ) -> Option<F::Output> {
        let input = match self.flow.poll(session, now) {
            Action::Done(done) => return Some(done),
            Action::Wait(until) => {
                self.waits = until;
                return None;
            }
            Action::Read(span) => {
                let end = usize::try_from(span.end.min(12)).unwrap();
                Input::Read(
                    wx_testing::harness::jpeg(12).slice(usize::try_from(span.start).unwrap()..end),
                )
            }
            Action::Save(_) if self.full => {
                Input::Local(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
            }
            Action::Save(snapshot) => {
                self.saved = Some(snapshot);
                Input::Saved
            }
            Action::Send(id, request) => {
                inspect(&request);
                let (status, text, torn) = match server.outcome(&request, random) {
                    RequestOutcome::Reply(status, text) => (status, text, false),
                    RequestOutcome::TruncatedBody => (200, "{".to_owned(), true),
                    RequestOutcome::Lost(error) => {
                        self.flow.handle(Input::Failed(id, error), now).unwrap();
                        return None;
                    }
                };
                self.held = Some((text.into(), torn));
                let mut head = Response::builder().status(status);
                if is_login(request.endpoint()) {
                    let Answer::Reply(_, headers, _) = login_reply(request.endpoint()) else {
                        panic!("the request has a reply")
                    };
                    head = headers
                        .into_iter()
                        .fold(head, |head, (name, value)| head.header(name, value));
                } else {
                    head = head.header("set-cookie", "of_the_first_login=1; Domain=qq.com; Path=/");
                }
                let head = head.body(()).unwrap().into_parts().0;
                Input::Head(id, head)
            }
            Action::Receive(id) => match &mut self.held {
                Some((bytes, _)) if !bytes.is_empty() => Input::Body(id, std::mem::take(bytes)),
                Some((_, false)) => Input::End(id),
                _ => {
                    let kind = TransportErrorKind::Dropped;
                    Input::Failed(id, TransportError::on_the_way(kind))
                }
            },
            Action::Write(..) => panic!("nothing is fetched"),
        };
        self.flow.handle(input, now).unwrap();
        None
    }
}
