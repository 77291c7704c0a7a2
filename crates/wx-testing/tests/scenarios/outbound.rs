//! Texts and files of every kind, on both pages.

use wx_client::outbox::{MessageState, Outbox};
use wx_emulator::Emulator;
use wx_proto::{Advice, MediaKind, Outcome};
use wx_testing::samples::TINY_MP4;

use super::*;

/// Files above this length are announced by webwxcheckupload, so that the tests need no large ones.
const CHECKED_ABOVE: u64 = 1_000_000;

fn checked() -> (Server, Policy) {
    let server = place::start(Emulator::builder().checked_above(CHECKED_ABOVE));
    let mut policy = policy();
    policy.check_above = CHECKED_ABOVE;
    (server, policy)
}

fn zip(len: usize) -> Vec<u8> {
    let noise = (0..len).map(|at| (at * at / 7) as u8);
    b"PK\x03\x04".iter().copied().chain(noise).take(len).collect()
}

fn video(len: usize) -> Vec<u8> {
    TINY_MP4.iter().copied().chain(zip(len)).take(len).collect()
}

pub(crate) fn everything_arrives_as_it_was_sent<T: Transport>() {
    let (server, policy) = checked();
    let (client, to) = (T::new(session(&server), policy, None), friend(&server));
    let text = "好 <b> & \"c\"\n😄";
    assert_eq!(client.send_any(&to, text.into()).unwrap().uploaded, None);
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    let files = [
        ("报告 & <1>.zip", zip(700_000), MediaKind::File, 6),
        ("noext", b"one line".to_vec(), MediaKind::File, 6),
        ("a.jpg", TINY_JPEG.to_vec(), MediaKind::Image, 3),
        ("a.gif", gif, MediaKind::Emoticon, 47),
        ("clip.MP4", video(700_000), MediaKind::Video, 43),
    ];
    for (name, bytes, kind, _) in &files {
        let sent = client.send_any(&to, OutboundBytes::File(name, bytes.clone())).unwrap();
        assert_eq!(sent.uploaded.unwrap().kind, *kind, "{name}");
    }
    let messages = server.messages();
    assert_eq!((messages[0].kind, messages[0].text.as_str()), (1, text));
    for (message, (name, bytes, _, kind)) in messages[1..].iter().zip(&files) {
        assert!(message.media == *bytes, "{name}");
        assert_eq!(message.kind, *kind, "{name}");
    }
    assert!(messages[1].text.contains("<title>报告 &amp; &lt;1&gt;.zip</title>"));
    assert!(messages[2].text.contains("<title>noext</title>"));
    assert_eq!(server.violations(), [""; 0]);
}

pub(crate) fn large_files_are_announced_and_signed<T: Transport>() {
    let (server, policy) = checked();
    let (client, to) = (T::new(session(&server), policy, None), friend(&server));
    let large = zip(2_000_000);
    let send = || client.send_any(&to, OutboundBytes::File("big.zip", large.clone())).unwrap();
    assert_eq!(send().uploaded.unwrap().chunks, 4);
    assert_eq!(send().uploaded.unwrap().chunks, 0, "the server already has the file");
    let calls = ["webwxuploadmedia", "webwxuploadmediaparallel"];
    let is_helper = to.as_str() == "filehelper";
    let expected = if is_helper { [0, 4] } else { [4, 0] };
    assert_eq!(calls.map(|call| server.requests_to(call)), expected);
    assert!(server.messages().iter().all(|message| message.media == large));
    assert_eq!((server.messages().len(), server.violations()), (2, vec![]));
}

pub(crate) fn a_parallel_upload_survives_lost_and_refused_chunks<T: Transport>() {
    let parallel = "webwxuploadmediaparallel";
    let faults = [format!("ret=-1@{parallel}#2"), format!("drop=after@{parallel}#4")];
    let builder = faults.iter().fold(
        Emulator::builder().checked_above(CHECKED_ABOVE).profile(wx_emulator::Profile::FileHelper),
        |builder, fault| builder.fault(fault.parse().unwrap()),
    );
    let server = place::start(builder);
    let mut policy = policy();
    (policy.check_above, policy.back_off) = (CHECKED_ABOVE, Duration::from_millis(10));
    let client = T::new(session(&server), policy, None);
    let large = zip(2_000_000);
    let file = OutboundBytes::File("big.zip", large.clone());
    client.send_any(&Recipient::file_helper(), file).unwrap();
    assert_eq!(server.requests_to(parallel), 6);
    assert!(server.messages().iter().all(|message| message.media == large));
    assert_eq!((server.messages().len(), server.violations()), (1, vec![]));
}

/// A key identifies one text, like one file.
pub(crate) fn an_outbox_sends_a_text_once<T: Transport>() {
    let (server, record) = (server(&["drop=before@webwxsendmsg#1"]), outbox::Record::default());
    let (to, client) = (friend(&server), client::<T>(&server));
    let open = || Outbox::with_storage(record.again()).unwrap();
    let sent = client.send_once_any(&open(), "k", &to, "hello".into()).unwrap();
    let again = client.send_once_any(&open(), "k", &to, "hello".into()).unwrap();
    assert_eq!((&again, server.messages().len()), (&sent, 1));
    assert_eq!(open().state("k"), Some(MessageState::Sent(sent.msg_id)));
    let requests = server.requests().len();
    let file = || OutboundBytes::File("a.jpg", small());
    for other in ["other".into(), file()] {
        let error = client.send_once_any(&open(), "k", &to, other).unwrap_err();
        assert_eq!(error.advice(), Advice::CheckKey, "{error:?}");
        assert!(error.chain().to_string().contains("the key \"k\" belongs to the text"));
    }
    client.send_once_any(&open(), "f", &to, file()).unwrap();
    let error = client.send_once_any(&open(), "f", &to, "hello".into()).unwrap_err();
    assert!(error.chain().to_string().contains("belongs to the image \"a.jpg\""), "{error:?}");
    assert!(server.requests().len() > requests && server.messages().len() == 2);
}

/// A text in doubt is sent again only on request, and its key cannot be used for another text.
pub(crate) fn a_text_in_doubt_stays_in_doubt<T: Transport>() {
    let server = server(&["drop=after@webwxsendmsg#1+"]);
    let record = outbox::Record::default();
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session(&server), policy, None);
    let (to, open) = (friend(&server), || Outbox::with_storage(record.again()).unwrap());
    let error = client.send_once_any(&open(), "k", &to, "hello".into()).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let messages = server.messages().len();
    let error = client.send_once_any(&open(), "k", &to, "other".into()).unwrap_err();
    assert_eq!((error.outcome(), server.messages().len()), (Outcome::Unknown, messages));
    assert_eq!(open().state("k"), Some(MessageState::InDoubt));
}
