//! Arbitrary bytes as the reply to any call. No reply causes a panic, and no MediaId or MsgID is
//! read from a refusal.

use wx_proto::Policy;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::upload_media::UploadChunk;
use wx_proto::http::Response;

/// The first byte selects the status and headers, and the rest is the body.
pub fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 206, 302, 404, 500, 503][usize::from(choice & 7) % 6];
    let mut reply = Response::builder().status(status);
    if choice & 8 != 0 {
        reply = reply.header("content-length", body.len());
    }
    if choice & 16 != 0 {
        reply = reply.header("content-encoding", "gzip");
    }
    let reply = reply.body(Bytes::copy_from_slice(body)).unwrap();
    // The Ret as an independent parser reads it.
    let refused = serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|json| json["BaseResponse"]["Ret"].as_i64().is_some_and(|ret| ret != 0));

    let _policy = Policy::default();
    let accepted = UploadChunk::read(&reply);
    let checked = CheckUpload::read(&reply);
    let sent = SendMsg::read(&reply);
    if refused && choice & 16 == 0 {
        assert!(
            accepted.is_err() && checked.is_err() && sent.is_err(),
            "a refusal counted as success"
        );
    }
    if let Ok((format, bytes)) = GetMsgImg::read(&reply) {
        assert_eq!(wx_proto::ImageFormat::from_first_bytes(&bytes), Some(format));
    }
}
