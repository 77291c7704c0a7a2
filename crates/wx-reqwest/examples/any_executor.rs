//! The same under an executor that is not tokio's: `Compat` lends the future a tokio runtime for its sockets and timers.
//!
//! ```sh
//! cargo run -p wx-reqwest --example any_executor
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;

use async_compat::Compat;
use wx_emulator::Emulator;
use wx_reqwest::wx_proto::{Recipient, Session};
use wx_reqwest::{Client, Source};

async fn send(server: &Emulator) -> Result<(), Box<dyn Error>> {
    let session = Session::from_json_allow_loopback(server.session_json())?;
    let client = Client::new(session)?;
    let picture = Source::bytes("tiny.png", include_bytes!("../tests/tiny.png").as_slice());
    let sent = client.send_image(&Recipient::new(server.friend())?, picture).await?;
    println!("sent {} as message {}", sent.uploaded.md5, sent.msg_id);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Emulator::start()?;
    pollster::block_on(Compat::new(send(&server)))
}
