//! Texts and XML of strangers, built from the parts that the parsers search for.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::http::Response;

use wx_testing::fuzz::{message_kind, text};

const PARTS: [&str; 40] = [
    "<span class=\"emoji emoji",
    "1f604",
    "263a",
    "2320e3",
    "d83d",
    "de04",
    "1f1e81f1f3",
    "00a900ae",
    "\"></span>",
    "\"></span",
    ">",
    "<br/>",
    "&lt;",
    "&amp;",
    "lt;",
    "amp;",
    "&#39;",
    "&quot;",
    "&",
    "@",
    "@a1",
    ":<br/>",
    "Anna",
    "「",
    "：",
    "」\n- - - - - - - - - - - - - - -\n",
    "\u{2005}",
    " ",
    "\n",
    "\r\n",
    "<msg>",
    "<appmsg>",
    "</appmsg>",
    "<refermsg/>",
    "<revokemsg><msgid>7</msgid>",
    "<title><![CDATA[",
    "]]></title>",
    "<location x='1' y=\"",
    "coord=1,2",
    "<!--",
];

fn made() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(&PARTS[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn p65_p66_texts_are_decoded_once_and_typed_ones_come_back(made in made()) {
        text::check(made.as_bytes());
    }

    #[test]
    fn p69_p72_whatever_is_written_there_is_a_message(which in any::<u8>(), made in made()) {
        message_kind::check(&[&[which], made.as_bytes()].concat());
    }
}

/// A quadratic parser would take hours.
#[test]
fn p65_p72_a_megabyte_of_beginnings_is_read_in_linear_time() {
    let begun = Instant::now();
    for part in [
        "<span class=\"emoji emoji1f60",
        "<span class=\"emoji emoji1f604\"></spa",
        "&l",
        "<br/",
        "<a ",
        "@a@",
        "「a：b」\n- - - - - - - - - - - - - - -",
        "<appmsg ",
        "<appmsg>",
        "<appmsg a='",
        "</appmsg",
        "<![CDATA[",
        "<!--",
        "a='b' ",
        ":<br/>",
    ] {
        let long = part.repeat(1_000_000 / part.len());
        for (msg_type, sub, app, before) in [
            (1, 48, 0, ""),
            (1, 0, 0, "「"),
            (10_000, 0, 0, ""),
            (10_002, 0, 0, "<revokemsg>"),
            (49, 0, 57, "<appmsg>"),
            (47, 0, 0, "<emoji "),
        ] {
            // Longer XML is not read at all.
            let end = (0..=200_000).rev().find(|at| long.is_char_boundary(*at)).unwrap();
            let xml = format!("{before}{}", &long[..end]);
            let message = json!({
                "MsgId": "7", "FromUserName": "@@room", "MsgType": msg_type, "SubMsgType": sub,
                "AppMsgType": app, "Content": if msg_type == 1 { &long } else { &xml },
                "Url": long, "OriContent": format!("<location {}", &long[..end]),
            });
            let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
            let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string())));
            let read = &reply.unwrap().messages[0];
            assert!(!read.mentions(["nobody", "no", "@a@a@a@a@a@b"]));
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}

#[test]
fn p65_names_of_contacts_and_of_the_account_are_decoded_as_texts_are() {
    let name = "Anna<span class=\"emoji emoji1f604\"></span> &amp;amp; <span class=\"emoji \
                emoji1f1e81f1f3\"></span";
    let reply = json!({
        "BaseResponse": { "Ret": 0 }, "User": { "UserName": "@me", "NickName": name },
        "MemberList": [{ "UserName": "@a", "NickName": name, "RemarkName": name }],
    });
    let reply = Response::new(Bytes::from(reply.to_string()));
    let contact = GetContact::read(&reply).unwrap().contacts.remove(0);
    assert_eq!(contact.nick_name, "Anna😄 &amp; 🇨🇳");
    assert_eq!(contact.name(), contact.nick_name);
    assert_eq!(Init::read(&reply).unwrap().nick_name, contact.nick_name);
}
