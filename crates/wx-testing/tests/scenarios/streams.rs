//! Media that is read as a stream.

use wx_emulator::Incoming;
use wx_proto::{Advice, Attachment};
use wx_testing::images::noise;
use wx_testing::samples::TINY_MP4;

use super::{
    FetchInto, Transport, UNREACHABLE, assert_secret_free, large, place, policy, server, session,
    small,
};

fn received<T: Transport>(client: &T, server: &place::Server, incoming: Incoming) -> Attachment {
    server.deliver(incoming);
    client.batches(1).pop().unwrap().unwrap()[0].attachment().unwrap()
}

fn mp4() -> Vec<u8> {
    [TINY_MP4, &noise(300_000)].concat()
}

/// The bytes that the reader has got at the end of a stream.
enum Read {
    /// All of the media.
    Whole,
    /// A first part of the media, which is not empty.
    Part,
    /// Nothing.
    Nothing,
    /// A web page, which could have been a file until the end.
    Page,
}

/// A stream of [`fetch_attachment`](Transport::fetch_attachment) also checks that it stays ended.
pub(crate) fn a_stream_ends_in_an_error_unless_the_media_is_complete<T: Transport>() {
    use Read::{Nothing, Page, Part, Whole};
    let image = || (Incoming::image(large()), large());
    let file = || (Incoming::file("a.bin", large()), large());
    let video = || (Incoming::video(mp4()), mp4());
    // The message states this length.
    let with_size =
        |size: usize| (Incoming::file("a", small()).with("FileSize", size.to_string()), small());
    let (image_call, file_call) = ("webwxgetmsgimg", "webwxgetmedia");
    for ((incoming, bytes), faults, call, requests, read, advice) in [
        (image(), "", image_call, 1, Whole, None),
        (file(), "gzip", file_call, 1, Whole, None),
        (video(), "chunked", "webwxgetvideo", 1, Whole, None),
        // Before its first byte, it is retried.
        (image(), "cut=3#1", image_call, 2, Whole, None),
        (file(), "drop=after#1", file_call, 2, Whole, None),
        (file(), "status=503", file_call, 3, Nothing, Some(Advice::RetryLater)),
        // Closed in the middle.
        (image(), "cut=100000#1", image_call, 1, Part, Some(Advice::CheckNetwork)),
        (file(), "cut=100000#1", file_call, 1, Part, Some(Advice::CheckNetwork)),
        (file(), "chunked cut=100000#1", file_call, 1, Part, Some(Advice::CheckNetwork)),
        (video(), "cut=100000#1", "webwxgetvideo", 1, Part, Some(Advice::CheckNetwork)),
        // HTML, and other replies in place of the media.
        (image(), "html", image_call, 1, Nothing, Some(Advice::CheckProxy)),
        (file(), "html", file_call, 1, Nothing, Some(Advice::CheckProxy)),
        (file(), "html chunked", file_call, 1, Page, Some(Advice::CheckProxy)),
        (video(), "html", "webwxgetvideo", 1, Nothing, Some(Advice::CheckProxy)),
        (file(), "ret=1101", file_call, 1, Nothing, Some(Advice::LoginAgain)),
        (image(), "empty", image_call, 3, Nothing, Some(Advice::CheckMessage)),
        // Another length than that of the message: too long, and too short.
        (with_size(small().len() - 1), "chunked", file_call, 3, Nothing, Some(Advice::RetryLater)),
        (with_size(small().len() + 1), "chunked", file_call, 1, Part, Some(Advice::RetryLater)),
        (file(), "big=2000000", file_call, 3, Nothing, Some(Advice::RetryLater)),
        (file(), "big=2000000 chunked", file_call, 1, Part, Some(Advice::RetryLater)),
        // Above the limit.
        (image(), "big=3000000", image_call, 1, Nothing, Some(Advice::RaiseLimit)),
        (image(), "big=3000000 chunked", image_call, 1, Part, Some(Advice::RaiseLimit)),
    ] {
        let texts: Vec<_> = faults
            .split_whitespace()
            .map(|fault| match fault.split_once('#') {
                Some((action, number)) => format!("{action}@{call}#{number}"),
                None => format!("{fault}@{call}"),
            })
            .collect();
        let server = server(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut policy = policy();
        policy.max_fetch = 2_500_000;
        let client = T::new(session(&server), policy, Some(UNREACHABLE));
        let attachment = received(&client, &server, incoming);
        let mut got = Vec::new();
        let result = client.fetch_attachment(&attachment, FetchInto::Stream(&mut got));
        let what = format!("{faults}@{call}: {result:?}, {} bytes", got.len());
        assert_eq!(result.as_ref().err().map(|error| error.advice()), advice, "{what}");
        assert_eq!(server.requests_to(call), requests, "{what}");
        match read {
            Whole => assert!(got == bytes, "{what}"),
            // Spaces may follow the media.
            Part => {
                let len = got.len().min(bytes.len());
                assert!(len > 0 && got[..len] == bytes[..len], "{what}");
            }
            Nothing => assert!(got.is_empty(), "{what}"),
            Page => assert!(got.starts_with(b"<"), "{what}"),
        }
        if let Ok(fetched) = &result {
            assert_eq!(fetched.bytes, bytes.len() as u64, "{what}");
        }
        result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
    }
}
