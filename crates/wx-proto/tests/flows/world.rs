//! A driver without I/O: virtual time, a scripted server, and a record of all that was asked.

use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{
    Action, CallId, Delivery, Flow, Input, Observer, Snapshot, TransportError, TransportErrorKind,
    Upload,
};
use wx_proto::http::{Request, Response};
use wx_proto::{
    ApiRequest, Body, Error, Media, Policy, Recipient, Seed, Session, SourceError, UnixMs,
};

pub(crate) const CHUNK: usize = 524_288;
pub(crate) const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Reply(u16, Vec<(&'static str, String)>, Bytes),
    /// No reply at all.
    Fail(TransportError),
    /// A head that announces so many bytes, these bytes, and then the connection drops.
    Break(u64, Bytes),
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Answer {
    Answer::Reply(200, vec![], body.into())
}

pub(crate) fn ret(code: i32) -> Answer {
    ok(format!(
        r#"{{"BaseResponse":{{"Ret":{code},"ErrMsg":""}},"MediaId":"@foreign","MsgID":""}}"#
    ))
}

pub(crate) fn status(code: u16) -> Answer {
    Answer::Reply(code, vec![], Bytes::from_static(b"<html>"))
}

/// A chunk in the middle is taken.
pub(crate) fn middle() -> Answer {
    ok(
        r#"{"BaseResponse":{"Ret":0},"MediaId":"","StartPos":0,"CDNThumbImgHeight":0,"CDNThumbImgWidth":0}"#,
    )
}

/// The last chunk is taken.
pub(crate) fn last(media_id: &str, start_pos: usize) -> Answer {
    ok(format!(
        r#"{{"BaseResponse":{{"Ret":0}},"MediaId":"{media_id}","StartPos":{start_pos},"CDNThumbImgHeight":71,"CDNThumbImgWidth":100}}"#
    ))
}

pub(crate) fn sent() -> Answer {
    ok(r#"{"BaseResponse":{"Ret":0},"MsgID":"1036723910963469192","LocalID":"x"}"#)
}

pub(crate) fn dropped() -> Answer {
    Answer::Fail(TransportError::on_the_way(TransportErrorKind::Dropped))
}

/// A reused connection turns out to be closed.
pub(crate) fn closed() -> Answer {
    Answer::Fail(TransportError::on_reused_connection())
}

pub(crate) fn unreachable() -> Answer {
    Answer::Fail(TransportError::never_connected(TransportErrorKind::Connect))
}

/// A request as it was handed out.
pub(crate) struct Seen {
    pub(crate) at: Duration,
    /// What it got, as scripted.
    pub(crate) answer: Answer,
    pub(crate) outgoing: ApiRequest,
}

impl Seen {
    pub(crate) fn endpoint(&self) -> &'static str {
        self.outgoing.endpoint()
    }

    /// Whether it has to be handed out once more within its try.
    pub(crate) fn is_to_repeat(&self) -> bool {
        matches!(self.answer, Answer::Fail(failure) if failure.reused_connection)
            && !self.is_repeat()
    }

    /// Whether it is handed out once more within its try.
    pub(crate) fn is_repeat(&self) -> bool {
        self.outgoing.limits().new_connection
    }

    /// Whether a message that got this answer may be in the recipient's hands: it connected, and no
    /// verdict came.
    pub(crate) fn may_be_delivered(&self) -> bool {
        match &self.answer {
            Answer::Fail(failure) => failure.delivered == Delivery::Unknown,
            Answer::Break(..) => true,
            Answer::Reply(_, _, body) => !serde_json::from_slice::<serde_json::Value>(body)
                .is_ok_and(|json| json["BaseResponse"]["Ret"].as_i64().is_some_and(|ret| ret != 0)),
        }
    }

    pub(crate) fn http(&self) -> &Request<Body> {
        self.outgoing.http()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        self.http().body().to_vec()
    }

    /// A text field of the form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let body = self.body();
        let head = format!("name=\"{name}\"\r\n\r\n");
        let at =
            body.windows(head.len()).position(|window| window == head.as_bytes())? + head.len();
        let len = body[at..].windows(2).position(|window| window == b"\r\n")?;
        Some(String::from_utf8(body[at..at + len].to_vec()).unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).unwrap()
    }

    pub(crate) fn upload_request(&self) -> serde_json::Value {
        serde_json::from_str(&self.field("uploadmediarequest").unwrap()).unwrap()
    }
}

/// The world around a flow.
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) picture: Bytes,
    pub(crate) seen: Vec<Seen>,
    pub(crate) stored: Vec<u8>,
    /// Replies are handed over in pieces of this size.
    pub(crate) piece: usize,
    /// Runs before every load, and may change the picture.
    pub(crate) before_load: Box<dyn FnMut(&mut Bytes)>,
    pub(crate) load_error: Option<SourceError>,
    pub(crate) store_error: Option<SourceError>,
    /// After this many steps the program is killed.
    pub(crate) steps_left: usize,
    /// Seconds that pass while each request is out, or the computer sleeps; none once they run out.
    pub(crate) passing: std::collections::VecDeque<u64>,
    /// What was saved by then: after a poll and before it was acted on.
    pub(crate) saved: Option<String>,
    /// Saves of a checkpointed job that go well; the rest fails.
    pub(crate) saves_left: usize,
    /// The states that such a job has saved.
    pub(crate) checkpoints: Vec<Snapshot>,
    /// The session that is lent.
    pub(crate) session: Session,
    answers: std::collections::VecDeque<Answer>,
}

/// Far more than any flow here needs.
const STEPS: usize = 20_000;

impl World {
    pub(crate) fn new(
        picture: impl Into<Bytes>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        Self {
            now: Duration::from_secs(1000),
            picture: picture.into(),
            seen: Vec::new(),
            stored: Vec::new(),
            piece: 100_000,
            before_load: Box::new(|_| {}),
            load_error: None,
            store_error: None,
            steps_left: STEPS,
            passing: [].into(),
            saved: None,
            saves_left: usize::MAX,
            checkpoints: Vec::new(),
            session: session(),
            answers: answers.into_iter().collect(),
        }
    }

    /// The same, with another session.
    pub(crate) fn lending(self, session: &Session) -> Self {
        Self { session: session.clone(), ..self }
    }

    /// What the next requests get, before all that was scripted.
    pub(crate) fn answer_next(&mut self, answers: impl IntoIterator<Item = Answer>) {
        let rest = std::mem::take(&mut self.answers);
        self.answers = answers.into_iter().chain(rest).collect();
    }

    pub(crate) fn endpoints(&self) -> Vec<&'static str> {
        self.seen.iter().map(Seen::endpoint).collect()
    }

    pub(crate) fn messages(&self) -> usize {
        self.seen.iter().filter(|seen| seen.endpoint().starts_with("webwxsend")).count()
    }

    /// Line 11: after a reused connection was closed, the same request comes next, for a new
    /// connection. Nothing else asks for a new connection.
    fn check_repeat<T>(&self, action: &Action<T>) {
        let failed = self.seen.last().filter(|seen| seen.is_to_repeat());
        let Some(failed) = failed else {
            let asks =
                matches!(action, Action::Send(_, outgoing) if outgoing.limits().new_connection);
            assert!(!asks, "a new connection for no reason");
            return;
        };
        // By then a message may be too old.
        let message =
            |seen: &&Seen| seen.endpoint().starts_with("webwxsend") && seen.may_be_delivered();
        let first = self.seen.iter().find(message);
        if first.is_some_and(|first| self.now - first.at > Duration::from_secs(60)) {
            assert!(matches!(action, Action::Done(_)));
            return;
        }
        let Action::Send(_, outgoing) = action else { panic!("the repeat is due at once") };
        let (repeat, failed) = (outgoing.http(), failed.http());
        assert!(outgoing.limits().new_connection);
        assert_eq!((repeat.uri(), repeat.headers()), (failed.uri(), failed.headers()));
        assert_eq!(repeat.body().to_vec(), failed.body().to_vec());
    }

    /// The seconds between each request and the one before it.
    pub(crate) fn pauses(&self) -> Vec<u64> {
        self.seen.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect()
    }

    /// Runs a flow to its end.
    pub(crate) fn run<F: Flow>(&mut self, flow: &mut F) -> F::Output {
        self.run_or_die(flow).unwrap_or_else(|| panic!("no end after {STEPS} steps"))
    }

    /// Runs a flow until it ends or the program is killed.
    pub(crate) fn run_or_die<F: Flow>(&mut self, flow: &mut F) -> Option<F::Output> {
        self.run_seeing(flow, |_, _| {})
    }

    /// As [`World::run_or_die`]; `see` looks at the flow before each request leaves and is told
    /// whether it is the message.
    pub(crate) fn run_seeing<F: Flow>(
        &mut self,
        flow: &mut F,
        mut see: impl FnMut(&F, bool),
    ) -> Option<F::Output> {
        self.run_observed(flow, &mut (), &mut see)
    }

    /// As [`World::run_seeing`], with an observer.
    pub(crate) fn run_observed<F: Flow>(
        &mut self,
        flow: &mut F,
        observer: &mut impl Observer<F>,
        see: &mut impl FnMut(&F, bool),
    ) -> Option<F::Output> {
        let mut reply: Option<(CallId, Bytes, bool)> = None;
        // What an earlier run was killed in is not known here.
        let mut going_on = false;
        let mut latest: Option<CallId> = None;
        loop {
            let action = flow.poll(&mut self.session, self.now);
            observer.acted(flow, &action, self.now);
            if self.steps_left == 0 {
                self.saved = flow.snapshot().map(|snapshot| snapshot.to_json());
                return None;
            }
            self.steps_left -= 1;
            if std::mem::replace(&mut going_on, true) {
                self.check_repeat(&action);
            }
            let input = match action {
                Action::Done(output) => return Some(output),
                Action::Wait(until) => {
                    assert!(until > self.now, "waits for the past");
                    self.now = until;
                    continue;
                }
                Action::Read(span) => self.load(&span),
                Action::Save(snapshot) => self.save(snapshot),
                Action::Write(at, bytes) => self.store(at, &bytes),
                Action::Receive(id) => match &mut reply {
                    Some((held, rest, breaks)) if *held == id => {
                        if !rest.is_empty() {
                            Input::Body(id, rest.split_to(rest.len().min(self.piece)))
                        } else if *breaks {
                            Input::Failed(
                                id,
                                TransportError::never_connected(TransportErrorKind::Dropped),
                            )
                        } else {
                            Input::End(id)
                        }
                    }
                    _ => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
                },
                Action::Send(id, outgoing) => {
                    see(flow, outgoing.endpoint().starts_with("webwxsend"));
                    assert!(latest.replace(id).is_none_or(|latest| latest < id), "ids grow");
                    let answer =
                        self.answers.pop_front().unwrap_or_else(|| panic!("unscripted request"));
                    self.seen.push(Seen { at: self.now, answer: answer.clone(), outgoing });
                    self.now += Duration::from_secs(self.passing.pop_front().unwrap_or_default());
                    match answer {
                        Answer::Fail(failure) => Input::Failed(id, failure),
                        Answer::Reply(code, headers, body) => {
                            let (head, body) = reply_of(code, &headers, body);
                            reply = Some((id, body, false));
                            Input::Head(id, head)
                        }
                        Answer::Break(announced, body) => {
                            let headers = [("content-length", announced.to_string())];
                            let (head, body) = reply_of(200, &headers, body);
                            reply = Some((id, body, true));
                            Input::Head(id, head)
                        }
                    }
                }
            };
            observer.heard(&input, self.now);
            flow.handle(input, self.now).expect("the loop obeys the contract");
        }
    }

    pub(crate) fn load(&mut self, span: &std::ops::Range<u64>) -> Input {
        (self.before_load)(&mut self.picture);
        if let Some(error) = &self.load_error {
            return Input::Local(error.clone());
        }
        let len = self.picture.len();
        let [start, end] = [span.start, span.end].map(|at| usize::try_from(at).unwrap().min(len));
        Input::Read(self.picture.slice(start..end))
    }

    fn save(&mut self, snapshot: Snapshot) -> Input {
        if self.saves_left == 0 {
            return Input::Local(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        self.saves_left -= 1;
        self.checkpoints.push(snapshot);
        Input::Saved
    }

    fn store(&mut self, at: u64, bytes: &[u8]) -> Input {
        if let Some(error) = &self.store_error {
            return Input::Local(error.clone());
        }
        let at = usize::try_from(at).unwrap();
        if at == 0 {
            self.stored.clear();
        }
        assert_eq!(at, self.stored.len(), "a gap or an overlap");
        self.stored.extend_from_slice(bytes);
        Input::Written
    }
}

fn reply_of(
    code: u16,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> (wx_proto::http::response::Parts, Bytes) {
    let mut reply = Response::builder().status(code);
    for (name, value) in headers {
        reply = reply.header(*name, value);
    }
    reply.body(body).unwrap().into_parts()
}

pub(crate) fn session() -> Session {
    Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .sid("sid")
        .skey("@crypt_skey")
        .user_name("@me")
        .data_ticket("ticket")
        .build()
        .unwrap()
}

pub(crate) fn to() -> Recipient {
    Recipient::new("@0a").unwrap()
}

/// A JPEG's beginning: SOI and two empty comments, before whatever comes.
pub(crate) const SOI: [u8; 10] = [0xff, 0xd8, 0xff, 0xfe, 0, 2, 0xff, 0xfe, 0, 2];

/// Bytes that begin like a JPEG and repeat nowhere near a chunk's length.
pub(crate) fn jpeg(len: usize) -> Bytes {
    let mut state = 12_345_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    SOI.into_iter().chain(noise).take(len).collect()
}

pub(crate) fn picture(bytes: &Bytes, policy: &Policy) -> Media {
    Media::new("a.jpg", bytes.len() as u64, bytes, policy).unwrap()
}

pub(crate) fn upload(bytes: &Bytes, policy: &Policy) -> Result<Upload, Error> {
    Upload::new(&session(), picture(bytes, policy), to(), SEED, policy.clone())
}
