//! Emoticons by MD5, and forwarded messages.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::model::message::Message;
use crate::model::not_forwardable::NotForwardable;
use crate::wire::list::Element;

/// Returns a received message with the fields that the vectors leave out.
fn received(fields: &Value) -> Message {
    let mut json = json!({ "MsgId": "4100000000000000001", "FromUserName": "@friend" });
    json.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Message::from_json(&RawValue::from_string(json.to_string()).unwrap()).unwrap()
}

/// Compares a request with one of a vector, byte for byte.
fn assert_is(call: &SendMsg, session: &Session, expected: &Value, name: &str) {
    let request = call.request(session).unwrap();
    let url = request.http().uri();
    assert_eq!(request.http().method(), text(expected, "/method"), "{name}");
    assert_eq!(url.host(), expected["host"].as_str(), "{name}");
    assert_eq!(url.path(), text(expected, "/path"), "{name}");
    assert_eq!(url.query(), expected["query_text"].as_str(), "{name}");
    let body = with_ids_of(&request, &expected["body"]);
    assert_eq!(body, text(expected, "/body_text"), "{name}");
}

/// Returns the own upload that `signature` belongs to.
fn upload(len: u64, signature: &str) -> Uploaded {
    let ticket = UploadTicket::new(String::new(), signature.to_owned());
    let body = json!({ "Msg": { "Content": format!(
        "<attachid>@m</attachid><totallen>{len}</totallen>"
    ) } });
    uploaded_file("big.zip", &body, Some(ticket))
}

#[test]
fn p87_p88_forwards_are_the_pages_to_the_byte() {
    let vector = read_vector(include_str!("../../../../tests/vectors/forward.json"));
    let cases = vector["cases"].as_array().unwrap();
    for case in cases {
        let (name, expected) = (text(case, "/kind"), &case["request"]);
        let mut forward = received(&case["received"]).forward().unwrap();
        if let Some(signature) = case["received"]["known_signature"].as_str() {
            assert!(forward.may_be_refused());
            let len = text(case, "/received/FileSize").parse().unwrap();
            forward = forward.signed_by(&upload(len, signature));
        }
        assert!(!forward.may_be_refused(), "{name}");
        // It can be saved in between.
        let forward = serde_json::from_str(&serde_json::to_string(&forward).unwrap()).unwrap();
        let (session, to) = example("https://wx.qq.com", text(expected, "/body/Msg/ToUserName"));
        let call = SendMsg::inline(&InlineContent::Forward(forward), to, SEED);
        assert_is(&call, &session, expected, name);
    }
    assert_eq!(cases.len(), 9);
    let answer = &vector["responses"][0];
    let receipt = read(200, text(answer, "/text").to_owned()).unwrap();
    assert_eq!(receipt.msg_id.as_str(), text(answer, "/body/MsgID"));
}

#[test]
fn p87_the_forwarded_text_of_the_vector_of_texts() {
    let vector = read_vector(include_str!("../../../../tests/vectors/text_send.json"));
    let mut cases = vector["cases"].as_array().unwrap().iter();
    let case = cases.find(|case| case["body"]["Scene"] == 2).unwrap();
    let (session, to) = example("https://wx.qq.com", text(case, "/body/Msg/ToUserName"));
    let hello = received(&json!({ "MsgType": 1, "Content": "hello" })).forward().unwrap();
    assert_is(&SendMsg::forward(&hello, to, SEED), &session, case, "text");
}

#[test]
fn p87_other_kinds_are_refused_with_the_reason() {
    let vector = read_vector(include_str!("../../../../tests/vectors/forward.json"));
    let person = json!({ "UserName": "@a", "NickName": "Anna", "Content": "", "Ticket": "" });
    for case in vector["refused"].as_array().unwrap() {
        let mut message = case.clone();
        message["RecommendInfo"] = person.clone();
        message["Content"] = "<msg></msg>".into();
        let refused = received(&message).forward().unwrap_err();
        let expected = match text(case, "/why") {
            "voice" => NotForwardable::Voice,
            "card" => NotForwardable::ContactCard,
            "link" => NotForwardable::Link,
            // Without the XML of a mini program, it is an app message of this type.
            "mini program" => NotForwardable::App { app_msg_type: 33 },
            "transfer" => NotForwardable::Transfer,
            "store sticker" => NotForwardable::StoreEmoticon,
            "system" => NotForwardable::System,
            other => panic!("{other}"),
        };
        assert_eq!(refused, expected, "{case}");
    }
    let app = |app_msg_type: i64, content: &str| {
        let message = json!({ "MsgType": 49, "AppMsgType": app_msg_type, "Content": content });
        received(&message).forward().unwrap_err()
    };
    let program = "<appmsg><weappinfo><username>x</username></weappinfo></appmsg>";
    let quote = "<appmsg><refermsg><svrid>7</svrid></refermsg></appmsg>";
    assert_eq!(app(33, program), NotForwardable::MiniProgram);
    assert_eq!(app(57, quote), NotForwardable::Quote);
    assert_eq!(app(19, ""), NotForwardable::ChatHistory);
    assert_eq!(app(2001, ""), NotForwardable::RedPacket);
    assert_eq!(app(2, ""), NotForwardable::App { app_msg_type: 2 });
    let other = |fields: Value| received(&fields).forward().unwrap_err();
    let recall = "<sysmsg type=\"revokemsg\"><revokemsg><msgid>7</msgid></revokemsg></sysmsg>";
    assert_eq!(other(json!({ "MsgType": 10_002, "Content": recall })), NotForwardable::Recall);
    assert_eq!(
        other(json!({ "MsgType": 51, "StatusNotifyCode": 4 })),
        NotForwardable::StatusNotice
    );
    let request = json!({ "MsgType": 37, "RecommendInfo": person });
    assert_eq!(other(request), NotForwardable::FriendRequest);
    assert_eq!(other(json!({ "MsgType": 9 })), NotForwardable::Other { msg_type: Some(9) });
    assert_eq!(
        other(json!({ "MsgType": 1, "HasProductId": 1, "Content": "x" })),
        NotForwardable::StoreEmoticon
    );
}

#[test]
fn p87_a_message_without_the_values_that_it_needs_is_refused() {
    for incomplete in [
        json!({ "MsgType": 1, "Content": "" }),
        json!({ "MsgType": 3, "Content": "" }),
        json!({ "MsgType": 43 }),
        json!({ "MsgType": 47, "Content": "@abab" }),
        json!({ "MsgType": 1, "SubMsgType": 48, "Content": "a:<br/>b", "Url": "?coord=1,2" }),
        json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "a", "FileSize": "1" }),
        json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "a", "MediaId": "@a" }),
        json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "a", "FileSize": "1", "MediaId": "" }),
        json!({ "MsgType": 49, "AppMsgType": 6, "FileSize": "1", "MediaId": "@a" }),
        json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "", "FileSize": "1", "MediaId": "@a" }),
    ] {
        let refused = received(&incomplete).forward();
        assert_eq!(refused, Err(NotForwardable::Incomplete), "{incomplete}");
    }
}

#[test]
fn p87_a_quote_that_is_a_text_is_forwarded_whole() {
    let content = "「Anna：yes」<br/>- - - - - - - - - - - - - - -<br/>&lt;no&gt;";
    let quote = received(&json!({ "MsgType": 1, "Content": content })).forward().unwrap();
    let (session, to) = example("https://wx.qq.com", "@0a");
    let request = SendMsg::forward(&quote, to, SEED).request(&session).unwrap();
    let sent: Value = serde_json::from_str(&json(&request)).unwrap();
    assert_eq!(sent["Msg"]["Content"], "「Anna：yes」\n- - - - - - - - - - - - - - -\n<no>");
}

#[test]
fn p84_an_emoticon_by_md5_is_the_pages_to_the_byte() {
    let vector = read_vector(include_str!("../../../../tests/vectors/emoticon.json"));
    let mut cases = vector["cases"].as_array().unwrap().iter();
    let case = cases.find(|case| text(case, "/name").starts_with("by md5")).unwrap();
    let (session, to) = example("https://wx.qq.com", text(case, "/body/Msg/ToUserName"));
    let emoticon = Emoticon::from_md5(text(case, "/body/Msg/EMoticonMd5").parse().unwrap());
    let call = SendMsg::inline(&emoticon.into(), to.clone(), SEED);
    assert_is(&call, &session, case, "by md5");
    // One that was received is sent in the same form, and forwarded as the page does.
    let received = received(&vector["received"][0]["message"]);
    let case = cases.find(|case| text(case, "/name").contains("exactly as the page")).unwrap();
    assert_is(
        &SendMsg::forward(&received.forward().unwrap(), to.clone(), SEED),
        &session,
        case,
        "forwarded",
    );
    let md5 = received.emoticon().unwrap().md5();
    assert_eq!(md5.to_string(), text(&vector, "/received/0/expect/md5"));
    for texts in vector["md5_or_media_id"].as_array().unwrap() {
        let parsed = text(texts, "/text").parse::<Md5>();
        assert_eq!(parsed.is_ok(), texts["is"] == "md5", "{texts}");
    }
}

#[test]
fn p85_an_emoticon_of_the_store_is_neither_sent_nor_forwarded() {
    let vector = read_vector(include_str!("../../../../tests/vectors/emoticon.json"));
    for case in vector["received"].as_array().unwrap() {
        let message = received(&case["message"]);
        if case["expect"]["available"] == false {
            assert_eq!(message.emoticon(), None, "{case}");
            assert_eq!(message.attachment(), None, "{case}");
            assert_eq!(message.forward(), Err(NotForwardable::StoreEmoticon), "{case}");
        } else {
            assert!(message.attachment().is_some(), "{case}");
        }
    }
}
