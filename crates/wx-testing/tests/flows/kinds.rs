//! The kind of an upload. It is chosen per send, and by default depends on the first bytes.

use wx_proto::bytes::Bytes;
use wx_proto::flow::{ResumeOptions, SendMessage, Snapshot};
use wx_proto::{Media, MediaError, MediaKind, Policy};

use wx_testing::harness::{Harness, SEED, jpeg, last, media, middle, ok, sent, session, to};
use wx_testing::samples::{TINY_MP4, vector};

const CHUNK: usize = 524_288;

fn gif() -> Media {
    let bytes = Bytes::from_static(b"GIF89a\x01\0\x01\0\0\0\0;");
    media(&bytes)
}

#[test]
fn p47_a_gif_is_sent_as_an_emoticon_or_as_a_file_and_is_refused_as_an_image() {
    assert_eq!(gif().kind(), MediaKind::Emoticon);
    for (kind, call) in
        [(MediaKind::Emoticon, "webwxsendemoticon"), (MediaKind::File, "webwxsendappmsg")]
    {
        let gif = gif().sent_as(kind).unwrap();
        let mut flow = SendMessage::media(&session(), gif, to(), SEED, Policy::default()).unwrap();
        let mut harness = Harness::new(
            Bytes::from_static(b"GIF89a\x01\0\x01\0\0\0\0;"),
            [last("@gif", 14), sent()],
        );
        assert_eq!(harness.run(&mut flow).unwrap().uploaded.as_ref().unwrap().kind, kind);
        assert_eq!(harness.endpoints(), ["webwxuploadmedia", call]);
        assert_eq!(harness.seen[0].field("mediatype").as_deref(), Some("doc"));
    }
    let refused = gif().sent_as(MediaKind::Image).unwrap_err();
    assert!(matches!(refused, MediaError::WrongKind { kind: MediaKind::Image, .. }));
    assert_eq!(refused.to_string(), "a gif cannot be sent as image; send it as emoticon or file");
}

#[test]
fn a_jpeg_is_sent_as_an_image_or_as_a_file_and_is_refused_as_an_emoticon() {
    let jpeg = media(&jpeg(12));
    assert_eq!(jpeg.kind(), MediaKind::Image);
    assert_eq!(jpeg.clone().sent_as(MediaKind::File).unwrap().kind(), MediaKind::File);
    let refused = jpeg.sent_as(MediaKind::Emoticon).unwrap_err();
    assert_eq!(refused.to_string(), "a jpeg cannot be sent as emoticon; send it as image or file");
}

#[test]
fn p80_a_video_is_uploaded_and_sent_as_the_vector_has_it() {
    let vector = vector("sendvideomsg");
    let (upload, message) = (&vector["upload_answer"]["body"], &vector["responses"][0]);
    let len = upload["StartPos"].as_u64().unwrap();
    let bytes = Bytes::from([TINY_MP4, &vec![7; len as usize - TINY_MP4.len()]].concat());
    let video = Media::new("clip.mp4", len, &bytes).unwrap();
    assert_eq!(video.kind(), MediaKind::Video);
    let mut flow = SendMessage::media(&session(), video, to(), SEED, Policy::default()).unwrap();
    let text = message["text"].as_str().unwrap().to_owned();
    let answers = [middle(), middle(), ok(upload.to_string()), ok(text)];
    let mut harness = Harness::new(bytes, answers);
    let sent = harness.run(&mut flow).unwrap();
    let upload_call = "webwxuploadmedia";
    assert_eq!(harness.endpoints(), [&[upload_call; 3][..], &["webwxsendvideomsg"]].concat());
    for seen in &harness.seen[..3] {
        assert_eq!(seen.field("mediatype").as_deref(), vector["mediatype"].as_str());
    }
    assert_eq!((message["status"].as_u64(), &message["outcome"]), (Some(200), &"sent".into()));
    assert_eq!(Some(sent.msg_id.as_str()), message["body"]["MsgID"].as_str());
    // The server makes a thumbnail of the video, and says how large it is.
    let uploaded = sent.uploaded.unwrap();
    let size = uploaded.thumbnail.unwrap();
    let number = |key: &str| upload[key].as_u64().unwrap() as u32;
    assert_eq!(size.height(), number("CDNThumbImgHeight"));
    assert_eq!(size.width(), number("CDNThumbImgWidth"));
    assert_eq!(Some(uploaded.media_id.as_str()), upload["MediaId"].as_str());
    assert_eq!(uploaded.encry_file_name.as_deref(), upload["EncryFileName"].as_str());
    assert_eq!((uploaded.bytes, uploaded.server_byte_count), (len, None));
}

/// A job that is killed after any step keeps the kind it was begun with.
#[test]
fn the_kind_outlives_a_crash() {
    let bytes = jpeg(CHUNK + 1);
    let policy = Policy::default();
    for (kind, media_type, call) in
        [(MediaKind::Image, "pic", "webwxsendmsgimg"), (MediaKind::File, "doc", "webwxsendappmsg")]
    {
        let mut finished = 0;
        for steps in 1..20 {
            let image = media(&bytes).sent_as(kind).unwrap();
            let mut flow =
                SendMessage::media(&session(), image, to(), SEED, policy.clone()).unwrap();
            let mut killed = Harness::new(bytes.clone(), [middle(), last("@m", CHUNK + 1), sent()]);
            killed.steps_left = steps;
            killed.run_until_killed(&mut flow);
            let Some(saved) = killed.saved else { continue };
            let snapshot = Snapshot::from_json(&saved).unwrap();
            let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
            let mut left = vec![middle(), last("@m", CHUNK + 1), sent()];
            let acked = if saved.contains("\"acked\":1") { 1 } else { 0 };
            left.drain(..if snapshot.uploaded().is_some() { 2 } else { acked });
            let mut flow = SendMessage::resume(&session(), snapshot, policy.clone(), at).unwrap();
            let mut harness = Harness::new(bytes.clone(), left);
            let done = harness.run(&mut flow).unwrap();
            finished += 1;
            assert_eq!(done.uploaded.as_ref().unwrap().kind, kind);
            assert_eq!(harness.endpoints().last(), Some(&call));
            for seen in harness.seen.iter().filter(|seen| seen.endpoint() == "webwxuploadmedia") {
                assert_eq!(seen.field("mediatype").as_deref(), Some(media_type));
            }
        }
        assert!(finished > 3, "{finished}");
    }
}
