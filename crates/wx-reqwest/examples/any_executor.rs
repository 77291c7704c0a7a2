//! Sends an image on an executor other than tokio: `Compat` provides a tokio runtime for the
//! sockets and timers.
//!
//! ```sh
//! cargo run -p wx-reqwest --example any_executor
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;

use async_compat::Compat;
use wx_emulator::Emulator;
use wx_reqwest::wx_proto::{ErrorChain, Outcome, Recipient, Session};
use wx_reqwest::{Client, Source};

async fn send() -> Result<(), Box<dyn Error>> {
    let server = Emulator::start()?;
    let session = Session::from_json_allow_loopback(server.session_json())?;
    let client = Client::new(session)?;
    let image = Source::bytes("tiny.png", include_bytes!("../tests/tiny.png").as_slice());
    match client.send_image(&Recipient::new(server.friend())?, image).await {
        Ok(sent) => {
            println!("sent message {}", sent.msg_id)
        }
        Err(error) if error.outcome() == Outcome::NotSent => {
            return Err(format!("not sent: {}; {}", error.chain(), error.advice()).into());
        }
        Err(error) => {
            return Err(format!("possibly sent: {}; {}", error.chain(), error.advice()).into());
        }
    }
    Ok(())
}

fn main() {
    if let Err(error) = pollster::block_on(Compat::new(send())) {
        println!("{}", ErrorChain(&*error));
        std::process::exit(1);
    }
}
