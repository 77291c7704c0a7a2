//! `wx emulate` with videos and voice messages.

use std::fs;

use wx_testing::samples::TINY_MP4;

use crate::emulate::serve;
use crate::life::about;
use crate::support::{Place, TRANSPORTS, jpeg, signal};

/// What a user tries first: the emulator in one process, and `watch --save` in another.
#[test]
fn p81_videos_and_voice_messages_arrive_and_are_saved_in_spite_of_faults() {
    let faults = [&[][..], &["--fault", "cut=900@webwxgetvideo#1"]];
    for (transport, faults) in TRANSPORTS.into_iter().zip(faults) {
        let place = Place::new();
        let video = [TINY_MP4, &jpeg(300_000, 1)].concat();
        let voice = [b"ID3\x04", &jpeg(3000, 1)[..]].concat();
        place.file("clip.mp4", &video);
        place.file("memo.mp3", &voice);
        let messages = ["--voice", "memo.mp3", "--video", "clip.mp4"];
        let (server, _) = serve(&place, &[&messages[..], faults].concat());
        fs::copy(place.path("other.json"), place.path("session.json")).unwrap();
        let options = ["--json", "--once", "--save", "kept"];
        let ran = place.wx(&about("watch", transport, &options));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let events = ran.events();
        let kinds: Vec<_> = events.iter().map(|event| event["kind"].clone()).collect();
        assert_eq!(kinds, ["video", "video", "voice", "voice"], "{events:?}");
        for (event, bytes, end) in [(&events[1], &video, ".mp4"), (&events[3], &voice, ".mp3")] {
            let path = event["path"].as_str().unwrap();
            assert!(path.ends_with(end), "{event}");
            assert!(fs::read(place.path(path)).unwrap() == *bytes, "{event}");
        }
        let id = events[0]["msg_id"].as_str().unwrap();
        let cover = ["--variant", "thumbnail", "--out", "cover.jpg", id];
        let ran = place.wx(&about("fetch", transport, &cover));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(fs::read(place.path("cover.jpg")).unwrap().starts_with(b"\xff\xd8\xff"));
        signal(&server, "TERM");
        server.wait_with_output().unwrap();
    }
}

#[test]
fn what_cannot_arrive_as_a_video_or_a_voice_message_is_refused() {
    let place = Place::new();
    place.file("memo.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42");
    place.file("a.jpg", &jpeg(3000, 1));
    for (args, words) in [
        (["--video", "memo.m4a"], "memo.m4a: not a video: only an MP4 can arrive"),
        (["--video", "a.jpg"], "a.jpg: not a video: only an MP4 can arrive"),
        (["--voice", "memo.m4a"], "memo.m4a: not a voice message: only an MP3 can arrive as one"),
    ] {
        let ran = place.wx(&[&["emulate"], &args[..]].concat());
        assert_eq!((ran.code, ran.one_line()), (1, format!("wx: {words}").as_str()));
    }
}
