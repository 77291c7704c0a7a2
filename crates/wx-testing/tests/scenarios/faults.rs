//! Faults of the server, and the results of the client.

use std::time::Duration;

use wx_emulator::{Emulator, Repeats, Request};
use wx_proto::{Advice, ImageVariant, Outcome, Ret};

use super::{
    FetchInto, Transport, UNREACHABLE, assert_secret_free, client, friend, large, place, policy,
    quiet, server, session, small,
};

/// The result of a send.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Sent,
    NotSent,
    Unknown,
}

/// The faults, the result, the number of messages on the server, and the number of requests to an
/// endpoint.
type Scenario<'a> = (&'a [&'a str], End, usize, (&'a str, usize));

pub(crate) fn faults_while_sending<T: Transport>() {
    const UPLOAD: &str = "webwxuploadmedia";
    const MESSAGE: &str = "webwxsendmsgimg";
    let scenarios: [Scenario<'_>; 23] = [
        (&["drop=before@webwxuploadmedia#1"], End::Sent, 1, (UPLOAD, 2)),
        (&["drop=after@webwxuploadmedia#1"], End::Sent, 1, (UPLOAD, 2)),
        (&["drop=200@webwxuploadmedia#1"], End::Sent, 1, (UPLOAD, 2)),
        (&["drop=after@webwxuploadmedia"], End::NotSent, 0, (UPLOAD, 3)),
        (&["status=502@webwxuploadmedia#1"], End::Sent, 1, (UPLOAD, 2)),
        (&["status=403@webwxuploadmedia"], End::NotSent, 0, (UPLOAD, 1)),
        (&["redirect=http://127.0.0.1:1/@webwxuploadmedia"], End::NotSent, 0, (UPLOAD, 1)),
        (&["big=2000000@webwxuploadmedia"], End::NotSent, 0, (UPLOAD, 1)),
        (&["gzip@webwxuploadmedia", "gzip@webwxsendmsgimg"], End::Sent, 1, (UPLOAD, 1)),
        (&["close@webwxuploadmedia"], End::Sent, 1, (MESSAGE, 1)),
        (&["drop=before@webwxsendmsgimg#1"], End::Sent, 1, (MESSAGE, 2)),
        (&["drop=after@webwxsendmsgimg#1"], End::Sent, 1, (MESSAGE, 2)),
        // These faults occur on new connections. There are separate tests for reused connections.
        (&["close@webwxuploadmedia", "drop=before@webwxsendmsgimg"], End::Unknown, 0, (MESSAGE, 4)),
        (&["close@webwxuploadmedia", "drop=after@webwxsendmsgimg"], End::Unknown, 1, (MESSAGE, 4)),
        (&["redirect=http://127.0.0.1:1/@webwxsendmsgimg"], End::Unknown, 0, (MESSAGE, 4)),
        (&["empty@webwxsendmsgimg#1", "cut=5@webwxsendmsgimg#2"], End::Sent, 1, (MESSAGE, 3)),
        (&["html@webwxsendmsgimg"], End::Unknown, 1, (MESSAGE, 4)),
        (&["delay=900@webwxsendmsgimg#1"], End::Sent, 1, (MESSAGE, 2)),
        (&["ret=1205@webwxsendmsgimg"], End::NotSent, 0, (MESSAGE, 1)),
        (&["no-msg-id@webwxsendmsgimg#1"], End::Sent, 1, (MESSAGE, 2)),
        (&["no-msg-id@webwxsendmsgimg"], End::Unknown, 1, (MESSAGE, 4)),
        // The MediaId of somebody else's image must never get into a message.
        (&["foreign-media-id@webwxuploadmedia"], End::NotSent, 0, (MESSAGE, 0)),
        (&["start-pos=7@webwxuploadmedia"], End::Sent, 1, (UPLOAD, 1)),
    ];
    for (faults, end, messages, (endpoint, requests)) in scenarios {
        let server = server(faults);
        let stalls_soon = policy().with_stall(Duration::from_millis(300));
        let client = T::new(session(&server), stalls_soon, Some(UNREACHABLE));
        let result = client.send(&friend(&server), small(), quiet);
        let found = match &result {
            Ok(_) => End::Sent,
            Err(error) if error.outcome() == Outcome::Unknown => End::Unknown,
            Err(_) => End::NotSent,
        };
        assert_eq!(found, end, "{faults:?}: {result:?}");
        assert_eq!(server.messages().len(), messages, "{faults:?}");
        assert_eq!(server.requests_to(endpoint), requests, "{faults:?}");
        result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
    }
}

pub(crate) fn odd_answers_to_an_upload_are_reported<T: Transport>() {
    let server_at_seven = server(&["start-pos=7@webwxuploadmedia"]);
    let sent =
        client::<T>(&server_at_seven).send(&friend(&server_at_seven), small(), quiet).unwrap();
    assert_eq!(sent.uploaded.as_ref().unwrap().server_byte_count, Some(7));

    let limited = server(&["foreign-media-id@webwxuploadmedia"]);
    let error = client::<T>(&limited).send(&friend(&limited), small(), quiet).unwrap_err();
    assert_eq!(
        (error.outcome(), error.ret(), error.advice()),
        (Outcome::NotSent, Some(Ret(1205)), Advice::Wait)
    );
    assert_eq!(limited.requests_to("webwxsendmsgimg"), 0);
}

/// Returns the ClientMediaId of an upload from its `uploadmediarequest`.
fn client_media_id(json: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(json).unwrap()["ClientMediaId"].as_u64().unwrap()
}

pub(crate) fn an_appended_repeat_starts_over<T: Transport>() {
    // The reply to the first of three chunks is lost. The server appends the repeat, so its byte
    // count does not match at the end.
    let builder = Emulator::builder()
        .repeats(Repeats::Appended)
        .fault("drop=after@webwxuploadmedia#1".parse().unwrap());
    let server = place::start(builder);
    let client: T = client(&server);
    client.send(&friend(&server), large(), quiet).unwrap();
    assert_eq!(server.requests_to("webwxuploadmedia"), 1 + 3 + 3);
    let form = |request: &Request| {
        request.part("uploadmediarequest")?.value.as_deref().map(client_media_id)
    };
    let requests = server.requests();
    let mut ids: Vec<_> = requests.iter().filter_map(form).collect();
    ids.dedup();
    assert!(
        ids.len() == 2 && ids[0] != ids[1],
        "started over under another ClientMediaId: {ids:?}"
    );
    let messages = server.messages();
    assert!(messages.len() == 1 && messages[0].media == large(), "one message with the same bytes");
}

pub(crate) fn faults_while_fetching<T: Transport>() {
    // The fault, whether the fetch succeeds, the number of requests, and the same for a sink that
    // cannot be restarted.
    for (fault, good, requests, good_once, requests_once) in [
        ("drop=after@webwxgetmsgimg#1", true, 2, true, 2),
        ("cut=600@webwxgetmsgimg#1", true, 2, false, 1),
        ("status=503@webwxgetmsgimg#1", true, 2, true, 2),
        ("delay=900@webwxgetmsgimg#1", true, 2, true, 2),
        ("trickle=20@webwxgetmsgimg", true, 1, true, 1),
        // If the HTTP client has decompressed the reply, its length cannot be checked.
        ("gzip@webwxgetmsgimg", !T::DECODES, 1, !T::DECODES, 1),
        ("chunked@webwxgetmsgimg", true, 1, true, 1),
        ("html@webwxgetmsgimg", false, 1, false, 1),
        ("redirect=http://127.0.0.1:1/@webwxgetmsgimg", false, 1, false, 1),
        ("status=206@webwxgetmsgimg", false, 1, false, 1),
        ("empty@webwxgetmsgimg", false, 3, false, 3),
        ("cut=600@webwxgetmsgimg", false, 3, false, 1),
        ("chunked@webwxgetmsgimg cut=600@webwxgetmsgimg", false, 3, false, 1),
        ("chunked@webwxgetmsgimg cut=0@webwxgetmsgimg", false, 3, false, 3),
        ("status=204@webwxgetmsgimg", false, 3, false, 3),
        ("status=304@webwxgetmsgimg", false, 1, false, 1),
    ] {
        for once in [false, true] {
            let server = server(&fault.split(' ').collect::<Vec<_>>());
            let client = T::new(
                session(&server),
                policy().with_stall(Duration::from_millis(300)),
                Some(UNREACHABLE),
            );
            let id = client.send(&friend(&server), small(), quiet).unwrap().msg_id;
            let mut got = Vec::new();
            let into = if once { FetchInto::Writer(&mut got) } else { FetchInto::Vec(&mut got) };
            let result = client.fetch(&id, ImageVariant::Original, into);
            let (good, requests) = if once { (good_once, requests_once) } else { (good, requests) };
            assert_eq!(result.is_ok(), good, "{fault}, once: {once}: {result:?}");
            assert_eq!(server.requests_to("webwxgetmsgimg"), requests, "{fault}, once: {once}");
            assert!(
                got == if good {
                    small()
                } else {
                    small()[..if once { got.len() } else { 0 }].to_vec()
                }
            );
            result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
        }
    }
}

pub(crate) fn failures_leave_no_file<T: Transport>() {
    for fault in [
        "cut=600@webwxgetmsgimg",
        "html@webwxgetmsgimg",
        "redirect=http://127.0.0.1:1/@webwxgetmsgimg",
    ] {
        let server = server(&[fault]);
        let client: T = client(&server);
        let id = client.send(&friend(&server), small(), quiet).unwrap().msg_id;
        let dir = tempfile::tempdir().unwrap();
        client
            .fetch(&id, ImageVariant::Original, FetchInto::Path(dir.path().join("new.jpg")))
            .unwrap_err();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{fault}");

        let old = dir.path().join("old.jpg");
        std::fs::write(&old, "as it was").unwrap();
        client.fetch(&id, ImageVariant::Original, FetchInto::Path(old.clone())).unwrap_err();
        assert_eq!(std::fs::read(&old).unwrap(), b"as it was", "{fault}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{fault}");
    }
    let server = server(&[]);
    let client: T = client(&server);
    let id = client.send(&friend(&server), small(), quiet).unwrap().msg_id;
    let dir = tempfile::tempdir().unwrap();
    let error = client
        .fetch(&id, ImageVariant::Original, FetchInto::Path(dir.path().to_owned()))
        .unwrap_err();
    let shown = error.chain().to_string();
    assert!(shown.ends_with("leads to a directory instead of a file"), "{shown}");
}
