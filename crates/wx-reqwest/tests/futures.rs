//! All futures are `Send`.

#![allow(clippy::unwrap_used)]

use async_compat::Compat;
use wx_emulator::Emulator;
use wx_proto::flow::SendMessage;
use wx_proto::{Attachment, IdSource, ImageVariant, MsgId, Policy, Recipient, Session, UnixMs};
use wx_reqwest::{CancelToken, Client, MediaIo, RunOptions, Sink, Source, drive};

const TINY: &[u8] = include_bytes!("tiny.png");

fn client(server: &Emulator) -> Client {
    Client::new(Session::from_json_allow_loopback(server.session_json()).unwrap()).unwrap()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn everything_is_send() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Client>();
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::file_helper());
    let (mut media, mut watch) = (Source::bytes("a", TINY), RunOptions::new());
    let about = pollster::block_on(media.media()).unwrap();
    let seed = IdSource::process().seed(UnixMs::new(1), [0; 16]);
    let mut flow =
        SendMessage::media(&client.session(), about, to.clone(), seed, Policy::default()).unwrap();
    drop(is_send(drive(client.http(), client.session_cell(), &mut media, &mut flow, &mut watch)));
    let uploaded =
        pollster::block_on(Compat::new(client.upload(&to, Source::bytes("a", TINY)).into_future()))
            .unwrap();
    let (id, size) = (MsgId::new("1").unwrap(), ImageVariant::Original);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let source = || Source::bytes("a", TINY);
    // The futures of all operations of a client, with and without options.
    let token = CancelToken::new();
    let send = client.send_image(&to, source()).progress(|_| ()).trace(|_| ()).cancel(&token);
    drop(is_send(send.into_future()));
    drop(is_send(client.upload(&to, source()).into_future()));
    drop(is_send(client.send_uploaded(&to, &uploaded).on_request(|_| ()).into_future()));
    let mut seen = 0;
    let fetch = client.fetch_image(&id, size, Sink::vec(&mut first)).progress(|_| seen += 1);
    drop(is_send(fetch.into_future()));
    drop(is_send(client.fetch_image(&id, size, Sink::writer(&mut second)).into_future()));
    drop(is_send(client.restore().into_future()));
    drop(is_send(client.contacts().into_future()));
    drop(is_send(client.logout().into_future()));
    drop(is_send(Client::login(client.session().site().clone()).show(|_| ()).into_future()));
    let mut messages = is_send(client.messages().progress(|_| ()).cancel(&token));
    drop(is_send(messages.next()));
    let image = Attachment::image(id.clone(), size);
    let mut media = is_send(client.fetch_stream(&image).progress(|_| ()).cancel(&token));
    drop(is_send(media.next()));
    // The futures of sources and sinks.
    let mut source = source();
    drop(is_send(source.media()));
    drop(is_send(MediaIo::read(&mut source, 0..1)));
    drop(is_send(Source::reader("a", TINY, 0, 1)));
    drop(is_send(Sink::path("a").finish()));
    drop(is_send(Source::path("a")));
}
