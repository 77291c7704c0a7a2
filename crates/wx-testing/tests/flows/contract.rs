//! The contract of `Flow`, line by line.

mod cancelling;
mod done;
mod dropped_driver;
mod limits;
mod rooms;

use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{
    Action, CallId, FetchImage, Flow, Input, ListContacts, Login, Logout, NextMessages, Restore,
    SendMessage, TransportError, TransportErrorKind, UnexpectedInput, Upload,
};
use wx_proto::http::Response;
use wx_proto::{
    Error, ErrorKind, ImageVariant, MsgId, Outcome, Policy, Profile, ReplyError, Site, SourceError,
    Step,
};

use super::login::{code, init, page, polled};
use super::logout::logged_out;
use wx_testing::harness::*;

const NOW: Duration = Duration::from_secs(5);

fn send_image(len: usize) -> SendMessage {
    let bytes = jpeg(len);
    let policy = Policy::default();
    SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap()
}

/// Returns a flow that sends a message, after its upload.
pub(crate) fn message() -> SendMessage {
    let mut upload = upload(&jpeg(12), &Policy::default()).unwrap();
    let uploaded = Harness::new(jpeg(12), [last("@m", 12)]).run(&mut upload).unwrap();
    SendMessage::uploaded(&session(), uploaded, to(), SEED, Policy::default()).unwrap()
}

pub(crate) fn fetch() -> FetchImage {
    let id = MsgId::new("7").unwrap();
    FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, Policy::default()).unwrap()
}

/// Formats an action for comparison, including its bytes and ids.
fn shown<T>(action: &Action<T>) -> String {
    match action {
        Action::Read(span) => format!("load {span:?}"),
        Action::Send(id, request) => {
            let http = request.http();
            format!("send {id:?} {} {:?} {:?}", http.uri(), http.headers(), http.body().to_vec())
        }
        Action::Receive(id) => format!("pull {id:?}"),
        Action::Write(at, bytes) => format!("store {at} {bytes:?}"),
        Action::Save(snapshot) => format!("save {snapshot:?}"),
        Action::Wait(until) => format!("wait {until:?}"),
        Action::Done(_) => "done".to_owned(),
    }
}

fn head() -> wx_proto::http::response::Parts {
    Response::builder().header("content-length", "60").body(()).unwrap().into_parts().0
}

fn sent_id<T>(action: &Action<T>) -> CallId {
    match action {
        Action::Send(id, _) => *id,
        other => panic!("not a request: {}", shown(other)),
    }
}

/// Lines 2, 3 and 4: the outstanding action stays until its own answer arrives, whatever other
/// inputs are given.
fn assert_steady<F: Flow>(flow: &mut F, foreign: CallId, idempotent: bool, now: Duration) {
    let before = idempotent.then(|| shown(&flow.poll(&mut session(), now)));
    let progress = flow.progress();
    let error = TransportError::on_the_way(TransportErrorKind::Dropped);
    let strangers = [
        Input::Head(foreign, head()),
        Input::Body(foreign, Bytes::from_static(b"x")),
        Input::End(foreign),
        Input::Failed(foreign, error),
    ];
    for stranger in strangers {
        assert_eq!(flow.handle(stranger, now), Err(UnexpectedInput));
    }
    assert_eq!(flow.progress(), progress);
    if let Some(before) = before {
        assert_eq!(shown(&flow.poll(&mut session(), now)), before);
        assert_eq!(shown(&flow.poll(&mut session(), now)), before);
    }
}

#[test]
fn lines_1_to_4_in_every_state_of_a_send() {
    let mut flow = send_image(CHUNK + 1);
    let mut harness = Harness::new(jpeg(CHUNK + 1), []);
    // An id from a later call of another flow.
    let mut other = fetch();
    let _ = other.poll(&mut session(), NOW);
    let mut answers = [middle(), last("@m", CHUNK + 1), sent()].into_iter();
    let mut stale = None;
    for _ in 0..100 {
        let action = flow.poll(&mut session(), NOW);
        let in_message = flow.progress().in_doubt;
        if let Some(stale) = stale {
            assert_steady(&mut flow, stale, !in_message, NOW);
        }
        let input = match action {
            Action::Done(result) => {
                assert!(result.is_ok());
                assert!(shown(&flow.poll(&mut session(), NOW)) == "done", "done stays done");
                let error = flow.handle(Input::Written, NOW).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "the input does not answer the flow's outstanding action"
                );
                return;
            }
            Action::Read(span) => {
                assert_eq!(flow.handle(Input::Written, NOW), Err(UnexpectedInput));
                harness.read(&span)
            }
            Action::Send(id, _) => {
                assert_eq!(flow.handle(Input::End(id), NOW), Err(UnexpectedInput));
                assert_eq!(flow.handle(Input::Read(Bytes::new()), NOW), Err(UnexpectedInput));
                let Some(Answer::Reply(code, _, body)) = answers.next() else {
                    panic!("no answer left")
                };
                let reply = Response::builder().status(code).body(body).unwrap();
                if let Some(stale) = stale {
                    // The longest part that a driver can have passed on before it was dropped.
                    let mut half_read = flow.clone();
                    half_read.handle(Input::Head(id, head()), NOW).unwrap();
                    half_read.handle(Input::Body(id, Bytes::from_static(b"{")), NOW).unwrap();
                    assert_steady(&mut half_read, stale, true, NOW);
                    assert_eq!(
                        half_read.handle(Input::Head(id, head()), NOW),
                        Err(UnexpectedInput)
                    );
                }
                flow.answer(id, reply, &mut session(), NOW, |_, _| Ok(())).unwrap();
                // The answer was accepted, and the next action has not been polled yet.
                assert_eq!(flow.handle(Input::Head(id, head()), NOW), Err(UnexpectedInput));
                stale = Some(id);
                continue;
            }
            other => panic!("unexpected {}", shown(&other)),
        };
        flow.handle(input, NOW).unwrap();
    }
    panic!("no end");
}

/// Checks lines 1 to 4 for a flow that does not read an image, from beginning to end.
fn keeps_the_contract<F: Flow>(mut flow: F, answers: impl IntoIterator<Item = Answer>) {
    let mut answers = answers.into_iter();
    let (mut borrowed, mut now, mut stale, mut requests) = (session(), NOW, None, 0);
    assert_eq!(
        flow.handle(Input::Read(Bytes::new()), now),
        Err(UnexpectedInput),
        "no request was handed out yet"
    );
    for _ in 0..200 {
        let action = flow.poll(&mut borrowed, now);
        if let Some(stale) = stale {
            assert_steady(&mut flow, stale, true, now);
        }
        assert_eq!(flow.handle(Input::Written, now), Err(UnexpectedInput));
        match action {
            Action::Done(_) => {
                assert_eq!(shown(&flow.poll(&mut session(), now)), "done", "done stays done");
                let left = answers.count();
                assert_eq!(left, 0, "every answer was used, after {requests} requests");
                flow.cancel();
                assert_eq!(shown(&flow.poll(&mut session(), now)), "done");
                return;
            }
            Action::Wait(until) => {
                assert!(until > now);
                now = until;
            }
            Action::Send(id, _) => {
                assert!(stale.is_none_or(|stale| stale < id), "ids grow");
                assert_eq!(flow.handle(Input::End(id), now), Err(UnexpectedInput));
                (stale, requests) = (Some(id), requests + 1);
                match answers.next().expect("an answer is left") {
                    Answer::Reply(code, headers, body) => {
                        let mut reply = Response::builder().status(code);
                        for (name, value) in headers {
                            reply = reply.header(name, value);
                        }
                        flow.answer(id, reply.body(body).unwrap(), &mut borrowed, now, |_, _| {
                            Ok(())
                        })
                        .unwrap();
                    }
                    Answer::Fail(error) => flow.handle(Input::Failed(id, error), now).unwrap(),
                    Answer::Break(..) => panic!("not used here"),
                }
            }
            other => panic!("unexpected {}", shown(&other)),
        }
    }
    panic!("no end");
}

#[test]
fn lines_1_to_4_of_a_login_and_what_comes_after() {
    let policy = Policy::default;
    let notified = || ok(r#"{"BaseResponse":{"Ret":0}}"#);
    let sync = || {
        ok(
            r#"{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"1","MsgType":3}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":2}]}}"#,
        )
    };
    let answers = [
        closed(),
        code(),
        closed(),
        dropped(),
        closed(),
        polled(1),
        polled(4),
        code(),
        polled(2),
        closed(),
        dropped(),
        page(),
        dropped(),
        init(""),
        closed(),
        notified(),
    ];
    keeps_the_contract(Login::new(Site::new(Profile::Web), SEED, policy()), answers);
    keeps_the_contract(
        Restore::new(&session(), SEED, policy()).unwrap(),
        [status(503), init(""), closed(), dropped()],
    );
    let check = || ok("window.synccheck={retcode:\"0\",selector:\"2\"}");
    let messages = NextMessages::new(&session(), SEED, policy()).unwrap();
    keeps_the_contract(
        messages,
        [init(""), notified(), dropped(), closed(), check(), closed(), status(500), sync()],
    );
    let contacts = ok(r#"{"BaseResponse":{"Ret":0},"MemberList":[],"Seq":0}"#);
    keeps_the_contract(
        ListContacts::new(&session(), SEED, policy()).unwrap(),
        [dropped(), closed(), contacts],
    );
    keeps_the_contract(
        Logout::new(&session(), SEED, policy()).unwrap(),
        [closed(), dropped(), logged_out()],
    );
}

#[test]
fn lines_2_to_4_in_every_state_of_a_fetch() {
    let mut flow = fetch();
    let first = sent_id(&flow.poll(&mut session(), NOW));
    let error = TransportError::never_connected(TransportErrorKind::Connect);
    flow.handle(Input::Failed(first, error), NOW).unwrap();
    assert_steady(&mut flow, first, true, NOW);
    let Action::Wait(until) = flow.poll(&mut session(), NOW) else { panic!() };
    let id = sent_id(&flow.poll(&mut session(), until));
    assert_steady(&mut flow, first, true, NOW);
    let misuses = |flow: &mut FetchImage, inputs: Vec<Input>| {
        for input in inputs {
            assert_eq!(flow.handle(input.clone(), NOW), Err(UnexpectedInput), "{input:?}");
        }
    };
    let broken = || Input::Local(std::io::Error::other("x").into());
    let (chunk, end) = (|| Input::Body(id, jpeg(30)), || Input::End(id));
    misuses(&mut flow, vec![chunk(), end(), Input::Written, broken()]);
    flow.handle(Input::Head(id, head()), NOW).unwrap();
    assert_steady(&mut flow, first, true, NOW);
    misuses(
        &mut flow,
        vec![Input::Head(id, head()), Input::Written, broken(), Input::Read(jpeg(30))],
    );
    flow.handle(chunk(), NOW).unwrap();
    assert_steady(&mut flow, first, true, NOW);
    misuses(&mut flow, vec![Input::Head(id, head()), chunk(), end()]);
    flow.handle(Input::Written, NOW).unwrap();
    flow.handle(chunk(), NOW).unwrap();
    flow.handle(Input::Written, NOW).unwrap();
    flow.handle(end(), NOW).unwrap();
    misuses(&mut flow, vec![Input::Failed(id, error), end(), Input::Written]);
    assert!(
        matches!(flow.poll(&mut session(), NOW), Action::Done(Ok(fetched)) if fetched.bytes == 60)
    );
}

#[test]
fn line_4_nothing_is_answered_before_it_was_handed_out() {
    // An id that matches by chance: the id of another flow's first call.
    let first = sent_id(&fetch().poll(&mut session(), NOW));
    let mut message = message();
    assert_eq!(message.handle(Input::Head(first, head()), NOW), Err(UnexpectedInput));
    let mut upload = upload(&jpeg(12), &Policy::default()).unwrap();
    let mut harness = Harness::new(jpeg(12), []);
    let Action::Read(span) = upload.poll(&mut session(), NOW) else { panic!() };
    upload.handle(harness.read(&span), NOW).unwrap();
    assert_eq!(upload.handle(Input::Head(first, head()), NOW), Err(UnexpectedInput));
    assert_eq!(sent_id(&upload.poll(&mut session(), NOW)), first);
}

#[test]
fn line_4_an_image_of_one_chunk_takes_no_second_load() {
    let (bytes, policy) = (jpeg(12), Policy::default());
    for form in [media(&bytes), media(&bytes).immutable()] {
        let mut upload = Upload::new(&session(), form, to(), SEED, policy.clone()).unwrap();
        let Action::Read(span) = upload.poll(&mut session(), NOW) else { panic!() };
        upload.handle(Harness::new(bytes.clone(), []).read(&span), NOW).unwrap();
        let other = Input::Read(jpeg(12).iter().map(|byte| !byte).collect());
        let failed = Input::Local(SourceError::new(std::io::ErrorKind::NotFound, "gone"));
        for input in [other, failed] {
            assert_eq!(upload.handle(input, NOW), Err(UnexpectedInput));
        }
        let Action::Send(_, request) = upload.poll(&mut session(), NOW) else { panic!() };
        assert_eq!(request.http().body().segments()[1], bytes);
        assert!(!format!("{upload:?}").contains("xff"), "Debug does not show the image");
    }
}

#[test]
fn a_complete_reply_is_written_to_the_sink() {
    let image = jpeg(60);
    let reply =
        |bytes: Bytes| Response::builder().header("content-length", 60).body(bytes).unwrap();
    let mut flow = fetch();
    let id = sent_id(&flow.poll(&mut session(), NOW));
    let mut stored = Vec::new();
    let store = |at, bytes| {
        stored.push((at, bytes));
        Ok(())
    };
    flow.answer(id, reply(image.clone()), &mut session(), NOW, store).unwrap();
    assert!(matches!(flow.poll(&mut session(), NOW), Action::Done(Ok(_))));
    assert_eq!(stored, [(0, image.clone())]);

    let mut flow = fetch();
    let id = sent_id(&flow.poll(&mut session(), NOW));
    flow.answer(id, reply(image), &mut session(), NOW, |_, _| {
        Err(std::io::Error::other("full").into())
    })
    .unwrap();
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!(error.chain().to_string(), "the download failed: full");
}

#[test]
fn line_4_a_read_that_was_not_requested_is_unexpected_input() {
    let mut flow = send_image(3 * CHUNK);
    let Action::Read(span) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!(span, 0..CHUNK as u64);
    assert_eq!(flow.handle(Input::Read(jpeg(CHUNK + 1)), NOW), Err(UnexpectedInput));
    assert_eq!(shown(&flow.poll(&mut session(), NOW)), format!("load {span:?}"));
}

#[test]
fn line_3_a_message_that_leaves_again_uses_a_try() {
    let mut flow = message();
    let first = shown(&flow.poll(&mut session(), NOW));
    for _ in 0..3 {
        assert_eq!(shown(&flow.poll(&mut session(), NOW)), first, "same id, same bytes");
    }
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!("a fifth try") };
    assert_eq!(error.kind, ErrorKind::Uncertain { last: None, tries: 4 });
}

#[test]
fn line_3_a_refusal_of_the_second_try_leaves_the_first_uncertain() {
    let mut flow = message();
    let _ = flow.poll(&mut session(), NOW);
    let id = sent_id(&flow.poll(&mut session(), NOW));
    let Answer::Reply(_, _, body) = ret(1205) else { panic!() };
    flow.answer(id, Response::new(body), &mut session(), NOW, |_, _| Ok(())).unwrap();
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn line_5_external_failures_are_not_misuse() {
    let mut flow = send_image(12);
    let _ = flow.poll(&mut session(), NOW);
    assert_eq!(flow.handle(Input::Read(Bytes::new()), NOW), Ok(()));
    assert!(matches!(
        flow.poll(&mut session(), NOW),
        Action::Done(Err(Error { kind: ErrorKind::SourceEnded { .. }, .. }))
    ));
}
