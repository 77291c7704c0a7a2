//! Log output of a program: this crate logs nothing, and ureq logs what the README lists.

#![allow(clippy::unwrap_used)]

use log::Level;
use wx_emulator::Emulator;
use wx_proto::{ImageVariant, Recipient, Session};
use wx_testing::canary::{assert_none, private, secrets};
use wx_testing::log_lines::{Line, LogLines, roots};
use wx_testing::samples::TINY_PNG;
use wx_ureq::{Client, Sink, Source};

const FILE: &str = "holiday-2017.png";

static LOG: LogLines = LogLines::new(&["ureq", "ureq_proto"]);

/// Sends an image and fetches it. Returns the logged lines.
fn exchange(server: &Emulator) -> Vec<Line> {
    let client =
        Client::new(Session::from_json_allow_loopback(server.session_json()).unwrap()).unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    let id = client.send_image(&to, Source::bytes(FILE, TINY_PNG)).run().unwrap().msg_id;
    client.fetch_image(&id, ImageVariant::Original, Sink::vec(&mut Vec::new())).run().unwrap();
    LOG.take()
}

/// A single test, because a process has only one logger.
#[test]
fn a_log_without_the_traces_of_ureq_shows_hosts_alone() {
    let server = Emulator::start().unwrap();
    LOG.install();
    let mut lines = exchange(&server);
    // ureq-proto dumps 16 bytes per line: 40 hexadecimal characters, a space, and the text.
    let is_dump = |line: &Line| line.target == "ureq_proto::util" && line.level == Level::Trace;
    let dump: String =
        lines.iter().filter(|line| is_dump(line)).filter_map(|line| line.text.get(41..)).collect();
    lines.push(Line { target: "ureq_proto".to_owned(), level: Level::Trace, text: dump });
    let leaks =
        |values: &[String], line: &Line| values.iter().any(|value| line.text.contains(value));
    let (secrets, others) = (secrets(&server), private(&server, FILE));
    assert_eq!(roots(&lines, |line| leaks(&secrets, line)), ["ureq", "ureq_proto"]);
    assert_eq!(roots(&lines, |line| leaks(&others, line)), ["ureq", "ureq_proto"]);
    assert!(
        lines.iter().any(|line| line.level == Level::Debug && leaks(&secrets, line)),
        "URLs at debug"
    );
    assert_eq!(roots(&lines, |line| line.target.starts_with("wx_")), [""; 0]);

    LOG.cap();
    let server = Emulator::start().unwrap();
    let lines = exchange(&server);
    assert_none(&private(&server, FILE), &format!("{lines:?}"));
    let address = server.addr().to_string();
    assert_eq!(roots(&lines, |line| line.text.contains(&address)), ["ureq"]);
}
