//! Emoticons in received messages, and the addresses in them.

use serde_json::{Value, json};

use super::message;
use crate::model::attachment::AttachmentKind;
use crate::model::image_variant::ImageVariant;
use crate::model::message::kind::MessageKind;

fn with_content(content: &Value) -> Value {
    json!({ "MsgType": 47, "HasProductId": 0, "Content": content })
}

/// Returns the addresses that may be fetched.
fn outside(content: &str) -> Vec<String> {
    match message(with_content(&content.into())).attachment().unwrap().kind {
        AttachmentKind::Image { variant: ImageVariant::Emoticon, outside } => {
            outside.into_iter().map(String::from).collect()
        }
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn p85_emoticons_of_the_vector() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../../tests/vectors/emoticon.json")).unwrap();
    let mut available = 0;
    for case in vector["received"].as_array().unwrap() {
        let (fields, expect) = (&case["message"], &case["expect"]);
        let read = message(fields.clone());
        let MessageKind::Emoticon { of_store, md5 } = read.kind else { panic!("{case}") };
        assert_eq!(of_store, expect["available"] == false, "{case}");
        if of_store {
            assert_eq!(read.attachment(), None, "{case}");
            continue;
        }
        available += 1;
        assert_eq!(json!(md5), expect["md5"], "{case}");
        let expected = expect["cdnurl"].as_str().map(|url| url.replace("http:", "https:"));
        let urls = outside(fields["Content"].as_str().unwrap());
        assert_eq!(urls, expected.into_iter().collect::<Vec<_>>(), "{case}");
    }
    assert_eq!(available, 2);
}

#[test]
fn p85_addresses_in_the_order_of_trust_and_never_the_encrypted_one() {
    let all = "&lt;msg&gt;&lt;emoji thumburl=\"http://c.qlogo.cn/\" \
               encrypturl=\"http://d.qq.com/\" externurl='http://b.qq.com/?a=1&amp;amp;b=2' \
               cdnurl = \" HTTP://A.qpic.cn/x \"\
               &gt;&lt;/emoji&gt;&lt;/msg&gt;";
    let expected = ["https://a.qpic.cn/x", "https://b.qq.com/?a=1&b=2", "https://c.qlogo.cn/"];
    assert_eq!(outside(all), expected);
    for (content, expected) in [
        ("<msg><emoji cdnurl=\"http://a.qq.com/\" thumburl=\"http://a.qq.com/\"/></msg>", 1),
        ("<msg><emoji cdnurl=\"http://qq.com.evil.cn/\"/></msg>", 0),
        ("<msg><emoji cdnurl=\"\" thumburl/></msg>", 0),
        ("<msg><emoji cdnurl=\"http://a.qq.com/\"", 0),
        ("<msg><other cdnurl=\"http://a.qq.com/\"/></msg>", 0),
        ("@abab", 0),
    ] {
        assert_eq!(outside(content).len(), expected, "{content}");
    }
}
