use serde_json::Value;

use super::*;
use crate::model::ret::{Ret, RetClass};
use crate::model::unix_ms::UnixMs;

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/sendmsgimg.json")).unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

fn session(pass_ticket: Option<&str>) -> Session {
    let vector = vector();
    let body = &vector["request"]["body"];
    let builder = Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .sid(text(body, "/BaseRequest/Sid"))
        .skey(text(body, "/BaseRequest/Skey"))
        .user_name(text(body, "/Msg/FromUserName"))
        .data_ticket("t");
    pass_ticket.map_or(builder.clone(), |ticket| builder.pass_ticket(ticket)).build().unwrap()
}

fn media() -> MediaId {
    MediaId::new(text(&vector(), "/request/body/Msg/MediaId")).unwrap()
}

fn to() -> Recipient {
    Recipient::new(text(&vector(), "/request/body/Msg/ToUserName")).unwrap()
}

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [4; 16] };

fn call() -> SendMedia {
    SendMedia::image(media(), to(), SEED)
}

fn json(request: &ApiRequest) -> String {
    String::from_utf8(request.http().body().to_vec()).unwrap()
}

#[test]
fn p12_p13_p42_p43_p44_the_request_of_the_users_notes() {
    let vector = vector();
    let captured = &vector["request"];
    let request = call().request(&session(None)).unwrap();
    assert_eq!(request.http().method(), text(captured, "/method"));
    assert_eq!(request.http().uri().to_string(), text(captured, "/url"));
    assert_eq!(request.http().headers()["content-type"], text(captured, "/content_type"));
    assert_eq!(request.http().headers()["origin"], "https://wx.qq.com");
    assert_eq!(request.http().headers()["referer"], "https://wx.qq.com/?lang=zh_CN");
    // The drawn ids put in, the text is the captured one to the byte.
    let sent: Value = serde_json::from_str(&json(&request)).unwrap();
    let expected = text(captured, "/body_text")
        .replace("15114939427950364", text(&sent, "/Msg/LocalID"))
        .replace("e426626750347587", text(&sent, "/BaseRequest/DeviceID"));
    assert_eq!(json(&request), expected);
    assert_eq!(sent["Msg"]["LocalID"], sent["Msg"]["ClientMsgId"]);
    assert_eq!(text(&sent, "/Msg/LocalID"), call().local_id().as_str());
}

#[test]
fn p42_pass_ticket_goes_last_and_encoded_again() {
    let request = call().request(&session(Some("a%2Bb%3D"))).unwrap();
    assert_eq!(
        request.http().uri().query(),
        Some("fun=async&f=json&lang=zh_CN&pass_ticket=a%252Bb%253D")
    );
}

#[test]
fn p47_a_gif_goes_as_an_emoticon() {
    let request = SendMedia::emoticon(media(), to(), SEED).request(&session(None)).unwrap();
    assert_eq!(request.http().uri().path(), "/cgi-bin/mmwebwx-bin/webwxsendemoticon");
    assert_eq!(request.http().uri().query(), Some("fun=sys&lang=zh_CN"));
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/emoticon.json")).unwrap();
    let cases = vector["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == "own GIF after an upload as doc").unwrap();
    let sent: Value = serde_json::from_str(&json(&request)).unwrap();
    let keys = |body: &Value| body["Msg"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&sent), keys(&case["body"]), "no Content");
    for key in ["Type", "EmojiFlag"] {
        assert_eq!(sent["Msg"][key], case["body"]["Msg"][key]);
    }
    assert_eq!(text(&sent, "/Msg/MediaId"), media().as_str());
}

fn read(status: u16, body: impl Into<Bytes>) -> Result<Receipt, ReplyError> {
    SendMedia::read(&Response::builder().status(status).body(body.into()).unwrap())
}

#[test]
fn p45_only_ret_0_with_a_msg_id_is_sent() {
    let vector = vector();
    let receipt = read(200, vector["response"]["body"].to_string()).unwrap();
    assert_eq!(receipt.msg_id.as_str(), "1036723910963469192");
    for failure in vector["failure_responses"].as_array().unwrap() {
        let Err(ReplyError::Refused { ret, .. }) = read(200, failure["body"].to_string()) else {
            panic!("accepted {failure}")
        };
        assert_eq!(ret.0, failure["body"]["BaseResponse"]["Ret"].as_i64().unwrap());
        assert_eq!(ret.class() == RetClass::RateLimited, failure["outcome"] == "rate limited");
    }
    for empty in ["\"\"", "\"0\"", "0", "null", "\"abc\""] {
        let body = format!("{{\"BaseResponse\":{{\"Ret\":0}},\"MsgID\":{empty}}}");
        assert_eq!(read(200, body), Err(ReplyError::NoMsgId), "{empty}");
    }
    assert_eq!(read(200, r#"{"BaseResponse":{"Ret":0}}"#), Err(ReplyError::NoMsgId));
}

#[test]
fn p17_a_msg_id_given_as_a_number_keeps_its_digits() {
    let receipt =
        read(200, r#"{"BaseResponse":{"Ret":0},"MsgID":8997396119269472611,"LocalID":1}"#).unwrap();
    assert_eq!(receipt.msg_id.as_str(), "8997396119269472611");
}

#[test]
fn p45_p50_a_ret_counts_whatever_the_status() {
    let refused = r#"{"BaseResponse":{"Ret":1205,"ErrMsg":"slow"},"MsgID":"7"}"#;
    let expected = ReplyError::Refused { ret: Ret(1205), message: "slow".to_owned() };
    assert_eq!(read(500, refused), Err(expected));
    assert_eq!(read(500, "<html>"), Err(ReplyError::Status(500)));
    let bad_id = r#"{"BaseResponse":{"Ret":0},"MsgID":true}"#;
    assert_eq!(read(500, bad_id), Err(ReplyError::Status(500)));
    assert_eq!(read(200, bad_id), Err(ReplyError::InvalidField));
    assert_eq!(read(302, ""), Err(ReplyError::Redirect { status: 302, host: None }));
    assert_eq!(read(200, "<html>"), Err(ReplyError::Html));
}

#[test]
fn a_file_in_the_pages_xml_with_its_name_escaped() {
    let session = Session::builder("https://filehelper.weixin.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me");
    let session = session.data_ticket("t").build().unwrap();
    let (id, to) = (MediaId::new("@crypt_1").unwrap(), Recipient::new("filehelper").unwrap());
    let call = SendMedia::file(
        id,
        "a<b>&\"c\".JPG",
        12,
        to,
        Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] },
    );
    let request = call.request(&session).unwrap();
    assert_eq!(
        request.http().uri(),
        "https://filehelper.weixin.qq.com/cgi-bin/mmwebwx-bin/webwxsendappmsg?fun=async&f=json&\
         lang=zh_CN"
    );
    let body: serde_json::Value = serde_json::from_slice(&request.http().body().to_vec()).unwrap();
    let msg = &body["Msg"];
    assert_eq!((&msg["Type"], &msg["LocalID"]), (&6.into(), &call.local_id().as_str().into()));
    assert!(msg.get("MediaId").is_none() && msg.get("EmojiFlag").is_none());
    assert_eq!(
        msg["Content"],
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>a&lt;b&gt;&amp;&quot;c&quot;.JPG</\
         title><des></des>\
         <action></action><type>6</type><content></content><url></url><lowurl></lowurl><appattach>\
         <totallen>12</totallen><attachid>@crypt_1</attachid><fileext>JPG</fileext></appattach>\
         <extinfo></extinfo></appmsg>"
    );
}
