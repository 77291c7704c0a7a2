//! A login that lasts while messages are awaited, and copies of own messages.

use std::thread;
use std::time::Duration;

use wx_emulator::{Emulator, Profile};
use wx_proto::{Advice, Session};

use super::{Transport, friend, place, session, small};
use crate::life::short_waits;

/// Cookies expire in whole seconds.
const LIFETIME: Duration = Duration::from_secs(3);

pub(crate) fn p102_a_login_that_is_synced_in_time_outlives_its_cookies<T: Transport>() {
    for (every, outlives) in [(LIFETIME / 3, true), (Duration::MAX, false)] {
        let server = place::start(
            Emulator::builder().login_lifetime(LIFETIME).hold(Duration::from_millis(100)),
        );
        let mut policy = short_waits();
        policy.sync_every = every;
        let client = T::new(session(&server), policy, None);
        client.restore().unwrap();
        let mut saved = Vec::new();
        let batches = thread::scope(|scope| {
            let (server, client) = (&server, &client);
            scope.spawn(move || {
                thread::sleep(LIFETIME + LIFETIME / 2);
                server.deliver(small());
            });
            client.batches_and_syncs(1, |session| saved.push(session.clone()))
        });
        let synced = server.requests_to("webwxsync");
        let last = saved.last().map(Session::ends_at);
        if outlives {
            assert_eq!(batches[0].as_ref().map(Vec::len).ok(), Some(1), "{batches:?}");
            // One webwxsync per second, unless the computer is busy.
            assert!((2..=6).contains(&synced), "{synced}");
            // The last webwxsync returned the message, which is handled before the session is
            // saved.
            assert_eq!(saved.len(), synced - 1);
            assert!(last.is_some_and(|end| end.is_some() && end <= client.session().ends_at()));
            assert_eq!(server.violations(), [""; 0]);
        } else {
            assert_eq!(batches[0].as_ref().unwrap_err().advice(), Advice::LoginAgain);
            assert_eq!((synced, last), (0, None));
        }
    }
}

pub(crate) fn p97_copies_of_own_messages_are_dropped<T: Transport>() {
    for profile in [Profile::FileHelper, Profile::Web] {
        let server = place::start(Emulator::builder().profile(profile).echoes(true));
        let client = T::new(session(&server), short_waits(), None);
        let to = match profile {
            Profile::Web => friend(&server),
            _ => wx_proto::Recipient::file_helper(),
        };
        client.restore().unwrap();
        let sent = client.send(&to, small(), |_| {}).unwrap();
        let id = server.deliver(small());
        let batches = client.batches(1);
        let batch = batches[0].as_ref().unwrap();
        let ids: Vec<_> = batch.iter().map(|new| new.id.as_ref().unwrap().as_str()).collect();
        assert_eq!(ids, [id.as_str()]);
        assert!(server.incoming().contains(&sent.msg_id.to_string()), "the copy was delivered");
        assert_eq!(server.violations(), [""; 0]);
    }
}
