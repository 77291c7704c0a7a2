//! A dropped read of a stream loses no bytes.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::task::{spawn_blocking, yield_now};
use tokio_util::io::StreamReader;
use wx_emulator::Emulator;
use wx_proto::{Attachment, Error, ImageVariant, MsgId, Session};
use wx_reqwest::{Client, Source};

use super::{image, policy, poll_times, start};

async fn sent_image(faults: &[&str]) -> (Emulator, Client, Attachment) {
    let (server, client, to) = start(faults);
    let sent = client.send(&to, Source::bytes("a.png", image())).await.unwrap();
    let image = Attachment::image(sent.msg_id, ImageVariant::Original);
    (server, client, image)
}

#[tokio::test]
async fn a_read_dropped_at_each_of_its_awaits_loses_and_repeats_no_byte() {
    let (server, client, attachment) = sent_image(&["trickle=100000@webwxgetmsgimg"]).await;
    let (mut media, mut bytes, mut dropped) = (client.fetch_stream(&attachment), Vec::new(), 0);
    loop {
        match poll_times(media.next(), 1).await {
            Some(Some(piece)) => bytes.extend_from_slice(&piece.unwrap()),
            Some(None) => break,
            None => {
                dropped += 1;
                yield_now().await;
            }
        }
    }
    assert!(bytes == image(), "other bytes");
    assert!(dropped > 10, "only {dropped} futures were dropped");
    assert_eq!(media.fetched().unwrap().bytes, bytes.len() as u64);
    assert_eq!(server.requests_to("webwxgetmsgimg"), 1);
}

#[tokio::test]
async fn a_reader_of_a_stream_ends_in_the_error_of_the_stream() {
    for (faults, is_whole) in [(&[][..], true), (&["cut=500000@webwxgetmsgimg"], false)] {
        let (_server, client, attachment) = sent_image(faults).await;
        let mut media = StreamReader::new(client.fetch_stream(&attachment));
        let mut bytes = Vec::new();
        let read: io::Result<usize> = media.read_to_end(&mut bytes).await;
        match read {
            Ok(len) => assert!(is_whole && len == bytes.len() && bytes == image()),
            Err(error) => {
                assert!(!is_whole && bytes[..] == image()[..bytes.len()]);
                let error: Error = error.downcast().unwrap();
                assert!(error.is_retryable(), "{error:?}");
            }
        }
        assert_eq!(media.get_ref().fetched().is_some(), is_whole);
    }
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Sends half of an image, and returns whether the client closes the connection after that.
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.read_exact(&mut [0; 100]).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", image().len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&image()[..image().len() / 2]).unwrap();
        let end = io::copy(&mut stream, &mut io::sink());
        !matches!(end, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    });
    let template = Emulator::start().unwrap();
    let json = template.session_json().replace(&template.addr().to_string(), &address);
    let session = Session::from_json_allow_loopback(json).unwrap();
    let client = Client::builder(session).policy(policy()).build().unwrap();
    let id = MsgId::new("7").unwrap();
    let mut media = client.fetch_stream(&Attachment::image(id, ImageVariant::Original));
    media.next().await.unwrap().unwrap();
    assert!(!server.is_finished());
    drop(media);
    assert!(spawn_blocking(|| server.join().unwrap()).await.unwrap(), "it is still open");
}
