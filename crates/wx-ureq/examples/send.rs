//! Sends an image and fetches it back, without an account: the server is an emulator on the
//! loopback address.
//!
//! ```sh
//! cargo run -p wx-ureq --example send [IMAGE]
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;

use wx_emulator::Emulator;
use wx_ureq::wx_proto::{ErrorChain, ImageVariant, Outcome, Recipient, Session};
use wx_ureq::{Client, Sink, Source};

fn main() {
    if let Err(error) = send() {
        println!("{}", ErrorChain(&*error));
        std::process::exit(1);
    }
}

fn send() -> Result<(), Box<dyn Error>> {
    let server = Emulator::start()?;
    // With an account: SessionFile::read("session.json")?
    let session = Session::from_json_allow_loopback(server.session_json())?;
    let client = Client::new(session)?;

    let to = Recipient::new(server.friend())?;
    let image = match std::env::args_os().nth(1) {
        Some(path) => Source::path(path)?,
        None => Source::bytes("tiny.png", include_bytes!("../tests/tiny.png").as_slice()),
    };
    let sending = client
        .send_image(&to, image)
        .progress(|now| println!("{}: {} bytes", now.step.name(), now.done));
    let sent = match sending.run() {
        Ok(sent) => sent,
        Err(error) if error.outcome() == Outcome::NotSent => {
            return Err(format!("not sent: {}; {}", error.chain(), error.advice()).into());
        }
        Err(error) => {
            return Err(format!("possibly sent: {}; {}", error.chain(), error.advice()).into());
        }
    };
    println!("sent message {}", sent.msg_id);

    let mut bytes = Vec::new();
    let fetched =
        client.fetch_image(&sent.msg_id, ImageVariant::Original, Sink::vec(&mut bytes)).run()?;
    println!("fetched {}, {} bytes", fetched.md5, bytes.len());
    assert_eq!(Some(fetched.md5), sent.uploaded.map(|uploaded| uploaded.md5));
    Ok(())
}
