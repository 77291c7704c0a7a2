//! Log output of a program: this crate logs nothing, and reqwest logs what the README lists.

#![allow(clippy::unwrap_used)]

use wx_emulator::Emulator;
use wx_proto::{ImageVariant, Recipient, Session};
use wx_reqwest::reqwest;
use wx_reqwest::{Client, Http, Sink, Source};
use wx_testing::canary::{assert_none, private};
use wx_testing::log_lines::{LogLines, roots};
use wx_testing::samples::TINY_PNG;

const FILE: &str = "holiday-2017.png";

static LOG: LogLines = LogLines::new(&[]);

#[tokio::test]
async fn a_log_of_everything_shows_the_host_alone() {
    let server = Emulator::start().unwrap();
    LOG.install();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    // Verbose connections would log everything that they transfer.
    let brought = reqwest::Client::builder().connection_verbose(true);
    let http = Http::new(Some(brought), session.site()).unwrap();
    let client = Client::builder(session).http(&http).build().unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    let id = client.send_image(&to, Source::bytes(FILE, TINY_PNG)).await.unwrap().msg_id;
    client.fetch_image(&id, ImageVariant::Original, Sink::vec(&mut Vec::new())).await.unwrap();

    let lines = LOG.take();
    assert_none(&private(&server, FILE), &format!("{lines:?}"));
    assert_eq!(roots(&lines, |line| line.text.contains("127.0.0.1")), ["reqwest"]);
    assert_eq!(roots(&lines, |line| line.target.starts_with("wx_")), [""; 0]);
}
