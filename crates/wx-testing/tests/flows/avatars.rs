//! Avatars ([P86](wx_proto::protocol#p86)).

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{FetchAvatar, Flow};
use wx_proto::{
    Advice, Avatar, Error, ErrorKind, Fetched, ImageFormat, Md5, Policy, ReplyError, UserName,
};

use wx_testing::harness::*;

const GIVEN: &str = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=7&username=@0a&skey=";

/// An avatar with an address that the server gave, and with a room.
fn given() -> Avatar {
    let json = json!({
        "user_name": "@0a", "head_img_url": format!("{GIVEN}{{skey}}"),
        "encry_chat_room_id": "@0b",
    });
    serde_json::from_value(json).unwrap()
}

/// An avatar with nothing but a UserName.
fn plain() -> Avatar {
    Avatar::new(UserName::new("@0a").unwrap())
}

fn fetch_into(
    avatar: Avatar,
    restartable: bool,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Option<Fetched>, Error>) {
    let mut harness = Harness::new("", answers);
    let flow = FetchAvatar::new(&session(), avatar, restartable, SEED, Policy::default());
    let result = harness.run(&mut flow.unwrap());
    (harness, result)
}

fn fetch(
    avatar: Avatar,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Option<Fetched>, Error>) {
    fetch_into(avatar, true, answers)
}

fn served(mime: &str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let headers =
        vec![("content-type", mime.to_owned()), ("content-length", body.len().to_string())];
    Answer::Reply(200, headers, body)
}

fn picture() -> Answer {
    served("text/plain", jpeg(8990))
}

/// An empty reply, with each way to say so.
fn nothing() -> [Answer; 3] {
    let chunked = vec![("transfer-encoding", "chunked".to_owned())];
    [served("image/jpeg", ""), served("text/plain", ""), Answer::Reply(200, chunked, Bytes::new())]
}

fn targets(harness: &Harness) -> Vec<String> {
    let target = |seen: &SentRequest| seen.http().uri().path_and_query().unwrap().to_string();
    harness.seen.iter().map(target).collect()
}

fn error(result: Result<Option<Fetched>, Error>) -> ReplyError {
    match result.unwrap_err().kind {
        ErrorKind::Reply(error) => error,
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn p86_a_picture_is_complete_whatever_its_content_type_is() {
    for mime in ["image/jpeg", "text/plain", "text/html"] {
        let (harness, result) = fetch(plain(), [served(mime, jpeg(8990))]);
        let fetched = result.unwrap().unwrap();
        assert!(harness.stored == jpeg(8990), "other bytes");
        assert_eq!((fetched.bytes, fetched.format), (8990, Some(ImageFormat::Jpeg)));
        assert_eq!(fetched.md5, Md5::digest(&jpeg(8990)));
        assert_eq!(
            targets(&harness),
            ["/cgi-bin/mmwebwx-bin/webwxgeticon?seq=0&username=@0a&skey=@crypt_skey"]
        );
    }
}

#[test]
fn p86_an_empty_reply_is_no_picture_and_is_asked_once_more_with_the_room() {
    for empty in nothing() {
        let (harness, result) = fetch(plain(), [empty.clone()]);
        assert_eq!((result.unwrap(), harness.stored.len()), (None, 0));
        let (harness, result) = fetch(given(), [empty.clone(), empty.clone()]);
        assert_eq!(result.unwrap(), None);
        let first = format!("{GIVEN}@crypt_skey");
        assert_eq!(targets(&harness), [first.clone(), format!("{first}&chatroomid=@0b")]);
        assert_eq!(harness.pauses(), [0]);
        let (harness, result) = fetch(given(), [empty, picture()]);
        assert_eq!((result.unwrap().unwrap().bytes, harness.seen.len()), (8990, 2));
        assert!(harness.stored == jpeg(8990), "other bytes");
    }
    let (harness, result) = fetch(given(), [picture()]);
    assert_eq!((result.unwrap().unwrap().bytes, harness.seen.len()), (8990, 1));
}

/// The second request has tries of its own, and keeps the room.
#[test]
fn p86_a_lost_reply_is_no_missing_picture() {
    let [empty, ..] = nothing();
    let lost = [dropped(), dropped(), empty.clone(), dropped(), status(502), picture()];
    let (harness, result) = fetch(given(), lost);
    assert_eq!(result.unwrap().unwrap().bytes, 8990);
    let with_room = |target: &String| target.ends_with("&chatroomid=@0b");
    assert_eq!(targets(&harness).iter().filter(|target| with_room(target)).count(), 3);

    let short = Answer::Break(8990, jpeg(100));
    let (harness, result) = fetch(plain(), [short.clone(), short.clone(), short.clone()]);
    assert!(matches!(result.unwrap_err().kind, ErrorKind::Network { .. }));
    assert_eq!(harness.seen.len(), 3);
    // A part of it was there, so that an empty reply after it proves nothing.
    let (_, result) = fetch(plain(), [short.clone(), empty.clone(), empty.clone()]);
    assert_eq!(error(result), ReplyError::Empty);
    let (harness, result) = fetch(given(), [short.clone(), empty, picture()]);
    assert_eq!((result.unwrap().unwrap().bytes, harness.stored.len()), (8990, 8990));
    let (harness, result) = fetch_into(plain(), false, [short]);
    assert!(result.is_err() && harness.seen.len() == 1);
}

#[test]
fn p86_anything_else_is_an_error() {
    for (body, expected) in [
        (&b"\r\n<!DOCTYPE html>"[..], Some(ReplyError::Html)),
        (b"{\"BaseResponse\":{\"Ret\":1101}}", None),
        (b"a text that is not a picture", None),
    ] {
        let (harness, result) = fetch(given(), [served("image/jpeg", body)]);
        assert_eq!((harness.seen.len(), harness.stored.len()), (1, 0));
        let error = error(result);
        assert!(expected.is_none_or(|expected| expected == error), "{error:?}");
    }
    let (_, result) = fetch(plain(), [ret(1101)].map(bounded));
    assert_eq!(result.unwrap_err().advice(), Advice::LoginAgain);
    let mut policy = Policy::default();
    policy.max_fetch = 8989;
    let mut harness = Harness::new("", [picture()]);
    let flow = FetchAvatar::new(&session(), plain(), true, SEED, policy);
    let result = harness.run(&mut flow.unwrap());
    assert_eq!(error(result), ReplyError::TooLarge { limit: 8989 });
}

/// Adds the length to a reply.
fn bounded(answer: Answer) -> Answer {
    match answer {
        Answer::Reply(200, _, body) => served("image/jpeg", body),
        other => other,
    }
}

#[test]
fn p86_progress_ends_with_the_bytes_of_the_picture() {
    let mut flow = FetchAvatar::new(&session(), plain(), true, SEED, Policy::default()).unwrap();
    Harness::new("", [picture()]).run(&mut flow).unwrap();
    let progress = flow.progress();
    assert_eq!((progress.done, progress.total), (8990, Some(8990)));
}
