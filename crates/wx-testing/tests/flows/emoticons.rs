//! Where the image of an emoticon is requested ([P85](wx_proto::protocol#p85)).

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::flow::Fetch;
use wx_proto::{
    Advice, Attachment, Error, ErrorKind, Fetched, ImageFormat, ImageVariant, Policy, ReplyError,
};
use wx_testing::harness::*;

const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";

/// An emoticon with two addresses on other hosts.
fn emoticon() -> Attachment {
    serde_json::from_value(json!({
        "msg_id": "7", "kind": "image", "variant": "emoticon",
        "outside": ["http://emoji.qpic.cn/wx_emoji/AAAA/?a=1", "https://wx.qlogo.cn/b"],
    }))
    .unwrap()
}

fn allowing() -> Policy {
    let mut policy = Policy::default();
    policy.outside_hosts = true;
    policy
}

fn fetch(
    policy: Policy,
    answers: impl IntoIterator<Item = Answer>,
    restartable: bool,
) -> (Harness, Result<Fetched, Error>) {
    let mut harness = Harness::new("", answers);
    harness.piece = 7;
    let flow = Fetch::new(&session(), emoticon(), restartable, SEED, policy);
    let result = harness.run(&mut flow.unwrap());
    (harness, result)
}

fn served(body: &'static [u8]) -> Answer {
    let headers = vec![
        ("content-length", body.len().to_string()),
        ("set-cookie", "webwx_data_ticket=foreign; domain=.qq.com; path=/".to_owned()),
    ];
    Answer::Reply(200, headers, Bytes::from_static(body))
}

fn empty() -> Answer {
    Answer::Reply(200, vec![("content-length", "0".to_owned())], Bytes::new())
}

/// Returns the host and the end of the query of each request.
fn places(harness: &Harness) -> Vec<(String, bool)> {
    let seen = harness.seen.iter().map(|seen| {
        let url = seen.http().uri();
        let is_big = url.query().is_some_and(|query| query.ends_with("&type=big"));
        (url.host().unwrap().to_owned(), is_big)
    });
    seen.collect()
}

fn at(host: &str, is_big: bool) -> (String, bool) {
    (host.to_owned(), is_big)
}

#[test]
fn p85_the_image_is_requested_in_two_forms_and_nowhere_else_by_default() {
    let (harness, result) = fetch(Policy::default(), [served(GIF)], true);
    assert_eq!(result.unwrap().format, Some(ImageFormat::Gif));
    assert_eq!(places(&harness), [at("wx.qq.com", true)]);
    let (harness, result) = fetch(Policy::default(), [empty(), served(GIF)], true);
    assert!(result.is_ok() && harness.stored == GIF);
    assert_eq!(places(&harness), [at("wx.qq.com", true), at("wx.qq.com", false)]);
    // The form without a type is tried as often as any image.
    let (harness, result) = fetch(Policy::default(), vec![empty(); 4], true);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Empty));
    assert_eq!(error.advice(), Advice::CheckMessage);
    let expected = [true, false, false, false].map(|is_big| at("wx.qq.com", is_big));
    assert_eq!(places(&harness), expected);
}

#[test]
fn p85_other_errors_than_an_empty_reply_stay_with_the_server() {
    for (answer, requests) in [(ret(1101), 1), (status(500), 1), (dropped(), 3), (status(404), 1)] {
        let (harness, result) = fetch(allowing(), vec![answer; requests], true);
        assert!(result.is_err());
        assert_eq!(places(&harness), vec![at("wx.qq.com", true); requests]);
    }
}

#[test]
fn p85_outside_hosts_are_the_last_resort_and_learn_nothing_of_the_login() {
    let answers = [empty(), empty(), empty(), empty(), status(404), served(GIF)];
    let (harness, result) = fetch(allowing(), answers, true);
    assert!(result.is_ok() && harness.stored == GIF);
    let places = places(&harness);
    assert_eq!(places[4..], [at("emoji.qpic.cn", false), at("wx.qlogo.cn", false)]);
    let outside = harness.seen[4].http();
    assert_eq!(outside.uri(), "https://emoji.qpic.cn/wx_emoji/AAAA/?a=1");
    for seen in &harness.seen[4..] {
        let names: Vec<_> = seen.http().headers().keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["user-agent", "accept", "accept-encoding"]);
    }
    // Their cookies are dropped. Those of the server are applied.
    let ticket = |harness: &Harness| harness.session.to_json().expose().contains("foreign");
    assert!(!ticket(&harness));
    assert!(ticket(&fetch(allowing(), [served(GIF)], true).0));
}

#[test]
fn p85_each_outside_address_is_tried_once_whatever_its_answer() {
    let redirect =
        Answer::Reply(302, vec![("location", "https://evil.example/".to_owned())], Bytes::new());
    for bad in
        [dropped(), unreachable(), status(500), served(b"<html>no</html>"), empty(), redirect]
    {
        let answers = [vec![empty(); 4], vec![bad.clone(), served(GIF)]].concat();
        let (harness, result) = fetch(allowing(), answers, true);
        assert!(result.is_ok(), "{bad:?}");
        assert_eq!(places(&harness).len(), 6);
        let answers = [vec![empty(); 4], vec![bad.clone(); 2]].concat();
        let (harness, result) = fetch(allowing(), answers, true);
        assert!(harness.stored.is_empty(), "{bad:?}");
        assert_eq!(places(&harness).len(), 6, "{bad:?}");
        // What matters is that the server does not have it.
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Empty), "{bad:?}");
        assert_eq!(error.advice(), Advice::CheckMessage, "{bad:?}");
    }
}

/// A copy that was begun is not continued with another host's bytes.
#[test]
fn p85_a_sink_that_keeps_its_bytes_gets_those_of_one_host() {
    let begun = [GIF, &[7; 3000]].concat();
    let breaking = Answer::Break(9000, begun.clone().into());
    let answers = [vec![empty(); 4], vec![breaking.clone()]].concat();
    let (harness, result) = fetch(allowing(), answers, false);
    assert!(matches!(result.unwrap_err().kind, ErrorKind::Network { .. }));
    assert!(harness.seen.len() == 5 && begun.starts_with(&harness.stored));
    assert!(!harness.stored.is_empty());
    let answers = [vec![empty(); 4], vec![breaking, served(GIF)]].concat();
    let (harness, result) = fetch(allowing(), answers, true);
    assert!(result.is_ok() && harness.stored == GIF);
}

#[test]
fn p85_images_and_thumbnails_have_one_form_only() {
    for variant in [ImageVariant::Original, ImageVariant::Thumbnail] {
        let attachment = Attachment::image("7".parse().unwrap(), variant);
        let mut harness = Harness::new("", vec![empty(); 3]);
        let flow = Fetch::new(&session(), attachment, true, SEED, allowing());
        let error = harness.run(&mut flow.unwrap()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Empty));
        let targets: Vec<_> = harness.seen.iter().map(|seen| seen.http().uri()).collect();
        assert!(targets.iter().all(|target| *target == targets[0]));
    }
}
