//! Keys of an outbox that share an upload, or that are used again.

use std::collections::BTreeSet;
use std::thread;

use serde_json::Value;
use wx_client::outbox::Outbox;

use super::*;

/// Messages that share an upload and are sent at the same time upload it once.
pub(crate) fn messages_at_once_share_one_upload<T: Transport + Send + Sync>() {
    // The first to begin is still uploading when the others begin.
    let server = server(&["delay=200@webwxuploadmedia"]);
    let (client, outbox) = (client::<T>(&server), Outbox::in_memory());
    let to = |n: usize| Recipient::new([server.friend(), server.second_friend()][n % 2]).unwrap();
    let keys = ["one", "two", "three"];
    let planned = keys.iter().enumerate();
    let planned = planned.map(|(n, key)| ((*key).to_owned(), to(n), "picture".to_owned()));
    outbox.plan(Value::Null, planned).unwrap();
    thread::scope(|scope| {
        for (n, key) in keys.into_iter().enumerate() {
            let (outbox, twin) = (&outbox, client.twin());
            scope.spawn(move || twin.send_once(outbox, key, &to(n), large()).unwrap());
        }
    });
    assert_eq!(server.requests_to("webwxuploadmedia"), 3, "one upload of three chunks");
    let messages = server.messages();
    assert!(messages.len() == 3 && messages.iter().all(|message| message.picture == large()));
    let md5s: BTreeSet<_> = messages.into_iter().map(|message| message.md5).collect();
    assert_eq!(md5s.len(), 1);
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// If the upload fails, one of the messages that wait for it takes it up.
pub(crate) fn a_message_that_waits_for_an_upload_takes_it_over<T: Transport + Send + Sync>() {
    let server = server(&["delay=100@webwxuploadmedia#1", "ret=1205@webwxuploadmedia#3"]);
    let (client, outbox) = (client::<T>(&server), Outbox::in_memory());
    let friend = friend(&server);
    let planned = ["one", "two"].map(|key| (key.to_owned(), friend.clone(), "picture".to_owned()));
    outbox.plan(Value::Null, planned).unwrap();
    let sent: Vec<_> = thread::scope(|scope| {
        let both = ["one", "two"].map(|key| {
            let (outbox, twin, friend) = (&outbox, client.twin(), &friend);
            scope.spawn(move || twin.send_once(outbox, key, friend, large()))
        });
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1, "{sent:?}");
    assert_eq!(server.requests_to("webwxuploadmedia"), 4, "the last chunk twice");
    assert!(server.messages().iter().all(|message| message.picture == large()));
}
