//! Names and texts with bytes that are not valid JSON.

use std::time::Duration;

use wx_emulator::{Emulator, Incoming};

use super::{FetchInto, LoginFrom, Transport, friend, place, policy, quiet, session, small};

/// Invalid bytes in names and texts of other people do not stop logins, lists or messages.
pub(crate) fn odd_bytes_of_strangers_stop_nothing<T: Transport>() {
    for odd in ["utf8", "surrogate", "control", "around"] {
        let builder = Emulator::builder().contact("Anna", "").image(small());
        let calls =
            ["webwxinit", "webwxgetcontact", "webwxsync", "webwxsendmsgimg", "webwxuploadmedia"];
        // The replies of the last two hold no names.
        let calls = if odd == "around" { &calls[..] } else { &calls[..3] };
        let builder = calls.iter().fold(builder, |builder, call| {
            builder.fault(format!("odd-bytes={odd}@{call}").parse().unwrap())
        });
        let server = place::start(builder);
        server.deliver(Incoming::text("汉字"));
        let client = T::login(LoginFrom::Code(place::site(&server)), policy(), |_| ()).unwrap();

        let contacts = client.contacts().unwrap();
        assert!(
            contacts.iter().any(|contact| contact.user_name == *friend(&server).user_name()),
            "{odd}"
        );
        assert!(contacts.iter().any(|contact| contact.nick_name.starts_with("Anna")), "{odd}");
        let messages = client.batches(1).pop().unwrap().unwrap();
        let there: Vec<_> =
            messages.iter().map(|message| message.id.as_ref().unwrap().to_string()).collect();
        assert_eq!(there, server.incoming(), "{odd}");
        let replaced = match odd {
            "around" => "",
            "control" => "\u{fffd}\n",
            _ => "\u{fffd}",
        };
        assert_eq!(messages[1].content, format!("汉字{replaced}"), "{odd}");
        let mut bytes = Vec::new();
        let attachment = messages[0].attachment().unwrap();
        client.fetch_attachment(&attachment, FetchInto::Vec(&mut bytes)).unwrap();
        assert!(bytes == small(), "{odd}");
        client.send(&friend(&server), small(), quiet).unwrap();
        assert_eq!(server.messages().len(), 1, "{odd}");
    }
}

/// An element with a damaged id is skipped without affecting others, even if it is alone in its
/// batch.
pub(crate) fn a_damaged_id_costs_its_element_alone<T: Transport>() {
    let builder = Emulator::builder().hold(Duration::from_millis(50));
    let builder =
        ["odd-bytes=id@webwxsync#1", "odd-bytes=id@webwxsync#2", "odd-bytes=id@webwxgetcontact"]
            .iter()
            .fold(builder, |builder, fault| builder.fault(fault.parse().unwrap()));
    let server = place::start(builder);
    let client = T::new(session(&server), policy(), None);
    client.restore().unwrap();
    let next = || -> Vec<_> {
        let batch = client.batches(1).pop().unwrap().unwrap();
        batch.iter().map(|message| message.id.as_ref().unwrap().to_string()).collect()
    };
    server.deliver(small());
    let second = server.deliver(small());
    assert_eq!(next(), [second]);
    // The third message is alone in its batch, and only this message is lost.
    server.deliver(small());
    assert_eq!(next(), [""; 0]);
    let fourth = server.deliver(small());
    assert_eq!(next(), [fourth]);
    let contacts = client.contacts().unwrap();
    assert!(
        !contacts.is_empty()
            && contacts.iter().all(|it| !it.user_name.as_str().contains('\u{fffd}'))
    );
}
