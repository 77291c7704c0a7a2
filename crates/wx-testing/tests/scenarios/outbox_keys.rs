//! Keys of an outbox that share an upload, or that are used again.

use std::collections::BTreeSet;
use std::thread;

use serde_json::Value;
use wx_client::outbox::{MessageState, Outbox};
use wx_proto::{Advice, Outcome};

use super::*;

/// Concurrent messages that share an upload upload the file only once.
pub(crate) fn messages_at_once_share_one_upload<T: Transport + Send + Sync>() {
    // The first message is still uploading when the others begin.
    let server = server(&["delay=200@webwxuploadmedia"]);
    let (client, outbox) = (client::<T>(&server), Outbox::in_memory());
    let to = |n: usize| Recipient::new([server.friend(), server.second_friend()][n % 2]).unwrap();
    let keys = ["one", "two", "three"];
    let planned = keys.iter().enumerate();
    let planned = planned.map(|(n, key)| ((*key).to_owned(), to(n), "image".to_owned()));
    outbox.plan(Value::Null, planned).unwrap();
    thread::scope(|scope| {
        for (n, key) in keys.into_iter().enumerate() {
            let (outbox, twin) = (&outbox, client.clone_client());
            scope.spawn(move || twin.send_once(outbox, key, &to(n), large()).unwrap());
        }
    });
    assert_eq!(server.requests_to("webwxuploadmedia"), 3, "one upload of three chunks");
    let messages = server.messages();
    assert!(messages.len() == 3 && messages.iter().all(|message| message.media == large()));
    let md5s: BTreeSet<_> = messages.into_iter().map(|message| message.md5).collect();
    assert_eq!(md5s.len(), 1);
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// If the upload fails, one of the waiting messages continues it.
pub(crate) fn a_message_that_waits_for_an_upload_takes_it_over<T: Transport + Send + Sync>() {
    let server = server(&["delay=100@webwxuploadmedia#1", "ret=1205@webwxuploadmedia#3"]);
    let (client, outbox) = (client::<T>(&server), Outbox::in_memory());
    let friend = friend(&server);
    let planned = ["one", "two"].map(|key| (key.to_owned(), friend.clone(), "image".to_owned()));
    outbox.plan(Value::Null, planned).unwrap();
    let sent: Vec<_> = thread::scope(|scope| {
        let both = ["one", "two"].map(|key| {
            let (outbox, twin, friend) = (&outbox, client.clone_client(), &friend);
            scope.spawn(move || twin.send_once(outbox, key, friend, large()))
        });
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1, "{sent:?}");
    assert_eq!(server.requests_to("webwxuploadmedia"), 4, "the last chunk was sent twice");
    assert!(server.messages().iter().all(|message| message.media == large()));
}

/// Returns another image of the same length, and one of another length.
fn others() -> [Vec<u8>; 2] {
    let mut flipped = large();
    *flipped.last_mut().unwrap() ^= 1;
    [flipped, small()]
}

/// A key belongs to the message that was sent with it, in this process and in later ones.
pub(crate) fn a_sent_key_accepts_no_other_image<T: Transport>() {
    let (server, record) = (server(&[]), outbox::Record::default());
    let (friend, client) = (friend(&server), client::<T>(&server));
    let open = || Outbox::with_storage(record.again()).unwrap();
    let sent = client.send_once(&open(), "invoice 17", &friend, large()).unwrap();
    let requests = server.requests().len();
    let [flipped, shorter] = others();
    let used = format!(
        "the key \"invoice 17\" belongs to the image \"a.jpg\" of {} bytes (MD5 {}), which was \
         sent as message {}; the image \"a.jpg\" of ",
        sent.uploaded.as_ref().unwrap().bytes,
        sent.uploaded.as_ref().unwrap().md5,
        sent.msg_id
    );
    let md5 = wx_proto::Md5::digest(&flipped);
    for (other, given) in [
        (
            flipped,
            format!("{} bytes (MD5 {md5}) was not sent: ", sent.uploaded.as_ref().unwrap().bytes),
        ),
        (shorter, format!("{} bytes was not sent: ", small().len())),
    ] {
        let error = client.send_once(&open(), "invoice 17", &friend, other).unwrap_err();
        assert_eq!((error.outcome(), error.advice()), (Outcome::NotSent, Advice::CheckKey));
        assert_eq!(error.to_string(), format!("{used}{given}use a new key for it"));
    }
    assert_eq!(client.send_once(&open(), "invoice 17", &friend, large()).unwrap(), sent);
    assert_eq!(server.requests().len(), requests);
}

/// Once its upload is finished, a message either contains the uploaded image or is not sent.
pub(crate) fn an_uploaded_key_accepts_no_other_image<T: Transport>() {
    let server = server(&["ret=1@webwxsendmsgimg#1", "empty@webwxsendmsgimg#3"]);
    let friend = friend(&server);
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session(&server), policy, None);
    let outbox = Outbox::in_memory();
    for (key, outcome) in [("refused", Outcome::NotSent), ("in doubt", Outcome::Unknown)] {
        let error = client.send_once(&outbox, key, &friend, large()).unwrap_err();
        assert_eq!(error.outcome(), outcome, "{error}");
        let requests = server.requests().len();
        for other in others() {
            let error = client.send_once(&outbox, key, &friend, other).unwrap_err();
            assert_eq!(error.outcome(), outcome, "{error}");
            let reported = error.chain().to_string();
            let belongs = format!("the key {key:?} belongs to the image \"a.jpg\" of ");
            assert!(
                reported.contains(&belongs) && reported.contains("use a new key for it"),
                "{reported}"
            );
        }
        assert_eq!(server.requests().len(), requests);
        client.send_once(&outbox, key, &friend, large()).unwrap();
    }
}

/// An error and the record agree about a message, both in this run and in the next.
pub(crate) fn an_error_says_what_the_record_says<T: Transport>() {
    const CALL: &str = "webwxsendmsgimg";
    let faults = ["ret=1", "ret=1101", "status=503", "empty", "drop=before", "drop=after"];
    let mut seen = BTreeSet::new();
    for (first, second) in faults.iter().flat_map(|first| faults.map(|second| (first, second))) {
        for tries in [1, 2] {
            let server = server(&[&format!("{first}@{CALL}#1")]);
            let friend = friend(&server);
            let mut policy = policy();
            policy.message_tries = tries;
            let client = T::new(session(&server), policy, None);
            let outbox = Outbox::in_memory();
            for run in 0..3 {
                let result = client.send_once(&outbox, "key", &friend, small());
                let reported = match &result {
                    Ok(sent) => MessageState::Sent(sent.msg_id.clone()),
                    Err(error) if error.outcome() == Outcome::Unknown => MessageState::InDoubt,
                    Err(_) => MessageState::NotSent,
                };
                let words = format!("{first} {second} {tries} {run}: {result:?}");
                assert_eq!(outbox.state("key"), Some(reported.clone()), "{words}");
                seen.insert(format!("{run} {}", &format!("{reported:?}")[..4]));
                let next = server.requests_to(CALL) + 1;
                server.add_fault(format!("{second}@{CALL}#{next}").parse().unwrap());
            }
            assert!(server.messages().len() <= 1);
        }
    }
    assert!(seen.len() >= 7, "{seen:?}");
}

/// A refusal that cannot be recorded leaves the message in doubt. The error says so, because the
/// next run would treat it the same way.
pub(crate) fn a_refusal_that_is_not_on_record_is_not_reported<T: Transport>() {
    let mut reported = BTreeSet::new();
    for call in 1.. {
        let server = server(&["ret=1@webwxsendmsgimg"]);
        let (friend, client) = (friend(&server), client::<T>(&server));
        let fault = outbox::Fault { call, once: true, kind: outbox::WriteFault::Half };
        let record = outbox::Record::with_content(Vec::new(), fault);
        let Ok(outbox) = Outbox::with_storage(record.clone()) else { continue };
        let error = client.send_once(&outbox, "key", &friend, small()).unwrap_err();
        let is_in_doubt = outbox.state("key") == Some(MessageState::InDoubt);
        assert_eq!(error.outcome() == Outcome::Unknown, is_in_doubt, "{call}: {error:?}");
        drop(outbox);
        let has_failed = record.has_failed();
        let next = Outbox::with_storage(record.again()).unwrap();
        let stays = next.state("key") == Some(MessageState::InDoubt);
        assert_eq!(stays, is_in_doubt, "{call}: {error:?}");
        reported.insert(is_in_doubt);
        if !has_failed {
            break;
        }
    }
    assert_eq!(reported.len(), 2);
}
