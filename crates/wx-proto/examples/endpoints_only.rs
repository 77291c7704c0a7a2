//! Sends and fetches an image with endpoints alone: without flows, without retries, and with any
//! HTTP client.
//!
//! `cargo run -p wx-proto --example endpoints_only`: sends an image to the emulator and fetches it
//! back.
// The program performs I/O, unlike the core.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types)]

use std::error::Error;
use std::time::SystemTime;

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::upload_media::{CHUNK, UploadMedia};
use wx_proto::{ErrorChain, IdSource, ImageVariant, Md5, Media, Recipient, Session, UnixMs};

/// Makes a call. Any HTTP client that uses the types of the `http` crate is suitable. Its
/// redirects, status errors and proxies must be switched off.
fn call<E: Endpoint>(endpoint: &E, session: &Session) -> Result<E::Reply, Box<dyn Error>> {
    let (head, body) = endpoint.request(session)?.into_http().into_parts();
    let agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let request = wx_proto::http::Request::from_parts(head, body.to_vec());
    // Do not print the errors of HTTP clients, because they may show the URL, which contains the
    // skey.
    let mut reply = ureq::Agent::from(agent).run(request).map_err(|_| "there was no reply")?;
    let bytes = reply.body_mut().read_to_vec().map_err(|_| "the reply was not complete")?;
    Ok(E::read(&reply.map(|_| Bytes::from(bytes)))?)
}

fn main() {
    if let Err(error) = send_and_fetch() {
        println!("{}", ErrorChain(&*error));
        std::process::exit(1);
    }
}

fn send_and_fetch() -> Result<(), Box<dyn Error>> {
    let server = wx_emulator::Emulator::start()?;
    let session = Session::from_json_allow_loopback(server.session_json())?;
    let to = Recipient::new(server.friend())?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let seed =
        IdSource::process().seed(UnixMs::EPOCH.saturating_add(now), now.as_nanos().to_le_bytes());

    let bytes = Bytes::from_static(include_bytes!("../tests/pictures/tiny.jpg"));
    let image = Media::new("tiny.jpg", bytes.len() as u64, &bytes)?;
    let upload = UploadMedia::new(image, Md5::digest(&bytes), to.clone(), seed);
    let mut last = None;
    for index in 0..upload.chunks() {
        let start = index as usize * CHUNK as usize;
        let chunk = bytes.slice(start..bytes.len().min(start + CHUNK as usize));
        last = Some(call(&upload.chunk(index, chunk), &session)?);
    }
    let media_id = last.ok_or("an image has at least one chunk")?.media_id()?;
    let receipt = call(&SendMsg::image(media_id, to, seed), &session)?;
    println!("sent as message {}", receipt.msg_id);

    let (format, back) =
        call(&GetMsgImg::new(receipt.msg_id, ImageVariant::Original, seed), &session)?;
    println!("fetched {} bytes of {format}, equal: {}", back.len(), back == bytes);
    assert_eq!(back, bytes);
    Ok(())
}
