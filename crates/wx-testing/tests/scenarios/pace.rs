//! The pace of uploads.

use std::time::{Duration, Instant};

use wx_proto::ImageVariant;

use super::{FetchInto, Transport, friend, quiet, server, session, small};

pub(crate) fn images_keep_their_distance<T: Transport>() {
    const PACE: Duration = Duration::from_millis(300);
    const SLOW: Duration = Duration::from_millis(300);
    let server = server(&["delay=300@webwxsendmsgimg#1"]);
    let client = T::paced(session(&server), PACE);
    let began = Instant::now();
    client.send(&friend(&server), small(), quiet).unwrap();
    // A clone shares the pace with the original client, and an upload counts as an image.
    client.clone_client().upload(&friend(&server), small()).unwrap();
    assert!(began.elapsed() >= SLOW + PACE, "{:?}", began.elapsed());
    client.send(&friend(&server), small(), quiet).unwrap();
    assert!(began.elapsed() >= SLOW + 2 * PACE, "{:?}", began.elapsed());
    assert_eq!(server.requests_to("webwxuploadmedia"), 3);
}

pub(crate) fn only_images_to_be_uploaded_keep_their_distance<T: Transport>() {
    const PACE: Duration = Duration::from_secs(60);
    let server = server(&[]);
    let client = T::paced(session(&server), PACE);
    let began = Instant::now();
    // The first image does not wait.
    let uploaded = client.upload(&friend(&server), small()).unwrap();
    let id = client.send_uploaded(&friend(&server), &uploaded).unwrap().msg_id;
    client.send_uploaded(&friend(&server), &uploaded).unwrap();
    client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap();
    assert!(began.elapsed() < PACE);
}
