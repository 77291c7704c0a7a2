use super::super::*;
use super::{text, vector};
use crate::model::ret::Ret;

fn answer(body: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(body.into())
}

#[test]
fn p35_p36_answers_of_the_users_notes() {
    let vector = vector(include_str!("../../../../tests/vectors/upload_responses.json"));
    for row in vector["sequence"].as_array().unwrap().iter().skip(1) {
        let accepted = UploadChunk::read(&answer(row["body"].to_string())).unwrap();
        if row["final"].as_bool().unwrap() {
            assert_eq!(accepted.media_id().unwrap().as_str(), text(row, "/body/MediaId"));
            assert_eq!(
                (accepted.start_pos, accepted.thumbnail),
                (Some(977_168), Dimensions::new(100, 71))
            );
        } else {
            // As the reply to the last chunk, this would be an error.
            assert_eq!(accepted.media_id(), Err(ReplyError::NoMediaId));
            assert_eq!(accepted.thumbnail, None);
        }
        // Ret 1 is normal for a preflight, but an error for a chunk.
        let preflight = vector["sequence"][0]["body"].to_string();
        assert!(matches!(
            UploadChunk::read(&answer(preflight)),
            Err(ReplyError::Refused { ret: Ret(1), .. })
        ));
    }
}

#[test]
fn p35_p50_a_refused_answers_media_id_is_thrown_away() {
    let vector = vector(include_str!("../../../../tests/vectors/trap_1205.json"));
    let error = UploadChunk::read(&answer(text(&vector, "/text").to_owned())).unwrap_err();
    assert_eq!(error, ReplyError::Refused { ret: Ret(1205), message: String::new() });
    assert!(!format!("{error:?} {error}").contains("@crypt_"));
    let refusal = r#"{"BaseResponse":{"Ret":"1","ErrMsg":"no\nway"},"MediaId":"@x"}"#;
    let error = UploadChunk::read(&answer(refusal)).unwrap_err();
    assert_eq!(error, ReplyError::Refused { ret: Ret(1), message: "noway".to_owned() });
}

#[test]
fn p37_layouts_of_the_server() {
    let vector = vector(include_str!("../../../../tests/vectors/server_bodies.json"));
    let accepted = UploadChunk::read(&answer(text(&vector, "/final_answer_2018/text").to_owned()));
    let accepted = accepted.unwrap();
    assert_eq!(accepted.encry_file_name.as_deref(), Some("IMG%5F1854%2EJPG"));
    assert_eq!(accepted.thumbnail, Dimensions::new(66, 100));
    for item in vector["items"].as_array().unwrap() {
        let body = text(item, "/text");
        assert_eq!(body.len() as u64, item["content_length"].as_u64().unwrap());
        match UploadChunk::read(&answer(body.to_owned())) {
            Ok(_) => assert!(body.contains("\"Ret\": 0")),
            Err(error) => assert!(matches!(error, ReplyError::Refused { .. }), "{error}"),
        }
    }
}

#[test]
fn p50_no_body_is_more_than_an_error() {
    let read = |body: &'static [u8]| {
        UploadChunk::read(&answer(body)).and_then(|accepted| accepted.media_id()).unwrap_err()
    };
    assert_eq!(read(b""), ReplyError::Empty);
    assert_eq!(read(b" \n"), ReplyError::Empty);
    assert_eq!(read(b"<!DOCTYPE html><p>"), ReplyError::Html);
    assert_eq!(read(b"\xef\xbb\xbf <error/>"), ReplyError::Html);
    assert_eq!(read(b"upstream timed out"), ReplyError::NotJson);
    assert_eq!(read(b"\xff\xfe\0"), ReplyError::NotJson);
    assert_eq!(read(b"{\"BaseResponse\": {\"Ret\": 0"), ReplyError::TruncatedJson);
    assert_eq!(read(b"{\"BaseResponse\" 7}"), ReplyError::NotJson);
    assert_eq!(read(b"{}"), ReplyError::NoRet);
    assert_eq!(read(b"[1]"), ReplyError::NoRet);
    assert_eq!(read(b"{\"BaseResponse\": 7}"), ReplyError::NoRet);
    assert_eq!(read(b"{\"BaseResponse\": {\"Ret\": {}}}"), ReplyError::NoRet);
    assert_eq!(
        read(b"{\"BaseResponse\": {\"Ret\": 0}, \"MediaId\": []}"),
        ReplyError::InvalidField
    );
    assert_eq!(read(b"{\"BaseResponse\": {\"Ret\": 0}, \"MediaId\": null}"), ReplyError::NoMediaId);
    let odd = b"{\"BaseResponse\":{\"Ret\":\"0\"},\"MediaId\":\"@m\",\"StartPos\":\"10\",\
     \"CDNThumbImgWidth\":-3,\"X\":[]}";
    let accepted = UploadChunk::read(&answer(&odd[..])).unwrap();
    assert_eq!((accepted.start_pos, accepted.thumbnail), (Some(10), None));
}

#[test]
fn p37_p50_status_length_and_encoding_come_first() {
    let good = r#"{"BaseResponse":{"Ret":0},"MediaId":"@m"}"#;
    let with = |name: &'static str, value: &str, status: u16, body: &'static str| {
        let reply =
            Response::builder().status(status).header(name, value).body(Bytes::from(body)).unwrap();
        UploadChunk::read(&reply)
    };
    assert!(with("content-type", "text/plain", 200, good).is_ok());
    assert!(with("content-type", "image/jpeg", 200, good).is_ok());
    assert_eq!(with("x", "y", 500, good), Err(ReplyError::Status(500)));
    assert_eq!(with("x", "y", 403, "<html>"), Err(ReplyError::Status(403)));
    let host = Some("evil.example".to_owned());
    let redirect = with("location", "https://evil.example/?skey=canary", 302, good).unwrap_err();
    assert_eq!(redirect, ReplyError::Redirect { status: 302, host });
    assert!(!format!("{redirect} {redirect:?}").contains("canary"));
    assert_eq!(
        with("content-length", "900", 200, good),
        Err(ReplyError::Truncated { expected: Some(900), got: 41 })
    );
    assert_eq!(
        with("content-encoding", "br", 200, good),
        Err(ReplyError::Encoding("br".to_owned()))
    );
    assert_eq!(with("content-encoding", "gzip", 200, good), Err(ReplyError::CorruptGzip));
    // The same limit applies without the flows.
    let long = [good.as_bytes(), &vec![b' '; REPLY_LIMIT as usize - good.len() + 1]].concat();
    let read = |body: &[u8]| UploadChunk::read(&answer(body.to_vec()));
    assert!(read(&long[1..]).is_err() && read(&long[..long.len() - 1]).is_ok());
    assert_eq!(read(&long), Err(ReplyError::TooLarge { limit: REPLY_LIMIT }));
}
