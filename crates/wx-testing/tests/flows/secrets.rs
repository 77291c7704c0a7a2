//! The canary test: secrets are planted everywhere, and every public value is printed in every
//! state. None of the secrets may appear.

mod avatars;
mod messages;
mod uploads;

use std::fmt::{Debug, Write};
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::get_media::GetMedia;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::get_video::GetVideo;
use wx_proto::endpoint::get_voice::GetVoice;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::js_login::JsLogin;
use wx_proto::endpoint::login::{PollLogin, Polled};
use wx_proto::endpoint::logout::LogoutCall;
use wx_proto::endpoint::new_login_page::NewLoginPage;
use wx_proto::endpoint::preflight::Preflight;
use wx_proto::endpoint::push_login_url::PushLoginUrl;
use wx_proto::endpoint::report::Report;
use wx_proto::endpoint::revoke_msg::RevokeMsg;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::status_notify::StatusNotify;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::flow::{
    Action, Fetch, FetchImage, Flow, Input, ListContacts, ListRooms, Login, Logout, NextMessages,
    Restore, SendMessage,
};
use wx_proto::http::Response;
use wx_proto::{
    ApiRequest, Attachment, ErrorChain, ImageVariant, Md5, MediaId, MsgId, Policy, Profile,
    Session, Site, UnixMs,
};

use wx_testing::harness::{CHUNK, SEED, jpeg, media, to};

/// A part of every planted value except for the image and the MediaId, which have their own.
const CANARY: &str = "canary";

fn session() -> Session {
    let file = serde_json::json!({
        "version": 1, "base": "https://wx.qq.com", "uin": 424_242_424_u32, "sid": "canary+sid",
        "skey": "@crypt_canary",
        "pass_ticket": "canary%2Bticket", "user_name": "@me", "note": "canary",
        "cookies": [
            {"name": "webwx_data_ticket", "value": "canary/ticket", "domain": ".qq.com"},
            {"name": "wxsid", "value": "canary+sid", "domain": "wx.qq.com"}
        ]
    });
    Session::from_json(file.to_string()).unwrap()
}

/// Returns a file whose sender and server have chosen the secrets as its names.
fn file() -> Attachment {
    let json = serde_json::json!({
        "msg_id": "7", "kind": "file", "sender": "canary", "media_id": "@crypt_canary",
        "encry_file_name": "canary", "name": "canary", "len": 5000,
    });
    serde_json::from_value(json).unwrap()
}

#[derive(Default)]
struct Shown(String);

impl Shown {
    fn show(&mut self, value: &impl Debug) {
        write!(self.0, "{value:?} {value:#?} ").unwrap();
    }

    fn show_request(&mut self, request: &ApiRequest) {
        self.show(request);
        self.show(request.http().body());
        let values = request.http().headers().values();
        let open =
            values.filter(|value| !value.is_sensitive()).map(|value| value.to_str().unwrap());
        assert!(open.into_iter().all(|value| !value.contains(CANARY)));
    }

    fn assert_silent(&self) {
        assert!(self.0.len() > 1000, "at least one value was shown");
        for secret in [CANARY, "424242424"] {
            let at = self.0.find(secret);
            assert_eq!(at, None, "…{}…", &self.0[at.unwrap_or(0).saturating_sub(80)..][..160]);
        }
    }

    /// Prints everything in every state, including errors. Hostile replies repeat the secrets.
    fn run<T: Debug>(
        &mut self,
        flow: &mut (impl Flow<Output = Result<T, wx_proto::Error>> + Debug),
        bytes: &Bytes,
        answer: impl FnMut() -> Bytes,
    ) {
        self.run_for(flow, bytes, answer, usize::MAX);
    }

    /// Like [`Shown::run`], but cancels the flow after this many steps.
    fn run_for<T: Debug>(
        &mut self,
        flow: &mut (impl Flow<Output = Result<T, wx_proto::Error>> + Debug),
        bytes: &Bytes,
        mut answer: impl FnMut() -> Bytes,
        steps: usize,
    ) {
        let (mut session, mut now) = (session(), Duration::ZERO);
        let mut body = None;
        for step in 0..200 {
            if step == steps {
                flow.cancel();
            }
            self.show(flow);
            self.show(&flow.progress());
            let action = flow.poll(&mut session, now);
            self.show(&action);
            let input = match action {
                Action::Done(result) => {
                    if let Err(error) = result {
                        write!(self.0, "{} {}", error.chain(), error.advice()).unwrap();
                    }
                    return;
                }
                Action::Wait(until) => {
                    now = until;
                    continue;
                }
                Action::Save(snapshot) => {
                    self.show(&snapshot.to_json());
                    Input::Saved
                }
                Action::Read(span) => {
                    let [from, to] = [span.start, span.end]
                        .map(|at| usize::try_from(at).unwrap().min(bytes.len()));
                    Input::Read(bytes.slice(from..to))
                }
                Action::Send(id, _) => {
                    body = Some(answer());
                    let head = Response::builder()
                        .header("set-cookie", "wxsid=canary")
                        .header("location", "https://wx.qq.com/?skey=canary")
                        .header("content-length", body.as_ref().map_or(0, Bytes::len));
                    Input::Head(id, head.body(()).unwrap().into_parts().0)
                }
                Action::Receive(id) => {
                    body.take().map_or(Input::End(id), |bytes| Input::Body(id, bytes))
                }
                Action::Write(..) => Input::Written,
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
    for bad in [
        ok,
        "canary",
        "<html>canary",
        "{\"canary\":1}",
        "",
        "{\"BaseResponse\":{\"Ret\":1,\"ErrMsg\":\"\"}}",
    ] {
        for turn in 0..9 {
            let mut count = 0;
            let mut flow =
                SendMessage::media(&session(), media(&bytes), to(), SEED, policy.clone()).unwrap();
            shown.run(&mut flow, &bytes, || {
                count += 1;
                // Three pings, the check, the preflight, two chunks, and the message.
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
            FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy.clone())
                .unwrap();
        shown.run(&mut flow, &bytes, || Bytes::from(bad));
        let mut flow = Fetch::new(&session(), file(), true, SEED, policy.clone()).unwrap();
        shown.run(&mut flow, &bytes, || Bytes::from(bad));
    }
    shown.assert_silent();
}

/// Returns the replies to a login in order. All of them contain the secrets.
fn login_answers() -> [Bytes; 6] {
    [
        "window.QRLogin.code = 200; window.QRLogin.uuid = \"canary==\";",
        "window.code=201;window.userAvatar='data:img/jpg;base64,/9j/';",
        "window.code=200;window.redirect_uri=\"https://wx.qq.com/x?ticket=canary\";",
        "<error><ret>0</ret><skey>@crypt_canary</skey><wxsid>canary</wxsid><wxuin>424242424</wxuin>\
         <pass_ticket>canary</pass_ticket></error>",
        r#"{"BaseResponse":{"Ret":0},"User":{"UserName":"@me"},"SKey":"@crypt_canary2","SyncKey":{"Count":1,"List":[{"Key":1,"Val":424242424}]}}"#,
        r#"{"BaseResponse":{"Ret":0}}"#,
    ]
    .map(Bytes::from)
}

#[test]
fn p15_no_secret_in_any_state_of_a_login_and_what_comes_after() {
    let mut shown = Shown::default();
    let (policy, nothing) = (Policy::default(), Bytes::new());
    let bad = [
        "canary",
        "<html>canary",
        "{\"canary\":1}",
        "",
        "<error><ret>1</ret><skey>canary</skey></error>",
    ];
    for turn in 0..=6 {
        for bad in bad {
            let mut answers = login_answers().into_iter().take(turn);
            let mut login = Login::new(Site::new(Profile::Web), SEED, policy.clone());
            // The login could wait forever, so it is cancelled.
            shown.run_for(&mut login, &nothing, || answers.next().unwrap_or(Bytes::from(bad)), 60);
            shown.show(&login.shown());
        }
    }
    for bad in bad {
        let answer = || Bytes::from(bad);
        shown.run_for(
            &mut Restore::new(&session(), SEED, policy.clone()).unwrap(),
            &nothing,
            answer,
            60,
        );
        shown.run_for(
            &mut ListContacts::new(&session(), SEED, policy.clone()).unwrap(),
            &nothing,
            answer,
            60,
        );
        let mut rooms = ListRooms::new(&session(), SEED, policy.clone()).unwrap();
        let mut answers = login_answers().into_iter().skip(4);
        shown.run_for(&mut rooms, &nothing, || answers.next().unwrap_or(Bytes::from(bad)), 60);
        shown.run_for(
            &mut Logout::new(&session(), SEED, policy.clone()).unwrap(),
            &nothing,
            answer,
            60,
        );
        let answers = [4, 5].map(|n| login_answers()[n].clone());
        let mut answers = answers.into_iter();
        let mut messages = NextMessages::new(&session(), SEED, policy.clone()).unwrap();
        shown.run_for(&mut messages, &nothing, || answers.next().unwrap_or(Bytes::from(bad)), 60);
    }
    shown.assert_silent();
}

#[test]
fn p15_no_secret_in_any_pair_of_a_login() {
    let mut shown = Shown::default();
    let session = session();
    let site = Site::new(Profile::Web);
    let [code, scanned, confirmed, page, init, _] = login_answers().map(Response::new);
    let uuid = JsLogin::read(&code).unwrap();
    let poll = PollLogin::new(uuid.clone(), false, UnixMs::new(1));
    let Polled::Confirmed { redirect_uri } = PollLogin::read(&confirmed).unwrap() else { panic!() };
    let (new_page, _) = NewLoginPage::from_redirect(&redirect_uri, &site).unwrap();
    shown.show(&(
        &uuid,
        uuid.link(&site),
        PollLogin::read(&scanned),
        PollLogin::read(&confirmed),
        &poll,
        JsLogin::new(UnixMs::new(1)),
    ));
    shown.show(&(&new_page, NewLoginPage::read(&page), Init::read(&init), &site));
    let sync = r#"{"BaseResponse":{"Ret":0},"SKey":"canary","SyncKey":{"Count":1,"List":[{"Key":1,"Val":424242424}]}}"#;
    shown.show(&SyncMessages::read(&Response::new(Bytes::from(sync))));
    let media_id = MediaId::new("@m").unwrap();
    let contacts = BatchGetContact::new([to().into()], SEED);
    shown.show(&BatchGetContact::read(&Response::new(Bytes::from(sync))));
    let file = SendMsg::file(media_id.clone(), "a.jpg", 1, to(), SEED);
    shown.show(&(
        Init::new(SEED),
        StatusNotify::new(SEED),
        SyncCheck::new(SEED),
        SyncMessages::new(SEED),
        &contacts,
        &file,
    ));
    shown.show(&(
        PushLoginUrl::new(UnixMs::new(1)),
        GetContact::new(0, UnixMs::new(1)),
        LogoutCall::new(UnixMs::new(1)),
    ));
    let mut moving = session.clone();
    moving.apply_init(&Init::read(&init).unwrap());
    shown.show(&moving);
    let requests = [
        JsLogin::new(UnixMs::new(1)).request(&Session::new(site.clone())),
        poll.request(&Session::new(site.clone())),
        new_page.request(&Session::new(site.clone())),
        PushLoginUrl::new(UnixMs::new(1)).request(&session),
        Init::new(SEED).request(&session),
        StatusNotify::new(SEED).request(&session),
        SyncCheck::new(SEED).request(&moving),
        SyncMessages::new(SEED).request(&moving),
        GetContact::new(0, UnixMs::new(1)).request(&session),
        contacts.request(&session),
        file.request(&session),
        LogoutCall::new(UnixMs::new(1)).request(&session),
    ];
    for request in requests {
        shown.show_request(&request.unwrap());
    }
    shown.assert_silent();
}

#[test]
fn p15_no_secret_in_any_pair() {
    let mut shown = Shown::default();
    let (session, policy) = (session(), Policy::default());
    let bytes = jpeg(100);
    let upload = UploadMedia::new(media(&bytes), Md5::digest(b""), to(), SEED);
    let chunk = upload.chunk(0, bytes.clone());
    let media_id = MediaId::new("@m").unwrap();
    let check = CheckUpload::new(&media(&bytes), Md5::digest(b""), to(), SEED);
    let image = GetMsgImg::new(MsgId::new("7").unwrap(), ImageVariant::Original, SEED);
    let received = GetMedia::new(file().file().unwrap().clone(), SEED);
    shown.show(&(file(), &received));
    let (message, emoticon) =
        (SendMsg::image(media_id.clone(), to(), SEED), SendMsg::emoticon(media_id, to(), SEED));
    let (id, local_id) = (MsgId::new("7").unwrap(), message.local_id().clone());
    let (video, voice) = (GetVideo::new(id.clone(), SEED), GetVoice::new(id.clone(), SEED));
    let revoke = RevokeMsg::new(id, local_id, to(), SEED);
    shown.show(&(&video, &voice, &revoke));
    let requests = [
        chunk.request(&session),
        video.request(&session),
        voice.request(&session),
        revoke.request(&session),
        check.request(&session),
        image.request(&session),
        received.request(&session),
        message.request(&session),
        emoticon.request(&session),
        Preflight::new(SEED).request(&session),
        Report::UploadBegun.request(&session),
    ];
    for request in requests {
        shown.show_request(&request.unwrap());
    }
    shown.show(&(&upload, &chunk, &check, &image, &message, &emoticon));
    shown.show(&(
        &session,
        session.cookies(),
        session.hosts(),
        session.skey(),
        session.to_json(),
        &policy,
    ));
    let secret = "{\"BaseResponse\":{\"Ret\":0},\"AESKey\":\"canary\",\"Signature\":\"canary\"}";
    shown.show(&CheckUpload::read(&Response::new(Bytes::from(secret))).unwrap());
    for broken in [
        "{\"version\":1,\"base\":\"https://canary@evil.example/canary\"",
        "canary",
        "{\"version\":\"canary\"}",
    ] {
        let error = Session::from_json(broken).unwrap_err();
        shown.show(&error);
        write!(shown.0, "{}", ErrorChain(&error)).unwrap();
    }
    for (key, value) in [
        ("base", "https://canary@evil.example/canary?canary"),
        ("uin", "canary"),
        ("cookies", "canary"),
    ] {
        let mut file: serde_json::Value = serde_json::from_str(session.to_json().expose()).unwrap();
        file[key] = value.into();
        let error = Session::from_json(file.to_string()).unwrap_err();
        shown.show(&error);
        write!(shown.0, "{}", ErrorChain(&error)).unwrap();
    }
    shown.assert_silent();
}
