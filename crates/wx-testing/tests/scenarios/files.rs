//! Received files.

use std::time::Duration;

use wx_emulator::Incoming;
use wx_proto::{Advice, Attachment, ErrorKind, Md5, ReplyError};

use super::{
    FetchInto, Transport, UNREACHABLE, assert_secret_free, client, large, place, policy, server,
    session, small,
};

const PAGE: &[u8] = b"<!doctype html><title>not an error</title>";

/// Delivers a file, and returns the attachment of its message.
fn received<T: Transport>(client: &T, server: &place::Server, file: Incoming) -> Attachment {
    server.deliver(file);
    client.batches(1).pop().unwrap().unwrap()[0].attachment().unwrap()
}

pub(crate) fn files_arrive_byte_for_byte<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("a & b_1.txt", b"x".to_vec()), ("page.html", PAGE.to_vec()), ("图.bin", large())]
    {
        let attachment = received(&client, &server, Incoming::file(name, bytes.clone()));
        let file = attachment.file().unwrap();
        assert_eq!((file.name.as_deref(), file.len), (Some(name), Some(bytes.len() as u64)));
        let path = dir.path().join(attachment.file_name(None));
        let (mut vec, mut written, mut read) = (b"from before".to_vec(), Vec::new(), Vec::new());
        let streamed = client.fetch_attachment(&attachment, FetchInto::Stream(&mut read)).unwrap();
        client.fetch_attachment(&attachment, FetchInto::Vec(&mut vec)).unwrap();
        client.fetch_attachment(&attachment, FetchInto::Writer(&mut written)).unwrap();
        let fetched = client.fetch_attachment(&attachment, FetchInto::Path(path.clone())).unwrap();
        assert!(vec == bytes && written == bytes && std::fs::read(&path).unwrap() == bytes);
        assert!(read == bytes && streamed == fetched);
        assert_eq!((fetched.bytes, fetched.format), (bytes.len() as u64, None));
        assert_eq!((Some(fetched.md5), fetched.md5), (file.md5, Md5::digest(&bytes)));
        // It can be saved in between.
        let saved = serde_json::to_string(&attachment).unwrap();
        assert_eq!(serde_json::from_str::<Attachment>(&saved).unwrap(), attachment);
    }
    assert_eq!(server.requests_to("webwxgetmedia"), 3 * 4);
    assert_eq!(server.violations(), Vec::<String>::new());
}

pub(crate) fn faults_while_receiving_files<T: Transport>() {
    // The fault, whether the fetch succeeds, the number of requests, and the same for a sink that
    // cannot be restarted.
    for (fault, good, requests, good_once, requests_once) in [
        ("drop=after@webwxgetmedia#1", true, 2, true, 2),
        ("cut=600@webwxgetmedia#1", true, 2, false, 1),
        ("empty@webwxgetmedia#1", true, 2, true, 2),
        ("status=503@webwxgetmedia#1", true, 2, true, 2),
        ("delay=900@webwxgetmedia#1", true, 2, true, 2),
        ("trickle=20@webwxgetmedia", true, 1, true, 1),
        ("gzip@webwxgetmedia", true, 1, true, 1),
        ("chunked@webwxgetmedia", true, 1, true, 1),
        ("html@webwxgetmedia", false, 1, false, 1),
        ("ret=1101@webwxgetmedia", false, 1, false, 1),
        ("redirect=http://127.0.0.1:1/@webwxgetmedia", false, 1, false, 1),
        ("status=206@webwxgetmedia", false, 1, false, 1),
        ("status=404@webwxgetmedia", false, 1, false, 1),
        ("empty@webwxgetmedia", false, 3, false, 3),
        ("cut=600@webwxgetmedia", false, 3, false, 1),
        ("chunked@webwxgetmedia cut=600@webwxgetmedia", false, 3, false, 1),
    ] {
        let server = server(&fault.split(' ').collect::<Vec<_>>());
        let stalls_soon = policy().with_stall(Duration::from_millis(300));
        let client = T::new(session(&server), stalls_soon, Some(UNREACHABLE));
        let attachment = received(&client, &server, Incoming::file("a.jpg", small()));
        let mut before = 0;
        for once in [false, true] {
            if once && fault.contains('#') {
                // The fault has already occurred.
                continue;
            }
            let mut got = Vec::new();
            let into = if once { FetchInto::Writer(&mut got) } else { FetchInto::Vec(&mut got) };
            let result = client.fetch_attachment(&attachment, into);
            let (good, requests) = if once { (good_once, requests_once) } else { (good, requests) };
            assert_eq!(result.is_ok(), good, "{fault}, once: {once}: {result:?}");
            let all = server.requests_to("webwxgetmedia");
            assert_eq!(all - before, requests, "{fault}, once: {once}");
            before = all;
            let kept = if good { small().len() } else { got.len() * usize::from(once) };
            assert!(got == small()[..kept], "{fault}, once: {once}");
            result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
        }
    }
}

pub(crate) fn content_in_place_of_a_file_is_reported<T: Transport>() {
    for (fault, size, expected) in [
        ("html@webwxgetmedia", None, Advice::CheckProxy),
        ("ret=1101@webwxgetmedia", None, Advice::LoginAgain),
        ("empty@webwxgetmedia", None, Advice::CheckMessage),
        // The message states another length.
        ("chunked@webwxgetmedia", Some(small().len() + 1), Advice::RetryLater),
        ("close@webwxgetmedia", Some(small().len() - 1), Advice::RetryLater),
    ] {
        let server = server(&[fault]);
        let client: T = client(&server);
        let mut file = Incoming::file("a.jpg", small());
        if let Some(size) = size {
            file = file.with("FileSize", size.to_string());
        }
        let attachment = received(&client, &server, file);
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("old.jpg");
        std::fs::write(&old, "as it was").unwrap();
        let error = client.fetch_attachment(&attachment, FetchInto::Path(old.clone())).unwrap_err();
        assert_eq!(error.advice(), expected, "{fault}: {error:?}");
        if let Some(size) = size {
            let (expected, got) = (Some(size as u64), small().len() as u64);
            assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Truncated { expected, got }));
        }
        assert_eq!(std::fs::read(&old).unwrap(), b"as it was", "{fault}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{fault}");
    }
}
