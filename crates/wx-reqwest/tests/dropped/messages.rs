//! A dropped wait loses no messages.

use std::time::Duration;

use wx_emulator::Emulator;
use wx_proto::Session;
use wx_reqwest::Client;

use super::{ENOUGH, image, policy, poll_times};

/// Replies in pieces, and three incoming images.
fn server_with_images() -> (Emulator, Client) {
    let builder = (0..3).fold(Emulator::builder(), |builder, _| builder.image(image()));
    let fault = |text: &str| text.parse().unwrap();
    let server =
        builder.fault(fault("trickle=300@webwxsync")).fault(fault("trickle=10@synccheck")).start();
    let server = server.unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::builder(session).policy(policy()).build().unwrap();
    (server, client)
}

#[tokio::test]
async fn a_wait_for_messages_dropped_at_any_await_loses_none() {
    // Once with the same `Messages`, and once with new ones each time.
    for is_new in [false, true] {
        for polls in 1..ENOUGH {
            let (server, client) = server_with_images();
            let mut messages = client.messages();
            let early = poll_times(messages.next(), polls).await;
            let was_last = early.is_some();
            if is_new {
                messages = client.messages();
            }
            let batch = match early {
                Some(batch) => batch,
                None => messages.next().await,
            };
            let ids: Vec<_> = batch
                .unwrap()
                .unwrap()
                .iter()
                .map(|message| message.id.as_ref().unwrap().to_string())
                .collect();
            assert_eq!(ids, server.incoming(), "dropped after {polls} polls");
            // No message arrives twice: a short wait receives nothing more.
            if was_last {
                let more = tokio::time::timeout(Duration::from_millis(100), messages.next()).await;
                assert!(more.is_err(), "{more:?}");
                assert!(polls > 10, "only {polls} awaits");
                break;
            }
        }
    }
}
