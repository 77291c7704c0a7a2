//! What gets into a program's log: nothing by this crate, and by reqwest what the README says.

#![allow(clippy::unwrap_used)]

#[path = "../../wx-ureq/tests/shared/canary.rs"]
mod canary;
#[path = "../../wx-ureq/tests/shared/logged.rs"]
mod logged;

use canary::{assert_none, private};
use logged::{Logged, roots};
use wx_emulator::Emulator;
use wx_proto::{ImageVariant, Recipient, Session};
use wx_reqwest::reqwest;
use wx_reqwest::{Client, Http, Sink, Source};

const FILE: &str = "holiday-2017.png";
const TINY: &[u8] = include_bytes!("tiny.png");

static LOGGED: Logged = Logged::new(&[]);

#[tokio::test]
async fn a_log_of_everything_shows_the_host_alone() {
    let server = Emulator::start().unwrap();
    LOGGED.install();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    // Verbose connections would log all that they carry.
    let brought = reqwest::Client::builder().connection_verbose(true);
    let http = Http::new(Some(brought), session.site()).unwrap();
    let client = Client::builder(session).http(&http).build().unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    let id = client.send_image(&to, Source::bytes(FILE, TINY)).await.unwrap().msg_id;
    client.fetch_image(&id, ImageVariant::Original, Sink::vec(&mut Vec::new())).await.unwrap();

    let lines = LOGGED.take();
    assert_none(&private(&server, FILE), &format!("{lines:?}"));
    assert_eq!(roots(&lines, |line| line.text.contains("127.0.0.1")), ["reqwest"]);
    assert_eq!(roots(&lines, |line| line.target.starts_with("wx_")), [""; 0]);
}
