//! Replies that are designed to be costly: the memory and the instructions needed to read them.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::new_login_page::NewLoginPage;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::flow::{Action, Flow, Input, ListContacts, NextMessages};
use wx_proto::http::Response;
use wx_proto::{Error, Policy, Seed, Session, UnixMs};

use crate::figure::Figure;
use crate::{alloc, in_memory_server};

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };
const MIB: usize = 1024 * 1024;
/// The reply lengths for which instructions are compared.
pub(crate) const SIZES: [usize; 2] = [32 * 1024, 256 * 1024];

/// A kind of costly reply.
struct Hostile {
    name: &'static str,
    call: Call,
    /// The bytes before the repeated part. In that part, `#` stands for a counter.
    before: &'static [u8],
    part: &'static [u8],
    after: &'static [u8],
}

#[derive(Clone, Copy)]
enum Call {
    Sync,
    Contacts,
    Page,
    Check,
}

const LIST: &[u8] = br#"{"BaseResponse":{"Ret":0},"AddMsgList":["#;
const MESSAGE: &[u8] =
    br#"{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"7","MsgType":1,"FromUserName":"@@a","Content":""#;
const XML: &[u8] = br#"{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"7","MsgType":49,"AppMsgType":57,"FromUserName":"@@a","Content":""#;
const QUOTED: &[u8] = r#"{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"7","MsgType":1,"FromUserName":"@@a","Content":"「："#.as_bytes();
const QUOTED_END: &[u8] =
    r#"」\n- - - - - - - - - - - - - - -\n"}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":3}]}}"#
        .as_bytes();
const END: &[u8] = br#"{}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":3}]}}"#;
const TEXT_END: &[u8] = br#""}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":3}]}}"#;

/// All kinds of costly replies.
const ALL: [Hostile; 27] = {
    use Call::{Check, Contacts, Page, Sync};
    const fn new(
        name: &'static str,
        call: Call,
        before: &'static [u8],
        part: &'static [u8],
        after: &'static [u8],
    ) -> Hostile {
        Hostile { name, call, before, part, after }
    }
    const MEMBERS: &[u8] = br#"{"BaseResponse":{"Ret":0},"MemberList":["#;
    const APP: &[u8] = br#"{"MsgId":0,"MsgType":49,"AppMsgType":1,"FromUserName":"@"},"#;
    const FRIEND: &[u8] = br#"{"MsgId":0,"MsgType":37,"FromUserName":"@","RecommendInfo":{}},"#;
    const LOCATION: &[u8] =
        br#"{"MsgId":0,"MsgType":1,"SubMsgType":48,"Url":"coord=,","FromUserName":"@"},"#;
    const QUOTE: &[u8] = br#"{"MsgId":0,"MsgType":49,"AppMsgType":57,"FromUserName":"@","Content":"<appmsg><refermsg/></appmsg>"},"#;
    const SMALLEST: &[u8] = br#"{"MsgId":0,"MsgType":1,"FromUserName":"@"},"#;
    [
        new("empty elements", Sync, LIST, b"{},", END),
        new("elements that are none", Sync, LIST, b"7,", END),
        new("the smallest messages", Sync, LIST, SMALLEST, END),
        new(
            "messages of all kinds",
            Sync,
            LIST,
            br##"{"MsgId":#,"MsgType":1,"FromUserName":"@"},"##,
            END,
        ),
        new(
            "messages of bad bytes",
            Sync,
            LIST,
            b"{\"MsgId\":\"\xff\",\"MsgType\":1,\"x\":\"\xff\"},",
            END,
        ),
        new("nested lists", Sync, LIST, b"[", b""),
        new("the smallest app messages", Sync, LIST, APP, END),
        new("the smallest friend requests", Sync, LIST, FRIEND, END),
        new("the smallest locations", Sync, LIST, LOCATION, END),
        new("the smallest quotes", Sync, LIST, QUOTE, END),
        new("a long quote", Sync, QUOTED, b"a", QUOTED_END),
        new(
            "a text of emoji",
            Sync,
            MESSAGE,
            br#"<span class=\"emoji emoji263a\"></span>"#,
            TEXT_END,
        ),
        new("a text of broken emoji", Sync, MESSAGE, br#"<span class=\"emoji emoji1f60"#, TEXT_END),
        new("XML of tags without an end", Sync, XML, b"<appmsg", TEXT_END),
        new("XML of elements without an end", Sync, XML, b"<appmsg>", TEXT_END),
        new("the smallest contacts", Contacts, MEMBERS, br#"{"UserName":"@"},"#, END),
        new("empty contacts", Contacts, MEMBERS, b"{},", END),
        new("a text of letters", Sync, MESSAGE, b"a", TEXT_END),
        new("a text of bad bytes", Sync, MESSAGE, b"a\xff", TEXT_END),
        new("a text of raw line breaks", Sync, MESSAGE, b"\n", TEXT_END),
        new("a text of escapes", Sync, MESSAGE, br"\n\u6c49\ud83d", TEXT_END),
        new("a text of entities", Sync, MESSAGE, b"&amp;<br/>", TEXT_END),
        new("a text of backslashes", Sync, MESSAGE, br"\\", TEXT_END),
        new("a login page of tags without an end", Page, b"", b"<ret", b""),
        new("a login page of ends", Page, b"<ret>0", b"</re</rets", b""),
        new("a synccheck of names", Check, b"", b"retcode = '", b"\""),
        new("a synccheck of blanks", Check, b"", b"retcode   retcode=;", b""),
    ]
};

impl Hostile {
    /// Returns a reply of about `len` bytes.
    fn reply(&self, len: usize) -> Bytes {
        let times = (len - self.before.len() - self.after.len()) / self.part.len();
        let mut body = Vec::with_capacity(len);
        body.extend_from_slice(self.before);
        for number in 0..times {
            match self.part.split(|byte| *byte == b'#').collect::<Vec<_>>()[..] {
                [start, end] => {
                    body.extend_from_slice(start);
                    body.extend_from_slice((10_000_000 + number).to_string().as_bytes());
                    body.extend_from_slice(end);
                }
                _ => body.extend_from_slice(self.part),
            }
        }
        body.extend_from_slice(self.after);
        body.into()
    }

    fn read(&self, reply: &Response<Bytes>) {
        match self.call {
            Call::Sync => drop(black_box(SyncMessages::read(reply))),
            Call::Contacts => drop(black_box(GetContact::read(reply))),
            Call::Check => drop(black_box(SyncCheck::read(reply))),
            Call::Page => drop(black_box(NewLoginPage::read(reply))),
        }
    }

    /// Returns the peak memory while a reply is read, divided by its length. The peak includes the
    /// reply and the values read from it, but not the first 1 MiB.
    fn peak(&self) -> f64 {
        // A short reply with 20 000 of the smallest elements needs the most memory.
        let sizes: &[usize] = match self.call {
            Call::Sync | Call::Contacts => &[64 * 1024, 20_000 * self.part.len(), 8 * MIB],
            Call::Page | Call::Check => &[64 * 1024, MIB],
        };
        let of_size = |len: &usize| {
            let len = (*len).max(1024);
            let reply = self.reply(len);
            let before = alloc::live();
            alloc::forget_peak();
            match self.call {
                Call::Sync => run(NextMessages::new(&session(), SEED, Policy::default()), &reply),
                Call::Contacts => {
                    run(ListContacts::new(&session(), SEED, Policy::default()), &reply)
                }
                Call::Page | Call::Check => self.read(&Response::new(Bytes::from(reply.to_vec()))),
            }
            let used = (alloc::peak() - before) as f64;
            (used - MIB as f64).max(0.0) / reply.len() as f64
        };
        sizes.iter().map(of_size).fold(0.0, f64::max)
    }
}

/// Returns a session with a sync position.
fn session() -> Session {
    let key = r#""sync_key": {"Count":1,"List":[{"Key":1,"Val":2}]}"#;
    let file = in_memory_server::session().to_json().expose().replace("\"sync_key\": null", key);
    Session::from_json(file).expect("a valid session")
}

/// Runs a flow on a reply, which arrives in pieces, until the flow is done or waits.
fn run<F: Flow>(flow: Result<F, Error>, reply: &[u8]) {
    let (mut flow, mut session) = (flow.expect("a logged-in session"), session());
    let mut pieces = reply.chunks(16 * 1024);
    loop {
        let input = match flow.poll(&mut session, Duration::ZERO) {
            Action::Send(id, _) => Input::Head(id, Response::new(()).into_parts().0),
            Action::Receive(id) => match pieces.next() {
                Some(piece) => Input::Body(id, Bytes::copy_from_slice(piece)),
                None => Input::End(id),
            },
            done => return drop(black_box(done)),
        };
        flow.handle(input, Duration::ZERO).expect("the requested input");
    }
}

/// Reads a reply of each kind with about `len` bytes.
pub(crate) fn read_all(len: usize) {
    for kind in &ALL {
        kind.read(&Response::new(kind.reply(len)));
    }
}

/// Measures the peak memory for all kinds.
pub(crate) fn peak() -> Figure {
    let peaks = ALL.iter().map(|kind| (kind.peak(), kind.name));
    let (peak, name) =
        peaks.fold((0.0, ""), |most, next| if next.0 > most.0 { next } else { most });
    let what =
        format!("peak memory while a costly reply is read / its length, after 1 MiB ({name})");
    Figure::count(what, peak, 2, "").at_most(6.0)
}
