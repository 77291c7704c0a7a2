//! Progress reports of tries: an empty long poll is not a failed try, and a failed try has a
//! reason.

use wx_proto::flow::{FetchImage, Flow, NextMessages, Progress, SendMessage};
use wx_proto::{ErrorChain, ErrorKind, ImageVariant, MsgId, Policy, ReplyError};

use super::login::{init, notified};
use super::messages::{check, continued, received, session_at};
use wx_testing::harness::*;

/// Returns the number of the try and the error of the previous one, before each request.
fn tries<F: Flow>(
    flow: &mut F,
    image: &[u8],
    answers: impl IntoIterator<Item = Answer>,
) -> Vec<Row> {
    tries_in(Harness::new(image.to_vec(), answers), flow)
}

fn tries_in<F: Flow>(mut harness: Harness, flow: &mut F) -> Vec<Row> {
    let mut rows = Vec::new();
    let _ = harness.run_inspected(flow, |flow, _| {
        let Progress { attempt, last_error, .. } = flow.progress();
        rows.push((attempt, last_error.map(|error| ErrorChain(&error).to_string())));
    });
    rows
}

type Row = (Option<u32>, Option<String>);

fn first() -> Row {
    (Some(1), None)
}

fn after(attempt: u32, error: &str) -> Row {
    (Some(attempt), Some(error.to_owned()))
}

fn waiting(session: wx_proto::Session, answers: impl IntoIterator<Item = Answer>) -> Vec<Row> {
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    tries_in(Harness::new("", answers).with_session(&session), &mut flow)
}

#[test]
fn polls_with_nothing_new_are_no_failed_tries() {
    // The first webwxsync returns no messages, and the position does not move.
    let quiet = [received(5, &[]), check(0, 0), check(0, 0), check(0, 2), received(6, &[7])];
    assert_eq!(waiting(session_at(5), quiet), vec![first(); 5]);
    // The server announces messages, but has none. The flow waits, but no try has failed.
    let nothing = || [check(0, 2), received(5, &[])];
    let answers = nothing().into_iter().chain(nothing()).chain([check(0, 2), received(6, &[7])]);
    assert_eq!(waiting(continued(5), answers), vec![first(); 6]);
}

#[test]
fn failed_polls_say_why_until_one_goes_well() {
    let rows = waiting(
        continued(5),
        [
            status(502),
            dropped(),
            check(0, 0),
            ok("<html>"),
            check(7, 0),
            check(0, 2),
            ret(-1),
            received(6, &[7]),
        ],
    );
    assert_eq!(
        rows,
        [
            first(),
            after(2, "the server answered with status 502"),
            after(
                3,
                "there was no usable reply in 2 tries: \
                 the connection to webpush.wx.qq.com was closed"
            ),
            first(),
            after(2, "the server answered with a web page"),
            after(3, "the server refused the request: Ret 7"),
            // The failure is only over once webwxsync has succeeded, too.
            after(3, "the server refused the request: Ret 7"),
            after(4, "the server refused the request: Ret -1 (server error)"),
        ]
    );
    let begun = [ret(-1), status(429), init(""), notified(), check(0, 2), received(6, &[7])];
    assert_eq!(
        waiting(session(), begun)[..3],
        [
            first(),
            after(2, "the server refused the request: Ret -1 (server error)"),
            after(3, "the server answered that there were too many requests (429)")
        ]
    );
}

#[test]
fn a_send_says_why_a_chunk_and_a_message_are_repeated() {
    let (bytes, policy) = (jpeg(1000), Policy::default());
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let answers = [status(503), last("@media", 1000), status(502), dropped(), sent()];
    assert_eq!(
        tries(&mut flow, &bytes, answers),
        [
            first(),
            after(2, "the server answered with status 503"),
            first(),
            after(2, "the server answered with status 502"),
            after(
                3,
                "there was no usable reply in 2 tries: the connection to wx.qq.com was closed"
            ),
        ]
    );
}

fn fetch() -> FetchImage {
    let id = MsgId::new("8997396119269472610").unwrap();
    FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, Policy::default()).unwrap()
}

fn too_many(retry_after: &str) -> Answer {
    Answer::Reply(429, vec![("retry-after", retry_after.to_owned())], "".into())
}

#[test]
fn a_fetch_waits_as_long_as_the_server_asks_for() {
    let image = Answer::Reply(200, vec![("content-length", "5000".to_owned())], jpeg(5000));
    for (code, retry_after, wait) in [
        (429, "7", 7),
        (408, "", 1),
        (425, "0", 1),
        (503, "20", 20),
        (429, "1000000000000", 60),
        (429, "99999999999999999999999", 1),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", 1),
        (429, "-5", 1),
    ] {
        let busy = Answer::Reply(code, vec![("retry-after", retry_after.to_owned())], "".into());
        let mut harness = Harness::new("", [busy, image.clone()]);
        assert_eq!(harness.run(&mut fetch()).unwrap().bytes, 5000, "{code}");
        assert_eq!(harness.pauses(), [wait], "{code} {retry_after}");
    }
    let rows = tries(&mut fetch(), b"", [too_many("1"), dropped(), image]);
    assert_eq!(
        rows,
        [
            first(),
            after(2, "the server answered that there were too many requests (429)"),
            after(
                3,
                "there was no usable reply in 2 tries: the connection to wx.qq.com was closed"
            ),
        ]
    );
    let error = Harness::new("", vec![too_many("1"); 3]).run(&mut fetch()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Status(429)));
}
