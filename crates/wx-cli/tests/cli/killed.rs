//! `kill -9` at each request of `wx send` and `wx resume`: each kind arrives whole and once.
//!
//! A job is killed at its first step, resumed and killed at its second one, and so on. The test of
//! the flows kills it at all steps in between.

use std::collections::BTreeMap;

use wx_emulator::{Emulator, Profile};
use wx_testing::samples::TINY_MP4;

use crate::resume::{killed, resume};
use crate::support::{CHUNK, Place, TRANSPORTS, gif, jpeg};

/// A job, and the requests at which it is killed: the call, and its number among these calls.
struct Case {
    profile: Profile,
    name: &'static str,
    bytes: Vec<u8>,
    text: String,
    steps: Vec<(&'static str, usize)>,
    /// The types and contents of the messages.
    expected: Vec<(u32, Vec<u8>)>,
    requests: Vec<(&'static str, usize)>,
}

impl Case {
    fn file(name: &'static str, bytes: Vec<u8>, kind: u32) -> Self {
        let expected = vec![(kind, bytes.clone())];
        let (profile, text) = (Profile::Web, String::new());
        Self { profile, name, bytes, text, steps: vec![], expected, requests: vec![] }
    }

    fn text(parts: &[String]) -> Self {
        let expected = parts.iter().map(|part| (1, part.clone().into_bytes())).collect();
        Self { text: parts.join("\n"), expected, ..Self::file("", vec![], 1) }
    }

    fn killed_at(self, steps: &[(&'static str, usize)]) -> Self {
        Self { steps: steps.to_vec(), ..self }
    }

    /// Sets the number of requests to each call in the end.
    fn asks(self, requests: &[(&'static str, usize)]) -> Self {
        Self { requests: requests.to_vec(), ..self }
    }

    /// Each process uses another transport than the one before it.
    fn check(&self) {
        let builder = Emulator::builder().profile(self.profile);
        let faults = self.steps.iter().map(|(call, n)| format!("delay=60000@{call}#{n}"));
        let place = Place::with_emulator(
            faults.fold(builder, |builder, fault| builder.fault(fault.parse().unwrap())),
        );
        let mut what = vec!["--text", &self.text, "--split"];
        if !self.name.is_empty() {
            place.file(self.name, &self.bytes);
            what = vec![self.name];
        }
        let send = ["send", "--to", "filehelper", "--resume-dir", "job", "--pace", "0"];
        let send = [&send[..], &what].concat();
        for (at, (call, n)) in self.steps.iter().enumerate() {
            let begin = if at == 0 { &send[..] } else { &["resume", "job"] };
            let transport = TRANSPORTS[at % 2];
            let common = ["--session", "session.json", "--json", "--transport", transport];
            let _ = killed(&place, &[begin, &common].concat(), call, *n);
        }
        let ran = resume(&place, TRANSPORTS[self.steps.len() % 2], &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let messages = place.emulator.messages();
        let got = messages.iter().map(|message| match message.kind {
            1 => (1, message.text.as_bytes()),
            kind => (kind, &message.media[..]),
        });
        let expected = self.expected.iter().map(|(kind, content)| (*kind, &content[..]));
        assert!(got.eq(expected), "other messages, or another order");
        let mut requests = BTreeMap::new();
        for request in place.emulator.requests() {
            *requests.entry(request.endpoint).or_insert(0) += 1;
        }
        let expected = self.requests.iter().map(|(call, n)| ((*call).to_owned(), *n));
        assert_eq!(requests, expected.collect(), "only what was under way is repeated");
        assert_eq!(place.emulator.violations(), [""; 0]);
        assert_eq!(std::fs::read_dir(place.path("job")).unwrap().count(), 0);
    }
}

const UPLOAD: &str = "webwxuploadmedia";
const MESSAGE_OF_FILE: &str = "webwxsendappmsg";

#[test]
fn p80_an_image_an_emoticon_a_video_and_a_file_are_sent_once() {
    Case::file("a.jpg", jpeg(CHUNK + 5, 1), 3)
        .killed_at(&[(UPLOAD, 1), (UPLOAD, 3), ("webwxsendmsgimg", 1)])
        .asks(&[(UPLOAD, 4), ("webwxsendmsgimg", 2)])
        .check();
    Case::file("a.gif", gif(), 47)
        .killed_at(&[(UPLOAD, 1), ("webwxsendemoticon", 1)])
        .asks(&[(UPLOAD, 2), ("webwxsendemoticon", 2)])
        .check();
    let video = [TINY_MP4, &jpeg(CHUNK, 2)].concat();
    Case::file("a.mp4", video, 43)
        .killed_at(&[(UPLOAD, 1), (UPLOAD, 3), ("webwxsendvideomsg", 1)])
        .asks(&[(UPLOAD, 4), ("webwxsendvideomsg", 2)])
        .check();
    Case::file("没有扩展名", b"%PDF-1.7".to_vec(), 6)
        .killed_at(&[(UPLOAD, 1), (MESSAGE_OF_FILE, 1)])
        .asks(&[(UPLOAD, 2), (MESSAGE_OF_FILE, 2)])
        .check();
}

/// The smallest file that has to be checked. Each of its blocks is different.
pub(crate) fn checked_file() -> Vec<u8> {
    let mut bytes = vec![0; 25 * 1024 * 1024 + 1];
    bytes.chunks_mut(64 * 1024).zip(0u32..).for_each(|(block, n)| block.fill((n % 251) as u8));
    bytes
}

#[test]
fn p73_p98_a_checked_file_and_a_parallel_upload_are_sent_once() {
    const CHECK: &str = "webwxcheckupload";
    for (profile, upload) in
        [(Profile::Web, UPLOAD), (Profile::FileHelper, "webwxuploadmediaparallel")]
    {
        let case = Case { profile, ..Case::file("a.zip", checked_file(), 6) };
        case.killed_at(&[(CHECK, 1), (upload, 30), (MESSAGE_OF_FILE, 1)])
            .asks(&[(CHECK, 2), (MESSAGE_OF_FILE, 2), (upload, 52)])
            .check();
    }
}

#[test]
fn a_text_and_the_parts_of_a_text_are_sent_once_and_in_order() {
    const MESSAGE: &str = "webwxsendmsg";
    Case::text(&["好 <b> & \"c\" 'd'\n😄".to_owned()])
        .killed_at(&[(MESSAGE, 1)])
        .asks(&[(MESSAGE, 2)])
        .check();
    Case::text(&["a", "b", "c"].map(|part| part.repeat(1500)))
        .killed_at(&[(MESSAGE, 1), (MESSAGE, 3), (MESSAGE, 5)])
        .asks(&[(MESSAGE, 6)])
        .check();
}

/// The server decides whether a login without the cookie is good enough for a text.
#[test]
fn a_text_is_resumed_without_the_cookie_for_uploads() {
    let place = Place::with(&["delay=60000@webwxsendmsg#1"]);
    let send = ["send", "--session", "session.json", "--to", "filehelper", "--text", "hello"];
    let _ = killed(&place, &[&send[..], &["--resume-dir", "job"]].concat(), "webwxsendmsg", 1);
    place.session(|session| {
        let cookies = session["cookies"].as_array_mut().unwrap();
        cookies.retain(|cookie| cookie["name"] != "webwx_data_ticket");
    });
    let _ = resume(&place, "ureq", &[]);
    assert_eq!(place.emulator.requests_to("webwxsendmsg"), 2);
}
