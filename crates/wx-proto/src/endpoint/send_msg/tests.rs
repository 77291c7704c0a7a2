mod forwarding;

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

fn call() -> SendMsg {
    SendMsg::image(media(), to(), SEED)
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
    // With the random ids replaced, the text equals the captured one byte for byte.
    let sent: Value = serde_json::from_str(&json(&request)).unwrap();
    let expected = text(captured, "/body_text")
        .replace("15114939427950364", text(&sent, "/Msg/LocalID"))
        .replace("e426626750347587", text(&sent, "/BaseRequest/DeviceID"));
    assert_eq!(json(&request), expected);
    assert_eq!(sent["Msg"]["LocalID"], sent["Msg"]["ClientMsgId"]);
    assert_eq!(text(&sent, "/Msg/LocalID"), call().local_id().as_str());
}

#[test]
fn p42_pass_ticket_is_last_and_encoded_again() {
    let request = call().request(&session(Some("a%2Bb%3D"))).unwrap();
    assert_eq!(
        request.http().uri().query(),
        Some("fun=async&f=json&lang=zh_CN&pass_ticket=a%252Bb%253D")
    );
}

#[test]
fn p47_a_gif_is_sent_as_an_emoticon() {
    let request = SendMsg::emoticon(media(), to(), SEED).request(&session(None)).unwrap();
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

#[test]
fn p80_a_video_is_sent_as_the_vector_has_it() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/sendvideomsg.json")).unwrap();
    let case = &vector["cases"][0];
    let word = |pointer: &str| text(&case["body"], pointer).to_owned();
    let session = Session::builder(&format!("https://{}", text(case, "/host")))
        .uin(case["body"]["BaseRequest"]["Uin"].as_u64().unwrap().try_into().unwrap())
        .sid(word("/BaseRequest/Sid"))
        .skey(word("/BaseRequest/Skey"))
        .user_name(&word("/Msg/FromUserName"))
        .pass_ticket(text(case, "/query/3/1"))
        .data_ticket("t")
        .build()
        .unwrap();
    let (media_id, to) = (word("/Msg/MediaId"), word("/Msg/ToUserName"));
    let (media_id, to) = (MediaId::new(media_id).unwrap(), Recipient::new(to).unwrap());
    let call = SendMsg::video(media_id, to, SEED);
    let request = call.request(&session).unwrap();
    assert_eq!(request.http().method(), text(case, "/method"));
    assert_eq!(request.http().uri().path(), text(case, "/path"));
    assert_eq!(request.http().uri().query(), Some(text(case, "/query_text")));
    assert_eq!(request.http().headers()["content-type"], text(case, "/content_type"));
    let sent: Value = serde_json::from_str(&json(&request)).unwrap();
    let expected = text(case, "/body_text")
        .replace(&word("/Msg/LocalID"), call.local_id().as_str())
        .replace(&word("/BaseRequest/DeviceID"), text(&sent, "/BaseRequest/DeviceID"));
    assert_eq!(json(&request), expected);
    let answer = &vector["responses"][0];
    assert_eq!(
        read(200, text(answer, "/text").to_owned()).unwrap().msg_id.as_str(),
        text(answer, "/body/MsgID")
    );
}

fn read(status: u16, body: impl Into<Bytes>) -> Result<Receipt, ReplyError> {
    SendMsg::read(&Response::builder().status(status).body(body.into()).unwrap())
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

fn read_vector(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The session that the made-up vectors have in common.
fn example(base: &str, to: &str) -> (Session, Recipient) {
    let session = Session::builder(base)
        .uin(2_272_112_421)
        .sid("AbCdEfGhIjKlMnOp")
        .skey("@crypt_00000000_00000000000000000000000000000000")
        .user_name("@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
        .pass_ticket("AbCdEfGhIj%2BKlMnOpQr%2FStUvWxYz%3D")
        .data_ticket("t");
    (session.build().unwrap(), Recipient::new(to).unwrap())
}

/// Returns the body with the ids of the vector in place of the random ones.
fn with_ids_of(request: &ApiRequest, vector: &Value) -> String {
    let sent = json(request);
    let sent_json: Value = serde_json::from_str(&sent).unwrap();
    let text = |value: &Value, pointer| text(value, pointer).to_owned();
    sent.replace(&text(&sent_json, "/Msg/LocalID"), &text(vector, "/Msg/LocalID"))
        .replace(&text(&sent_json, "/BaseRequest/DeviceID"), &text(vector, "/BaseRequest/DeviceID"))
}

#[test]
fn p61_p62_p64_texts_are_the_pages_to_the_byte() {
    let vector = read_vector(include_str!("../../../tests/vectors/text_send.json"));
    let mut seen = 0;
    for case in vector["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let body = &case["body"];
        let (session, to) = example("https://wx.qq.com", text(body, "/Msg/ToUserName"));
        // Forwarding is a separate call, and our session always has a language.
        if body["Scene"] != 0 || name.starts_with("pass_ticket unknown") {
            continue;
        }
        let mut message = Text::new(text(body, "/Msg/Content"));
        if let Some(source) = body["Msg"]["MsgSource"].as_str() {
            let id = source.split_once("<atusername>").unwrap().1.split_once('<').unwrap().0;
            message = message.notifying([UserName::new(id).unwrap()]);
        }
        let request = SendMsg::text(&message, to, SEED).request(&session).unwrap();
        assert_eq!(request.http().uri().path(), text(case, "/path"), "{name}");
        assert_eq!(request.http().uri().query(), case["query_text"].as_str(), "{name}");
        assert_eq!(request.http().headers()["content-type"], text(case, "/content_type"));
        assert_eq!(with_ids_of(&request, body), text(case, "/body_text"), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn p64_members_are_notified_in_rooms_only() {
    let anna = [UserName::new("@a").unwrap()];
    for (to, expected) in [("@@0a", true), ("@0a", false), ("filehelper", false)] {
        let text = Text::new("hi").notifying(anna.clone());
        let (session, to) = example("https://wx.qq.com", to);
        let request = SendMsg::text(&text, to, SEED).request(&session).unwrap();
        assert_eq!(json(&request).contains("MsgSource"), expected);
    }
}

#[test]
fn p63_an_empty_text_is_refused_before_any_request() {
    let vector = read_vector(include_str!("../../../tests/vectors/text_send.json"));
    let empty = Text::new(vector["local_refusals"][0]["content"].as_str().unwrap());
    let (session, to) = example("https://wx.qq.com", "@0a");
    let refused = SendMsg::text(&empty, to, SEED).request(&session).unwrap_err();
    assert_eq!(refused, RequestError::EmptyText);
}

#[test]
fn p61_replies_to_texts_of_the_vector() {
    let vector = read_vector(include_str!("../../../tests/vectors/text_send.json"));
    let accepted = &vector["responses"][0];
    let receipt = read(200, text(accepted, "/text").to_owned()).unwrap();
    assert_eq!(receipt.msg_id.as_str(), text(accepted, "/body/MsgID"));
    assert_eq!(text(accepted, "/text").len(), vector["response_length"].as_u64().unwrap() as usize);
    for failure in vector["failure_responses"].as_array().unwrap() {
        let refused = read(200, failure["body"].to_string());
        assert!(matches!(refused, Err(ReplyError::Refused { .. })), "{failure}");
    }
}

/// Returns the completed upload of a file, as the flow returns it.
fn uploaded_file(name: &str, body: &Value, ticket: Option<UploadTicket>) -> Uploaded {
    let content = text(body, "/Msg/Content");
    let element = |name: &str| {
        let inside = content.split_once(&format!("<{name}>")).unwrap().1;
        inside.split_once('<').unwrap().0.to_owned()
    };
    Uploaded {
        media_id: MediaId::new(element("attachid")).unwrap(),
        thumbnail: None,
        encry_file_name: None,
        name: name.to_owned(),
        kind: MediaKind::File,
        bytes: element("totallen").parse().unwrap(),
        md5: crate::Md5::from([0; 16]),
        chunks: 1,
        server_byte_count: None,
        ticket,
    }
}

#[test]
fn p73_p74_files_are_the_pages_to_the_byte() {
    let vector = read_vector(include_str!("../../../tests/vectors/appmsg_file.json"));
    let mut seen = 0;
    for (case, name) in vector["send"].as_array().unwrap().iter().zip([
        "report.PDF",
        "big.zip",
        "a & b <1>.zip",
        "noext",
        "archive.tar.gz",
        "图片 1.zip",
        "desktop login",
    ]) {
        if name == "desktop login" {
            continue;
        }
        let body = &case["body"];
        let ticket = body["Msg"]["Signature"].as_str().map(|signature| {
            UploadTicket::new("0123456789abcdef0123456789abcdef".to_owned(), signature.to_owned())
        });
        assert_eq!(ticket.is_some(), name == "big.zip");
        let (session, to) = example("https://wx.qq.com", text(body, "/Msg/ToUserName"));
        let uploaded = uploaded_file(name, body, ticket);
        let request = SendMsg::new(&uploaded, to, SEED).request(&session).unwrap();
        assert_eq!(request.http().uri().query(), case["query_text"].as_str(), "{name}");
        assert_eq!(with_ids_of(&request, body), text(case, "/body_text"), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

#[test]
fn p74_extensions_and_replies_of_the_vector() {
    let vector = read_vector(include_str!("../../../tests/vectors/appmsg_file.json"));
    for case in vector["fileext"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let call = SendMsg::file(media(), name, 1024, to(), SEED);
        let sent: Value =
            serde_json::from_str(&json(&call.request(&session(None)).unwrap())).unwrap();
        let official = case["recommended"].as_str().or(case["official"].as_str()).unwrap();
        let extension = format!("<fileext>{official}</fileext>");
        assert!(text(&sent, "/Msg/Content").contains(&extension), "{name}");
    }
    let accepted = &vector["responses"][0];
    let receipt = read(200, text(accepted, "/text").to_owned()).unwrap();
    assert_eq!(receipt.msg_id.as_str(), text(accepted, "/body/MsgID"));
    for failure in vector["failure_responses"].as_array().unwrap() {
        assert_eq!(failure["outcome"], "not sent");
        let status = failure["status"].as_u64().unwrap_or(200);
        let body = failure["body"].as_object().map_or_else(
            || failure["body_text"].as_str().unwrap_or_default().to_owned(),
            |_| failure["body"].to_string(),
        );
        let refused = read(u16::try_from(status).unwrap(), body).unwrap_err();
        let expected = match failure["body"]["BaseResponse"]["Ret"].as_i64() {
            Some(ret) => {
                matches!(refused, ReplyError::Refused { ret: found, .. } if found.0 == ret)
            }
            None if status == 402 => refused == ReplyError::Status(402),
            None => refused == ReplyError::Empty,
        };
        assert!(expected, "{failure}: {refused:?}");
    }
}

#[test]
fn p47_the_pages_emoticon_to_the_byte() {
    let vector = read_vector(include_str!("../../../tests/vectors/emoticon.json"));
    let mut cases = vector["cases"].as_array().unwrap().iter();
    let case = cases.find(|case| case["name"] == "own GIF after an upload as doc").unwrap();
    let body = &case["body"];
    let (session, to) = example("https://wx.qq.com", text(body, "/Msg/ToUserName"));
    let id = MediaId::new(text(body, "/Msg/MediaId")).unwrap();
    let request = SendMsg::emoticon(id, to, SEED).request(&session).unwrap();
    assert_eq!(request.http().uri().path(), text(case, "/path"));
    assert_eq!(request.http().uri().query(), case["query_text"].as_str());
    assert_eq!(with_ids_of(&request, body), text(case, "/body_text"));
    let accepted = &vector["responses"][0];
    let receipt = read(200, text(accepted, "/text").to_owned()).unwrap();
    assert_eq!(receipt.msg_id.as_str(), text(accepted, "/body/MsgID"));
}

#[test]
fn p98_a_large_file_of_the_file_transfer_helper_repeats_the_whole_ticket() {
    let vector = read_vector(include_str!("../../../tests/vectors/upload_parallel.json"));
    let recommended = &vector["send_recommended"];
    let part = |pointer: &str| text(recommended, pointer).to_owned();
    let ticket = UploadTicket::new(part("/Msg/AESKey"), part("/Msg/Signature"));
    let (session, to) = example("https://filehelper.weixin.qq.com", "filehelper");
    let uploaded = uploaded_file("big.zip", recommended, Some(ticket));
    let request = SendMsg::new(&uploaded, to, SEED).request(&session).unwrap();
    let sent = json(&request);
    let sent_json: Value = serde_json::from_str(&sent).unwrap();
    let sent = sent.replace(text(&sent_json, "/Msg/LocalID"), &part("/Msg/LocalID"));
    assert!(sent.contains(&format!("\"Msg\":{}", part("/Msg_text"))), "{sent}");
}
