//! Truncates every reply of the vectors at every byte, and delivers it in pieces of several sizes.
//! The result is the same as for the complete reply, or an error.

use std::fmt::Debug;
use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::js_login::JsLogin;
use wx_proto::endpoint::login::{PollLogin, Polled};
use wx_proto::endpoint::new_login_page::{LoginPage, NewLoginPage};
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::flow::{FetchImage, Flow, SendMessage, Upload};
use wx_proto::http::Response;
use wx_proto::{Error, ImageVariant, MsgId, Outcome, Policy, ReplyError, Uploaded};

use wx_testing::harness::*;
use wx_testing::samples::vector;

/// Returns the replies of the calls for images, as text.
fn replies() -> Vec<String> {
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let bodies = vector("server_bodies");
    let uploads = vector("upload_responses");
    let messages = vector("sendmsgimg");
    let trap = vector("trap_1205");
    let items = |value: &Value, key: &str| -> Vec<String> {
        let text =
            |item: &Value| item[key].as_str().map_or_else(|| item[key].to_string(), str::to_owned);
        value.as_array().unwrap().iter().map(text).collect()
    };
    let mut replies = items(&bodies["items"], "text");
    replies.extend(items(&uploads["sequence"], "body"));
    replies.extend(items(&messages["failure_responses"], "body"));
    for text in [&bodies["final_answer_2018"]["text"], &trap["text"]] {
        replies.push(text.as_str().unwrap().to_owned());
    }
    replies.push(messages["response"]["body"].to_string());
    replies.sort();
    replies.dedup();
    assert!(replies.len() >= 10 && replies.iter().all(|reply| json(reply).is_object()));
    replies
}

/// Returns a policy with one try each, so that retries do not hide the effect of a truncation.
fn policy() -> Policy {
    let mut policy = Policy::default();
    (policy.chunk_tries, policy.message_tries, policy.fetch_tries) = (1, 1, 1);
    policy
}

fn message() -> SendMessage {
    let uploaded: Uploaded = serde_json::from_value(serde_json::json!({
        "media_id": "@m", "thumbnail": [100, 71], "encry_file_name": null, "name": "a.jpg",
        "kind": "image",
        "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    }))
    .unwrap();
    SendMessage::uploaded(&session(), uploaded, to(), SEED, policy()).unwrap()
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

fn answered<F: Flow>(mut flow: F, answer: Answer, piece: usize) -> F::Output {
    let mut harness = Harness::new(jpeg(12), [answer]);
    harness.piece = piece;
    harness.run(&mut flow)
}

/// Truncates `reply` at every byte, either with a broken connection or as a complete reply.
fn truncate_everywhere<T: Debug + PartialEq, F: Flow<Output = Result<T, Error>>>(
    reply: &str,
    in_doubt: Outcome,
    flow: impl Fn() -> F,
) {
    let complete = answered(flow(), ok(reply.to_owned()), usize::MAX);
    let failed_cleanly = |result: Result<T, Error>, len: usize, piece: usize| {
        let error = result.expect_err("a truncated reply has no result");
        assert_eq!(
            (error.ret(), error.outcome()),
            (None, in_doubt),
            "{len} bytes of {reply}, piece {piece}"
        );
    };
    let compressed = gzip(reply.as_bytes());
    let gzipped = |body: Bytes| Answer::Reply(200, vec![("content-encoding", "gzip".into())], body);
    for piece in [1, 2, 5, 11, 16] {
        for len in 0..reply.len() {
            let text = reply[..len].to_owned();
            // The truncated reply can be valid JSON for an independent parser, with all required
            // fields.
            let is_complete = serde_json::from_str::<Value>(&text).is_ok();
            let dropped = Answer::Break(reply.len() as u64, text.clone().into());
            failed_cleanly(answered(flow(), dropped, piece), len, piece);
            let short = answered(flow(), ok(text), piece);
            if is_complete {
                assert_eq!(short, complete);
            } else {
                failed_cleanly(short, len, piece);
            }
        }
        for len in 0..compressed.len() {
            failed_cleanly(answered(flow(), gzipped(compressed.slice(..len)), piece), len, piece);
        }
        assert_eq!(answered(flow(), ok(reply.to_owned()), piece), complete, "piece {piece}");
        assert_eq!(
            answered(flow(), gzipped(compressed.clone()), piece),
            complete,
            "gzipped, piece {piece}"
        );
    }
}

#[test]
fn answers_to_a_chunk() {
    let (session, image) = (session(), media(&jpeg(12)));
    let flow = || Upload::new(&session, image.clone(), to(), SEED, policy()).unwrap();
    for reply in replies().iter().filter(|reply| reply.contains("StartPos")) {
        truncate_everywhere(reply, Outcome::NotSent, flow);
    }
}

#[test]
fn answers_to_a_check() {
    let (image, mut policy) = (jpeg(12), policy());
    policy.check_above = 0;
    // This reply needs no chunks after the check, because the file is already on the server.
    let known = r#"{"BaseResponse":{"Ret":0,"ErrMsg":""},"MediaId":"@known","AESKey":"","Signature":"","EncryFileName":"a%2Ejpg"}"#;
    let refused = r#"{"BaseResponse":{"Ret":1205,"ErrMsg":""},"MediaId":"@foreign"}"#;
    for reply in [known, refused] {
        truncate_everywhere(reply, Outcome::NotSent, || upload(&image, &policy).unwrap());
    }
}

#[test]
fn answers_to_a_message() {
    for reply in replies().iter().filter(|reply| reply.contains("MsgID")) {
        truncate_everywhere(reply, Outcome::Unknown, message);
    }
}

#[test]
fn images() {
    let image = jpeg(300);
    let flow = || {
        let id = MsgId::new("8997396119269472610").unwrap();
        FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy()).unwrap()
    };
    for (encoding, body) in [("identity", image.clone()), ("gzip", gzip(&image))] {
        let announced = |len: usize| {
            vec![("content-length", len.to_string()), ("content-encoding", encoding.into())]
        };
        for piece in 1..=16 {
            let run = |answer: Answer| {
                let mut harness = Harness::new("", [answer]);
                harness.piece = piece;
                (harness.run(&mut flow()), harness.stored)
            };
            let (fetched, stored) = run(Answer::Reply(200, announced(body.len()), body.clone()));
            assert_eq!(fetched.unwrap().bytes, 300);
            assert_eq!(stored, image);
            for len in 0..body.len() {
                // The body ends too early, or the connection breaks.
                for answer in [
                    Answer::Reply(200, announced(body.len()), body.slice(..len)),
                    Answer::Break(body.len() as u64, body.slice(..len)),
                ] {
                    let (fetched, stored) = run(answer);
                    fetched.unwrap_err();
                    assert!(image.starts_with(&stored));
                }
            }
        }
    }
}

/// The replies to login calls are text. If the length was announced, a truncation is reported.
/// Otherwise, the flow reads fewer values or none.
#[test]
fn answers_of_a_login_and_of_sync() {
    let vector = super::login::recorded();
    let texts = |pointer: &str| -> Vec<String> {
        let answers = vector.pointer(pointer).unwrap().as_array().unwrap().iter();
        answers.map(|answer| answer["text"].as_str().unwrap().to_owned()).collect()
    };
    let of_page = |name: &str| vector["newloginpage"][name]["text"].as_str().unwrap().to_owned();
    let mut all =
        [texts("/jslogin/answers"), texts("/poll/answers"), texts("/synccheck/answers")].concat();
    all.extend([of_page("ok"), of_page("refused"), vector["stuck_sync"]["body"].to_string()]);
    assert!(all.len() >= 15);
    for text in &all {
        for len in 0..text.len() {
            let body = Bytes::from(text[..len].to_owned());
            let announced = Response::builder()
                .header("content-length", text.len())
                .body(body.clone())
                .unwrap();
            let expected =
                ReplyError::Truncated { expected: Some(text.len() as u64), got: len as u64 };
            assert_eq!(JsLogin::read(&announced).unwrap_err(), expected);
            assert_eq!(PollLogin::read(&announced).unwrap_err(), expected);
            assert_eq!(NewLoginPage::read(&announced).unwrap_err(), expected);
            assert_eq!(SyncCheck::read(&announced).unwrap_err(), expected);
            assert_eq!(SyncMessages::read(&announced).unwrap_err(), expected);
            // If the length was not announced, the flow never reads a login, a code or a redirect
            // that is not in the complete reply.
            let short = Response::new(body);
            let complete = Response::new(Bytes::from(text.clone()));
            if let Ok(code) = JsLogin::read(&short) {
                assert_eq!(JsLogin::read(&complete).unwrap(), code);
            }
            if let Ok(state @ Polled::Confirmed { .. }) = PollLogin::read(&short) {
                assert_eq!(PollLogin::read(&complete).unwrap(), state);
            }
            if let Ok(LoginPage::Credentials(_)) = NewLoginPage::read(&short) {
                assert!(NewLoginPage::read(&complete).is_ok());
            }
        }
    }
}
