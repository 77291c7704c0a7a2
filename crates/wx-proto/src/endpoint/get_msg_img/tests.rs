use serde_json::Value;

use super::*;

use crate::model::unix_ms::UnixMs;

fn session(host: &str) -> Session {
    Session::builder(&format!("https://{host}"))
        .uin(1)
        .sid("s")
        .skey("@crypt_a936502b_74e29c164b1802c5bfd4b1f9a7db4b5e")
        .user_name("@me")
        .data_ticket("t")
        .build()
        .unwrap()
}

fn call(size: ImageVariant) -> GetMsgImg {
    let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
    GetMsgImg::new(MsgId::new("8997396119269472610").unwrap(), size, seed)
}

#[test]
fn p16_p18_p22_requests_of_the_vector() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/getmsgimg_request.json"))
            .unwrap();
    for case in vector["cases"].as_array().unwrap() {
        let is_thumbnail = case["name"].as_str().unwrap().starts_with("thumbnail");
        let size = if is_thumbnail { ImageVariant::Thumbnail } else { ImageVariant::Original };
        let host = case.get("host").unwrap_or(&vector["host"]).as_str().unwrap();
        let request = call(size).request(&session(host)).unwrap();
        let http = request.http();
        assert_eq!(http.method(), vector["method"].as_str().unwrap());
        assert_eq!(http.uri().host(), Some(host));
        assert_eq!(http.uri().path(), vector["path"].as_str().unwrap());
        assert_eq!(http.uri().query(), case["query_text"].as_str());
        assert_eq!(http.headers()["cookie"], "webwx_data_ticket=t");
        assert!(!http.headers().contains_key("range") && !http.headers().contains_key("origin"));
        // An <img> cannot have custom headers.
        assert!(!http.headers().contains_key("mmweb_appid"));
    }
    let big = call(ImageVariant::Emoticon).request(&session("wx.qq.com")).unwrap();
    assert!(big.http().uri().query().unwrap().ends_with("&type=big"));
}

#[test]
fn the_browsers_headers() {
    let capture: Value =
        serde_json::from_str(include_str!("../../../tests/captures/browser-webuploader.json"))
            .unwrap();
    let requests = capture["requests"].as_array().unwrap();
    let captured = requests
        .iter()
        .find(|request| request["path"].as_str().unwrap().ends_with("getmsgimg"))
        .unwrap();
    let request = call(ImageVariant::Original).request(&session("wx.qq.com")).unwrap();
    let accept =
        captured["headers"].as_array().unwrap().iter().find(|pair| pair[0] == "Accept").unwrap();
    assert_eq!(request.http().headers()["accept"], accept[1].as_str().unwrap());
}

fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: &'static [u8],
) -> Result<(ImageFormat, Bytes), ReplyError> {
    let mut reply = Response::builder().status(status);
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    GetMsgImg::read(&reply.body(Bytes::from_static(body)).unwrap())
}

#[test]
fn p19_p20_p21_an_image_or_a_named_failure() {
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
    let gif = answer(200, &[("content-type", "image/jpeg"), ("content-length", "14")], GIF);
    assert_eq!(gif, Ok((ImageFormat::Gif, Bytes::from_static(GIF))));
    assert_eq!(answer(200, &[("content-length", "0")], b""), Err(ReplyError::Empty));
    let html = answer(200, &[("content-type", "image/jpeg"), ("content-length", "7")], b" <html>");
    assert_eq!(html, Err(ReplyError::Html));
    assert_eq!(answer(200, &[("content-length", "9")], b"{\"Ret\":1}"), Err(ReplyError::Json));
    let verdict = answer(200, &[("content-length", "28")], b"{\"BaseResponse\":{\"Ret\":-14}}");
    assert!(
        matches!(verdict, Err(ReplyError::Refused { ret: crate::model::ret::Ret(-14), .. })),
        "{verdict:?}"
    );
    let unknown = ReplyError::NotAnImage { first: FirstBytes::new(b"hello") };
    assert_eq!(answer(200, &[("content-length", "5")], b"hello"), Err(unknown));
    for status in [204, 205, 206, 304, 404, 429] {
        let refused = answer(status, &[("content-length", "14")], GIF);
        assert_eq!(refused, Err(ReplyError::Status(status)));
    }
    let truncated = ReplyError::Truncated { expected: Some(20), got: 14 };
    assert_eq!(answer(200, &[("content-length", "20")], GIF), Err(truncated));
    assert_eq!(answer(200, &[], GIF), Err(ReplyError::NoLength));
    let limit = 32 * 1024 * 1024;
    assert_eq!(
        answer(200, &[("content-length", "33554433")], GIF),
        Err(ReplyError::TooLarge { limit })
    );
}

#[test]
fn p20_the_end_of_an_image_in_chunks_is_detected_by_the_client() {
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
    let complete = Ok((ImageFormat::Gif, Bytes::from_static(GIF)));
    for chunked in ["chunked", "Chunked", " chunked "] {
        assert_eq!(answer(200, &[("transfer-encoding", chunked)], GIF), complete, "{chunked}");
    }
    // If there is a length nevertheless, it must be correct.
    let both = |len| answer(200, &[("transfer-encoding", "chunked"), ("content-length", len)], GIF);
    assert_eq!(both("14"), complete);
    assert_eq!(both("15"), Err(ReplyError::Truncated { expected: Some(15), got: 14 }));
    let two_encodings = [("transfer-encoding", "chunked"), ("transfer-encoding", "gzip")];
    assert_eq!(answer(200, &two_encodings, GIF), Err(ReplyError::NoLength));
    for other in ["identity", "gzip", "gzip, chunked", "chunked, gzip", ""] {
        assert_eq!(
            answer(200, &[("transfer-encoding", other)], GIF),
            Err(ReplyError::NoLength),
            "{other}"
        );
    }
    assert_eq!(answer(200, &[("transfer-encoding", "chunked")], b""), Err(ReplyError::Empty));
}
