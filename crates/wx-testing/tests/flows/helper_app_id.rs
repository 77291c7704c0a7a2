//! Where the calls on the File Transfer Helper carry `mmweb_appid`.

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::get_media::GetMedia;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::js_login::JsLogin;
use wx_proto::endpoint::logout::LogoutCall;
use wx_proto::endpoint::preflight::Preflight;
use wx_proto::endpoint::report::Report;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::status_notify::StatusNotify;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::endpoint::upload_parallel::UploadParallel;
use wx_proto::{Attachment, ImageVariant, Md5, Media, MediaId, MsgId, Recipient, Session, Text};
use wx_testing::harness::SEED;

use crate::messages::key;

fn session(base: &str) -> Session {
    let builder = Session::builder(base).uin(1).sid("s").skey("k").user_name("@me");
    let json = builder.data_ticket("t").build().unwrap().to_json();
    let mut json: serde_json::Value = serde_json::from_str(json.expose()).unwrap();
    json["sync_key"] = key(5);
    Session::from_json(json.to_string()).unwrap()
}

/// The name of a call, whether its header and whether its query has the id, and its query.
type Marked = (&'static str, bool, bool, String);

fn marked<E: Endpoint>(call: &E, session: &Session) -> Marked {
    let request = call.request(session).unwrap();
    let http = request.http();
    let header = http.headers().get("mmweb_appid");
    assert!(header.is_none_or(|value| value == "wx_webfilehelper"));
    let query = http.uri().query().unwrap_or_default().to_owned();
    let in_query = query.split('&').any(|pair| pair == "mmweb_appid=wx_webfilehelper");
    assert_eq!(query.contains("mmweb_appid"), in_query, "{query}");
    (request.endpoint(), header.is_some(), in_query, query)
}

/// Returns each call that a session can make.
fn calls(session: &Session) -> Vec<Marked> {
    let (to, id) = (Recipient::file_helper(), || MediaId::new("@m").unwrap());
    let media = Media::new("a.zip", 3, b"abc").unwrap();
    let upload = UploadMedia::new(media.clone(), Md5::digest(b"abc"), to.clone(), SEED);
    let bytes = Bytes::from_static(b"abc");
    let file = serde_json::json!({
        "msg_id": "1", "kind": "file", "sender": "@me", "media_id": "@m", "name": "a",
    });
    let file: Attachment = serde_json::from_value(file).unwrap();
    let image = |variant| GetMsgImg::new(MsgId::new("7").unwrap(), variant, SEED);
    let to_itself = to.user_name().clone();
    vec![
        marked(&Init::new(SEED), session),
        marked(&StatusNotify::new(SEED), session),
        marked(&SyncMessages::new(SEED), session),
        marked(&GetContact::new(0, SEED.unix_ms), session),
        marked(&BatchGetContact::new([to_itself], SEED), session),
        marked(&SendMsg::text(&Text::new("hi"), to.clone(), SEED), session),
        marked(&SendMsg::image(id(), to.clone(), SEED), session),
        marked(&SendMsg::emoticon(id(), to.clone(), SEED), session),
        marked(&SendMsg::file(id(), "a.zip", 3, to.clone(), SEED), session),
        marked(&CheckUpload::new(&media, Md5::digest(b"abc"), to, SEED), session),
        marked(&upload.chunk(0, bytes.clone()), session),
        marked(&UploadParallel::new(&upload, None, 0, bytes, SEED), session),
        marked(&LogoutCall::new(SEED.unix_ms), session),
        // What a browser requests by an element.
        marked(&SyncCheck::new(SEED), session),
        marked(&image(ImageVariant::Original), session),
        marked(&image(ImageVariant::Thumbnail), session),
        marked(&image(ImageVariant::Emoticon), session),
        marked(&GetMedia::new(file.file().unwrap().clone(), SEED), session),
        marked(&JsLogin::new(SEED.unix_ms), session),
        marked(&Preflight::new(SEED), session),
        marked(&Report::for_upload(1, 1)[0], session),
    ]
}

#[test]
fn p96_the_helpers_id_is_where_a_browser_can_put_it() {
    let helper = session("https://filehelper.weixin.qq.com");
    let found = calls(&helper);
    for (at, (name, in_header, in_query, query)) in found.iter().enumerate() {
        // The preflight and the upload have one name.
        let is_preflight =
            found[..at].iter().any(|(before, ..)| before == name) && *name == "webwxuploadmedia";
        let expected = match *name {
            "synccheck" | "webwxgetmsgimg" | "webwxgetmedia" => (false, true),
            "jslogin" | "reportforweb" => (false, false),
            _ => (!is_preflight, false),
        };
        assert_eq!((*in_header, *in_query), expected, "{name}");
        let has = |pair: &str| format!("&{query}&").contains(pair);
        assert_eq!(has("&MsgID=7&"), *name == "webwxgetmsgimg", "{query}");
        let names_sid = matches!(*name, "webwxgetmedia" | "synccheck" | "webwxsync");
        assert_eq!(has("&sid=s&"), names_sid, "{query}");
    }
    for (name, in_header, in_query, _) in calls(&session("https://wx.qq.com")) {
        assert!(!in_header && !in_query, "{name}");
    }
}
