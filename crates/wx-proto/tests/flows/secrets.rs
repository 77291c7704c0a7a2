//! The canary: secrets are planted everywhere, every public value is shown in every state, none may sing.

use std::fmt::{Debug, Write};
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::preflight::Preflight;
use wx_proto::endpoint::report::Report;
use wx_proto::endpoint::send_emoticon::SendEmoticon;
use wx_proto::endpoint::send_msg_img::SendMsgImg;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::flow::{Action, FetchImage, Flow, Input, SendImage};
use wx_proto::http::Response;
use wx_proto::{ImageSize, MediaId, MsgId, Policy, Session};

use super::world::{CHUNK, SEED, jpeg, picture, to};

/// In every planted value; the picture and the MediaId have others.
const CANARY: &str = "canary";

fn session() -> Session {
    let file = serde_json::json!({
        "version": 1, "base": "https://wx.qq.com", "uin": 424_242_424_u32, "sid": "canary+sid", "skey": "@crypt_canary",
        "pass_ticket": "canary%2Bticket", "user_name": "@me", "note": "canary",
        "cookies": [
            {"name": "webwx_data_ticket", "value": "canary/ticket", "domain": ".qq.com"},
            {"name": "wxsid", "value": "canary+sid", "domain": "wx.qq.com"}
        ]
    });
    Session::from_json(file.to_string()).unwrap()
}

#[derive(Default)]
struct Shown(String);

impl Shown {
    fn show(&mut self, value: &impl Debug) {
        write!(self.0, "{value:?} {value:#?} ").unwrap();
    }

    fn assert_silent(&self) {
        assert!(self.0.len() > 1000, "something was shown");
        for secret in [CANARY, "424242424"] {
            let at = self.0.find(secret);
            assert_eq!(at, None, "…{}…", &self.0[at.unwrap_or(0).saturating_sub(80)..][..160]);
        }
    }

    /// Shows everything in every state, with the errors at the end. Hostile answers carry the secrets back.
    fn run<T: Debug>(
        &mut self,
        flow: &mut (impl Flow<Output = Result<T, wx_proto::Error>> + Debug),
        bytes: &Bytes,
        mut answer: impl FnMut() -> Bytes,
    ) {
        let mut now = Duration::ZERO;
        let mut body = None;
        for _ in 0..200 {
            self.show(flow);
            self.show(&flow.progress());
            let action = flow.poll(now);
            self.show(&action);
            let input = match action {
                Action::Done(result) => {
                    if let Err(error) = result {
                        let source = std::error::Error::source(&error).map(ToString::to_string);
                        write!(self.0, "{error} {} {source:?}", error.advice()).unwrap();
                    }
                    return;
                }
                Action::Wait(until) => {
                    now = until;
                    continue;
                }
                Action::Load(span) => {
                    let [from, to] =
                        [span.start, span.end].map(|at| usize::try_from(at).unwrap().min(bytes.len()));
                    Input::Loaded(bytes.slice(from..to))
                }
                Action::Send(id, _) => {
                    body = Some(answer());
                    let head = Response::builder()
                        .header("set-cookie", "wxsid=canary")
                        .header("location", "https://wx.qq.com/?skey=canary")
                        .header("content-length", body.as_ref().map_or(0, Bytes::len));
                    Input::Head(id, head.body(()).unwrap().into_parts().0)
                }
                Action::Pull(id) => body.take().map_or(Input::End(id), |bytes| Input::Chunk(id, bytes)),
                Action::Store(..) => Input::Stored,
            };
            self.show(&input);
            flow.handle(input, now).unwrap();
        }
        panic!("no end");
    }
}

#[test]
fn p15_no_secret_in_any_state_of_a_job() {
    let mut shown = Shown::default();
    let bytes = jpeg(CHUNK + 1);
    let mut policy = Policy::default();
    policy.browser_parity = true;
    policy.check_above = 1;
    let ok = r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"canary","Signature":"canary","MsgID":"0"}"#;
    let last = r#"{"BaseResponse":{"Ret":0},"MediaId":"@m","StartPos":524289}"#;
    for bad in
        [ok, "canary", "<html>canary", "{\"canary\":1}", "", "{\"BaseResponse\":{\"Ret\":1,\"ErrMsg\":\"\"}}"]
    {
        for turn in 0..9 {
            let mut count = 0;
            let mut flow =
                SendImage::new(&session(), picture(&bytes, &policy), to(), SEED, policy.clone()).unwrap();
            shown.run(&mut flow, &bytes, || {
                count += 1;
                // Three pings, check, preflight, two chunks, message.
                Bytes::from(if count > turn {
                    bad
                } else if count == 7 {
                    last
                } else {
                    ok
                })
            });
        }
        let id = MsgId::new("7").unwrap();
        let mut flow =
            FetchImage::new(&session(), id, ImageSize::Original, true, SEED, policy.clone()).unwrap();
        shown.run(&mut flow, &bytes, || Bytes::from(bad));
    }
    shown.assert_silent();
}

#[test]
fn p15_no_secret_in_any_pair() {
    let mut shown = Shown::default();
    let session = session();
    let policy = Policy::default();
    let bytes = jpeg(100);
    let upload = UploadMedia::new(picture(&bytes, &policy), "00", to(), SEED);
    let chunk = upload.chunk(0, bytes.clone());
    let media = MediaId::new("@m").unwrap();
    let check = CheckUpload::new(&picture(&bytes, &policy), "00", to(), SEED);
    let image = GetMsgImg::new(MsgId::new("7").unwrap(), ImageSize::Original, SEED);
    let (message, emoticon) =
        (SendMsgImg::new(media.clone(), to(), SEED), SendEmoticon::new(media, to(), SEED));
    let requests = [
        chunk.request(&session),
        check.request(&session),
        image.request(&session),
        message.request(&session),
        emoticon.request(&session),
        Preflight.request(&session),
        Report::UploadBegun.request(&session),
    ];
    for request in requests {
        let outgoing = request.unwrap();
        shown.show(&outgoing);
        shown.show(outgoing.http().body());
        assert!(
            outgoing
                .http()
                .headers()
                .values()
                .all(|value| value.is_sensitive() || !value.to_str().unwrap().contains(CANARY))
        );
    }
    shown.show(&(&upload, &chunk, &check, &image, &message, &emoticon));
    shown.show(&(&session, session.cookies(), session.hosts(), session.skey(), session.to_json(), &policy));
    let secret = "{\"BaseResponse\":{\"Ret\":0},\"AESKey\":\"canary\",\"Signature\":\"canary\"}";
    shown.show(&check.read(&Response::new(Bytes::from(secret))).unwrap());
    for broken in [
        "{\"version\":1,\"base\":\"https://canary@evil.example/canary\"",
        "canary",
        "{\"version\":\"canary\"}",
    ] {
        let error = Session::from_json(broken).unwrap_err();
        shown.show(&error);
        write!(shown.0, "{error}").unwrap();
    }
    for (key, value) in
        [("base", "https://canary@evil.example/canary?canary"), ("uin", "canary"), ("cookies", "canary")]
    {
        let mut file: serde_json::Value = serde_json::from_str(session.to_json().expose()).unwrap();
        file[key] = value.into();
        let error = Session::from_json(file.to_string()).unwrap_err();
        shown.show(&error);
        write!(shown.0, "{error}").unwrap();
    }
    shown.assert_silent();
}
