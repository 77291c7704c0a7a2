//! Avatars of people, rooms, members and strangers.

use wx_emulator::{Emulator, Incoming};
use wx_proto::{Advice, Avatar, UserName};

use super::{
    FetchInto, Transport, UNREACHABLE, assert_secret_free, client, place, policy, server, session,
    small,
};

const STRANGER: &str = "@57a4";

pub(crate) fn p86_avatars_arrive_byte_for_byte<T: Transport>() {
    let builder = Emulator::builder().contact("Anna", "").room_of_contacts("Contacts");
    let server = place::start(builder.room("Room", ["Bob"]));
    let client: T = client(&server);
    let anna = server.contact("Anna").unwrap();
    let seq_of = |user_name: &str| {
        let contacts = client.contacts().unwrap();
        let contact = contacts.iter().find(|it| it.user_name.as_str() == user_name).unwrap();
        (contact.avatar().seq(), contact.avatar())
    };
    let (seq, old) = seq_of(anna);
    server.set_avatar(anna, Some(small().into()));
    let (next, anna_now) = seq_of(anna);
    assert!(seq < next && seq.is_some(), "{seq:?} {next:?}");

    let rooms = client.rooms(None).unwrap();
    let room = rooms.rooms.iter().find(|room| room.nick_name == "Room").unwrap();
    let details = room.room.as_ref().unwrap();
    let bob = &details.members[1];
    server.deliver(Incoming::friend_request(STRANGER, "Carl", "I am Carl"));
    let request = client.batches(1).pop().unwrap().unwrap().pop().unwrap();
    let me = client.session().user_name().unwrap().clone();
    let dir = tempfile::tempdir().unwrap();
    for avatar in [
        anna_now,
        old,
        Avatar::new(UserName::new(anna).unwrap()),
        Avatar::new(me),
        room.avatar(),
        details.avatar(bob),
        request.avatar().unwrap(),
    ] {
        let path = dir.path().join("avatar.jpg");
        let saved = serde_json::to_string(&avatar).unwrap();
        let avatar: Avatar = serde_json::from_str(&saved).unwrap();
        let fetched = client.fetch_avatar(&avatar, FetchInto::Path(path.clone())).unwrap();
        let expected = server.avatar(avatar.user_name().as_str()).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "other bytes");
        assert_eq!(fetched.unwrap().bytes, expected.len() as u64);
        std::fs::remove_file(path).unwrap();
    }

    server.set_avatar(bob.user_name.as_str(), None);
    let bob = details.avatar(bob);
    let (path, mut vec) = (dir.path().join("none.jpg"), b"from before".to_vec());
    let mut written = Vec::new();
    assert!(client.fetch_avatar(&bob, FetchInto::Path(path)).unwrap().is_none());
    assert!(client.fetch_avatar(&bob, FetchInto::Vec(&mut vec)).unwrap().is_none());
    assert!(client.fetch_avatar(&bob, FetchInto::Writer(&mut written)).unwrap().is_none());
    assert_eq!((vec.len(), written.len()), (0, 0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(server.violations(), Vec::<String>::new());
}

pub(crate) fn p86_faults_while_fetching_avatars<T: Transport>() {
    for (fault, requests, end) in [
        ("drop=after@webwxgeticon#1", 2, Ok(true)),
        ("cut=200@webwxgeticon#1", 2, Ok(true)),
        ("chunked@webwxgeticon", 1, Ok(true)),
        ("empty@webwxgeticon", 1, Ok(false)),
        ("html@webwxgeticon", 1, Err(Advice::CheckProxy)),
        ("ret=1101@webwxgeticon", 1, Err(Advice::LoginAgain)),
        ("status=500@webwxgeticon", 1, Err(Advice::RetryLater)),
    ] {
        let server = server(&[fault]);
        let client = T::new(session(&server), policy(), Some(UNREACHABLE));
        let avatar = Avatar::new(UserName::new(server.friend()).unwrap());
        let mut got = Vec::new();
        let result = client.fetch_avatar(&avatar, FetchInto::Vec(&mut got));
        assert_eq!(server.requests_to("webwxgeticon"), requests, "{fault}");
        let seen = result.as_ref().map(Option::is_some).map_err(|error| error.advice());
        assert_eq!(seen, end, "{fault}");
        let expected = server.avatar(server.friend()).filter(|_| end == Ok(true));
        assert!(got == expected.unwrap_or_default(), "{fault}");
        result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
    }
}
