//! Emoticons by MD5, forwarded messages, and the images of emoticons that were received.

use image::ImageFormat::{Gif, Jpeg};
use wx_client::outbox::{MessageState, Outbox};
use wx_emulator::Incoming;
use wx_proto::{Advice, Emoticon, Forward, InlineContent, NotForwardable, Outcome, ReplyError};
use wx_testing::images::{md5, noise, small as image};
use wx_testing::samples::TINY_MP4;

use super::*;

/// Delivers messages, and returns them as the client receives them.
fn received<T: Transport>(
    client: &T,
    server: &Server,
    incoming: impl IntoIterator<Item = Incoming>,
) -> Vec<Message> {
    let ids: Vec<_> = incoming.into_iter().map(|message| server.deliver(message)).collect();
    let mut messages: Vec<Message> = Vec::new();
    while messages.len() < ids.len() {
        messages.extend(client.batches(1).pop().unwrap().unwrap());
    }
    messages
}

fn inline(content: impl Into<InlineContent>) -> OutboundBytes {
    OutboundBytes::Inline(content.into())
}

pub(crate) fn everything_that_can_be_forwarded_arrives_again<T: Transport>() {
    let server = server(&[]);
    let (client, to): (T, _) = (client(&server), friend(&server));
    let (jpeg, gif, file) = (image(Jpeg, 40, 30), image(Gif, 9, 9), noise(1000));
    let all = [
        (Incoming::plain_text("a <b> & \"c\"\n好"), 1, &b""[..]),
        (Incoming::location("39.908722", "116.397496", "Made-up Street 1"), 48, b""),
        (Incoming::image(jpeg.clone()), 3, &jpeg),
        (Incoming::image(jpeg.clone()).with("Content", "@opaque"), 3, &jpeg),
        (Incoming::video(TINY_MP4), 43, TINY_MP4),
        (Incoming::video(TINY_MP4).with("MsgType", 62).with("Content", "@short"), 62, TINY_MP4),
        (Incoming::image(gif.clone()), 47, &gif),
        (Incoming::file("报告 & <1>.zip", file.clone()), 6, &file),
    ];
    let messages = received(&client, &server, all.iter().map(|(incoming, ..)| incoming.clone()));
    for (message, (_, kind, media)) in messages.iter().zip(&all) {
        let forward = message.forward().unwrap();
        assert!(!forward.may_be_refused());
        let sent = client.send_any(&to, inline(forward)).unwrap();
        let arrived = server.messages().pop().unwrap();
        assert_eq!((&*arrived.msg_id, arrived.kind), (sent.msg_id.as_str(), *kind));
        assert!(arrived.forwarded && arrived.media == *media, "{kind}");
        assert!(sent.uploaded.is_none());
    }
    assert_eq!(server.messages()[0].text, "a <b> & \"c\"\n好");
    assert!(server.messages()[1].text.contains("label=\"Made-up Street 1\""));
    assert_eq!(server.requests_to("webwxuploadmedia"), 0);
    assert_eq!(server.violations(), [""; 0]);
}

pub(crate) fn what_cannot_be_forwarded_is_refused_before_any_request<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let incoming = [
        Incoming::voice(&b"\xff\xfb\x90\0"[..]),
        Incoming::file("a", &b"x"[..]).with("AppMsgType", 5),
        Incoming::store_emoticon(image(Gif, 9, 9)),
    ];
    let messages = received(&client, &server, incoming);
    let reasons: Vec<_> = messages.iter().map(|message| message.forward().unwrap_err()).collect();
    let expected = [NotForwardable::Voice, NotForwardable::Link, NotForwardable::StoreEmoticon];
    assert_eq!(reasons, expected);
    assert!(server.messages().is_empty());
}

pub(crate) fn a_forward_has_an_id_of_its_own_for_each_recipient<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let message = received(&client, &server, [Incoming::text("hi")]).remove(0);
    let friends = [server.friend(), server.second_friend()];
    for to in friends.map(|name| Recipient::new(name).unwrap()) {
        client.send_any(&to, inline(message.forward().unwrap())).unwrap();
    }
    let [first, second] = &server.messages()[..] else { panic!("two messages") };
    assert_ne!(first.client_msg_id, second.client_msg_id);
    assert_eq!([&*first.to, &*second.to], friends);
    assert_eq!(server.violations(), [""; 0]);
}

pub(crate) fn an_emoticon_is_sent_by_the_md5_that_the_server_knows<T: Transport>() {
    let server = server(&[]);
    let (client, to): (T, _) = (client(&server), friend(&server));
    let gif = image(Gif, 9, 9);
    let message = received(&client, &server, [Incoming::image(gif.clone())]).remove(0);
    let built_in = Emoticon::from_md5("44682e637b75a3f5d6747d61dbd23a15".parse().unwrap());
    for emoticon in [message.emoticon().unwrap(), built_in] {
        client.send_any(&to, inline(emoticon)).unwrap();
    }
    let sent = server.messages();
    assert!(sent[0].media == gif && sent[0].kind == 47 && !sent[0].forwarded);
    assert_eq!(sent[1].md5, built_in.md5().to_string());
    let unknown = Emoticon::from_md5(md5(b"never seen").parse().unwrap());
    let error = client.send_any(&to, inline(unknown)).unwrap_err();
    assert_eq!((error.outcome(), server.messages().len()), (Outcome::NotSent, 2));
    assert_eq!((server.requests_to("webwxsendemoticon"), server.violations()), (3, vec![]));
}

/// A key identifies one emoticon or one forwarded message, like one text.
pub(crate) fn an_outbox_sends_a_forward_and_an_emoticon_once<T: Transport>() {
    let faults = ["drop=before@webwxsendmsg#1", "drop=before@webwxsendemoticon#1"];
    let (server, record) = (server(&faults), outbox::Record::default());
    let (to, client) = (friend(&server), client::<T>(&server));
    let open = || Outbox::with_storage(record.again()).unwrap();
    let incoming =
        [Incoming::text("one"), Incoming::text("two"), Incoming::image(image(Gif, 9, 9))];
    let messages = received(&client, &server, incoming);
    let [one, two]: [Forward; 2] = [0, 1].map(|nth| messages[nth].forward().unwrap());
    let emoticon = messages[2].emoticon().unwrap();
    let other = Emoticon::from_md5(md5(b"x").parse().unwrap());
    let text = || InlineContent::from("one");
    for (key, content, shown, others) in [
        ("f", InlineContent::from(one), "the forwarded message", [two.into(), text()]),
        ("e", emoticon.into(), "the emoticon", [other.into(), text()]),
    ] {
        let before = server.messages().len();
        let send = |content: &InlineContent| {
            client.send_once_any(&open(), key, &to, OutboundBytes::Inline(content.clone()))
        };
        let sent = send(&content).unwrap();
        assert_eq!((send(&content).unwrap(), server.messages().len()), (sent.clone(), before + 1));
        assert_eq!(open().state(key), Some(MessageState::Sent(sent.msg_id)));
        let requests = server.requests().len();
        for other in others {
            let error = send(&other).unwrap_err();
            assert_eq!(error.advice(), Advice::CheckKey, "{error:?}");
            let words = format!("the key {key:?} belongs to {shown}");
            assert!(error.chain().to_string().contains(&words), "{}", error.chain());
        }
        let file = OutboundBytes::File("a.jpg", small());
        let error = client.send_once_any(&open(), key, &to, file).unwrap_err();
        assert_eq!(error.advice(), Advice::CheckKey);
        assert_eq!(server.requests().len(), requests);
    }
}

/// A forward in doubt is sent again only on request.
pub(crate) fn a_forward_in_doubt_stays_in_doubt<T: Transport>() {
    let server = server(&["drop=after@webwxsendmsg#1+"]);
    let record = outbox::Record::default();
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session(&server), policy, None);
    let (to, open) = (friend(&server), || Outbox::with_storage(record.again()).unwrap());
    let incoming = [Incoming::text("one"), Incoming::text("two")];
    let forwards: Vec<_> = received(&client, &server, incoming)
        .iter()
        .map(|message| message.forward().unwrap())
        .collect();
    for forward in forwards {
        let error = client.send_once_any(&open(), "k", &to, inline(forward)).unwrap_err();
        assert_eq!((error.outcome(), server.messages().len()), (Outcome::Unknown, 1));
    }
    assert_eq!(open().state("k"), Some(MessageState::InDoubt));
}

pub(crate) fn an_emoticon_is_fetched_from_outside_only_if_that_is_allowed<T: Transport>() {
    let server = server(&[]);
    let gif = image(Gif, 9, 9);
    let mut allowing = policy();
    allowing.outside_hosts = true;
    let message = {
        let client: T = client(&server);
        let incoming = [Incoming::outside_emoticon(gif.clone())];
        received(&client, &server, incoming).remove(0)
    };
    let attachment = message.attachment().unwrap();
    for (policy, is_allowed) in [(policy(), false), (allowing, true)] {
        let client = T::new(session(&server), policy, None);
        let mut got = Vec::new();
        let result = client.fetch_attachment(&attachment, FetchInto::Vec(&mut got));
        assert_eq!(server.requests_to("wx_emoji"), usize::from(is_allowed));
        assert_eq!(got == gif, is_allowed);
        if let Err(error) = result {
            assert!(!is_allowed && error.advice() == Advice::CheckMessage);
            assert_eq!(error.kind, ReplyError::Empty.into());
            assert_secret_free(&server, &error);
        }
    }
    assert_eq!(server.violations(), [""; 0]);
}
